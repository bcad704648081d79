import { readFileSync } from 'node:fs'
import { SystemError, UnsupportedError } from '../../errors.ts'
import { IORING_CQE_F_MORE } from '../../libc/constants/io-uring.ts'
import { POLL } from '../../libc/constants/linux.ts'
import { openSignal } from '../../libc/fd.ts'
import { errnoName } from '../../libc/libc.ts'
import type { Libc } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import { CqeWord } from '../../libc/ring.ts'
import type { Availability } from '../backend.ts'
import { awaitInterruption } from './interruption.ts'
import { PollRing } from './poll-ring.ts'
import type { RingKind } from './poll-ring.ts'
import { isShortOfLockedMemory, LOCKED_MEMORY_HINT } from './locked-memory.ts'

/**
 * Whether a ring can be had and polls: a harmless try, because gVisor's can be had and does not. One that a seccomp
 * filter kills for kills this process.
 */
export function availability(libc: Libc, kind: Partial<RingKind> = {}): Availability {
  if (!libc.has('syscall')) return { available: false, reason: 'libc has no syscall' }
  try {
    const problem = tryPoll(libc, kind)
    return problem === undefined ? { available: true } : { available: false, ...problem }
  } catch (error) {
    if (error instanceof UnsupportedError) return { available: false, reason: error.reason }
    if (!(error instanceof SystemError)) throw error
    const { syscall, code } = error
    return { available: false, reason: `${syscall} failed with ${code}${hintAt(error)}`, errno: code }
  }
}

type Problem = Omit<Extract<Availability, { available: false }>, 'available'>

const broken = (reason: string): Problem => ({ reason, broken: true })

/** The multishot form (Linux 5.13) is the younger one, and what is wrong with polls is wrong with it, too. */
function tryPoll(libc: Libc, kind: Partial<RingKind>): Problem | undefined {
  const ends = openSignal(libc)
  const [source, signal] = ends
  let ring: PollRing | undefined
  try {
    const word = new Memory(8)
    word.view.setBigUint64(0, 1n, true)
    libc.fn.write(signal.fd, word.address, 8)
    ring = new PollRing(libc, { shared: false, sqpoll: false, ...kind })
    if (!ring.takesAnyFd)
      return { reason: 'its kernel thread takes registered descriptors only, before Linux 5.11' }
    ring.pushPoll(source.fd, POLL.IN, true, 1)
    ring.enter(0, null)
    if (ring.count() === 0) return broken('a poll of a ready descriptor is not answered')
    const result = ring.word(0, CqeWord.RESULT)
    if (result < 0) {
      const errno = errnoName(-result)
      return { reason: `IORING_OP_POLL_ADD failed with ${errno}`, errno }
    }
    if (result !== POLL.IN) return broken(`a poll of a ready descriptor is answered with ${result}`)
    if ((ring.word(0, CqeWord.FLAGS) & IORING_CQE_F_MORE) !== 0) return undefined
    return broken('a multishot poll ends with its first answer; they came with Linux 5.13')
  } finally {
    for (const end of new Set(ends)) end.close()
    const closedAtMs = performance.now()
    ring?.close()
    if (ring !== undefined) awaitInterruption(libc, closedAtMs)
  }
}

/** Who is known to refuse it so. */
function hintAt(error: SystemError): string {
  if (isShortOfLockedMemory(error)) return `: ${LOCKED_MEMORY_HINT}`
  if (error.syscall !== 'io_uring_setup' || error.code !== 'EPERM') return ''
  const setting = sysctl()
  if (setting === 0) return ': a seccomp filter or a security module refuses it'
  return setting === undefined ? '' : `: the sysctl kernel.io_uring_disabled is ${setting}`
}

/** kernel.io_uring_disabled: undefined before Linux 6.6, and where io_uring is not built in. */
function sysctl(): number | undefined {
  try {
    return Number(readFileSync('/proc/sys/kernel/io_uring_disabled', 'utf8'))
  } catch {
    return undefined
  }
}
