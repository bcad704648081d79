import { SystemError, UnsupportedError } from '../errors.ts'
import {
  IO_URING_OP_SUPPORTED,
  IORING_FEAT,
  IORING_OPS,
  IORING_REGISTER,
  IORING_SETUP,
} from '../libc/constants/io-uring.ts'
import { layouts } from '../libc/layouts.ts'
import type { Libc } from '../libc/libc.ts'
import { Memory } from '../libc/memory.ts'
import { Ring } from '../libc/ring.ts'
import { rawSyscall } from '../libc/syscall.ts'
import type { RingReport } from './report.ts'

type SetupFlag = keyof typeof IORING_SETUP

/** Flags that the kernel takes only together with others. */
const companions: Readonly<Partial<Record<SetupFlag, number>>> = {
  SQ_AFF: IORING_SETUP.SQPOLL,
  TASKRUN_FLAG: IORING_SETUP.COOP_TASKRUN,
  DEFER_TASKRUN: IORING_SETUP.SINGLE_ISSUER,
  REGISTERED_FD_ONLY: IORING_SETUP.NO_MMAP,
  HYBRID_IOPOLL: IORING_SETUP.IOPOLL,
}

const ENTRIES = 2
/** As many as a kernel may ever have: an operation is a byte. */
const MOST_OPERATIONS = 256

/**
 * What the kernel says of its io_uring: operations by IORING_REGISTER_PROBE, features by io_uring_setup, and setup
 * flags by trying each. Null where no ring can be had. It closes rings, and each of them interrupts a wait later on.
 */
export function ringMatrix(libc: Libc): RingReport | null {
  try {
    using ring = new Ring(libc, ENTRIES)
    return {
      operations: operationsOf(ring),
      setupFlags: setupFlagsOf(libc, ring.fd),
      features: named(IORING_FEAT, ring.features),
    }
  } catch (error) {
    if (error instanceof SystemError || error instanceof UnsupportedError) return null
    throw error
  }
}

/** Names that are not known here are numbers. Empty where the kernel cannot be asked (before Linux 5.6). */
function operationsOf(ring: Ring): RingReport['operations'] {
  const { io_uring_probe: head, io_uring_probe_op: entry } = layouts
  const memory = new Memory(head.size + MOST_OPERATIONS * entry.size)
  try {
    ring.register(IORING_REGISTER.PROBE, memory.address, MOST_OPERATIONS)
  } catch (error) {
    if (error instanceof SystemError) return { usable: [], missing: [] }
    throw error
  }
  const { view } = memory
  const known = view.getUint8(head.offsets.ops_len)
  const isUsable = (number: number): boolean =>
    number < known &&
    (view.getUint16(head.size + number * entry.size + entry.offsets.flags, true) & IO_URING_OP_SUPPORTED) !==
      0
  const all = Array.from({ length: Math.max(known, IORING_OPS.length) }, (_, number) => number)
  const names = (numbers: readonly number[]): string[] =>
    numbers.map((number) => IORING_OPS[number] ?? String(number))
  return {
    usable: names(all.filter(isUsable)),
    missing: names(all.filter((number) => !isUsable(number))),
  }
}

function setupFlagsOf(libc: Libc, other: number): RingReport['setupFlags'] {
  const names = Object.keys(IORING_SETUP) as SetupFlag[]
  const isKnown = (name: SetupFlag): boolean => {
    try {
      tryFlag(libc, name, other)
      return true
    } catch (error) {
      // Whoever asks for memory or a privilege has understood the flag.
      return error instanceof SystemError && error.code !== 'EINVAL'
    }
  }
  return { usable: names.filter(isKnown), missing: names.filter((name) => !isKnown(name)) }
}

function tryFlag(libc: Libc, name: SetupFlag, other: number): void {
  const { size, offsets } = layouts.io_uring_params
  const { view, address } = new Memory(size)
  view.setUint32(offsets.flags, IORING_SETUP[name] | (companions[name] ?? 0), true)
  view.setUint32(offsets.cq_entries, 2 * ENTRIES, true)
  view.setUint32(offsets.wq_fd, other, true)
  libc.fn.close(rawSyscall(libc, 'io_uring_setup', ENTRIES, address))
}

function named(bits: Readonly<Record<string, number>>, value: number): RingReport['features'] {
  const has = ([, bit]: readonly [string, number]): boolean => (value & bit) !== 0
  const names = (entries: readonly (readonly [string, number])[]): string[] => entries.map(([name]) => name)
  const all = Object.entries(bits)
  return { usable: names(all.filter(has)), missing: names(all.filter((entry) => !has(entry))) }
}
