/**
 * A world in user space: the C functions that make, use and watch descriptors, over a kernel that is ordinary
 * TypeScript. It has the shape of `Libc`, so whatever is written for the C library runs on it unchanged: the Poller of
 * epoll, the EventLoop, the checks, with the same arguments and the same errno. Memory is that of `Memory` and
 * of its own mmap, and any other address is EFAULT.
 *
 * It is one thread's. Time passes only in calls that wait, and at once; what would wait for ever is EDEADLK, because
 * nobody is left who could end it. A function that it does not have throws `UnsupportedError`.
 */
import { UnsupportedError } from '../../errors.ts'
import { CLOCK, MAP, RLIMIT_NOFILE } from '../../libc/constants/linux.ts'
import { layouts } from '../../libc/layouts.ts'
import { errnoNumber } from '../../libc/libc.ts'
import type { Libc, LibcPlan } from '../../libc/libc.ts'
import { NULL, signatures } from '../../libc/signatures.ts'
import type { FunctionName, Functions, Pointer } from '../../libc/signatures.ts'
import { fdinfoOf } from './fdinfo.ts'
import { Kernel, MOST_DESCRIPTORS } from './kernel.ts'
import { creatingCalls } from './surface/creating.ts'
import { numberedCalls } from './surface/numbered.ts'
import { timeIn, writeTimeTo } from './user-memory.ts'
import { usingCalls } from './surface/using.ts'
import { waitingCalls } from './surface/waiting.ts'

/** The functions of a world, with the kernel behind them. */
export interface World extends Libc {
  /** With the counters of each instance. */
  fdinfo(fd: number): string | undefined
  readonly kernel: Kernel
}

/** <sys/mman.h>: MAP_FIXED and MAP_FIXED_NOREPLACE. */
const MAP_FIXED = 0x10 | 0x100000

/** Functions that have nothing to do with descriptors, and are the same everywhere. */
const borrowed = [
  '_exit',
  'getpagesize',
  'memcpy',
  'memset',
  'strlen',
  'sysconf',
] as const satisfies readonly FunctionName[]

/** A fresh world, with no descriptor open. `libc` lends what has nothing to do with that. */
export function createWorld(libc: Libc): World {
  const kernel = new Kernel()
  let errno = 0
  const returned = (result: number): number => {
    if (result >= 0) return result
    errno = -result
    return -1
  }
  const known: Partial<Functions> = {
    ...Object.fromEntries(borrowed.map((name) => [name, libc.fn[name]])),
    ...waitingCalls(kernel, returned),
    ...creatingCalls(kernel, returned),
    ...usingCalls(kernel, returned),
    ...processCalls(kernel, returned),
  }
  Object.assign(known, numberedCalls(kernel, known, returned))
  const missing = (Object.keys(signatures) as FunctionName[])
    .filter((name) => known[name] === undefined)
    .map((name) => [name, notHere(name)])
  const plan: LibcPlan = { ...libc.plan, bindings: {} }
  return {
    kernel,
    fn: { ...Object.fromEntries(missing), ...known } as Functions,
    plan,
    has: (name) => known[name] !== undefined,
    errno: () => errno,
    openNumbers: () => kernel.openNumbers,
    fdinfo: (fd) => fdinfoOf(kernel, fd),
    clock: () => BigInt(Math.round(kernel.clock.nowNs)),
    queue() {
      throw new UnsupportedError('a ring', 'userspace has no io_uring')
    },
  }
}

function notHere(name: FunctionName): () => never {
  return () => {
    throw new UnsupportedError(name, 'the userspace backend does not have this call')
  }
}

/** What a process asks of its memory, its time and its limits. */
function processCalls(kernel: Kernel, returned: (result: number) => number): Partial<Functions> {
  const { memory } = kernel
  return {
    mmap(hint, length, protection, flags) {
      // Where there should be memory is a hint, unless it is fixed.
      if ((flags & MAP.ANONYMOUS) === 0 || (hint !== NULL && (flags & MAP_FIXED) !== 0)) {
        throw new UnsupportedError(
          'mmap',
          'userspace maps nothing but fresh memory, and not at an address of choice',
        )
      }
      return returned(memory.map(length, protection)) as Pointer
    },
    mprotect: (address, length, protection) => returned(memory.protect(address, length, protection)),
    munmap: (address, length) => returned(memory.protect(address, length, undefined)),
    clock_gettime(clock, time) {
      const view = memory.view(time, layouts.timespec.size, 'writes')
      if (clock !== CLOCK.MONOTONIC && clock !== CLOCK.REALTIME) return returned(-errnoNumber('EINVAL'))
      if (view === undefined) return returned(-errnoNumber('EFAULT'))
      writeTimeTo(view, 0, kernel.clock.nowNs + (clock === CLOCK.REALTIME ? kernel.clock.aheadNs : 0))
      return 0
    },
    clock_settime(clock, time) {
      const view = memory.view(time, layouts.timespec.size, 'reads')
      if (clock !== CLOCK.REALTIME) return returned(-errnoNumber('EINVAL'))
      if (view === undefined) return returned(-errnoNumber('EFAULT'))
      const ns = timeIn(view, 0, 1e9)
      if (ns === undefined) return returned(-errnoNumber('EINVAL'))
      kernel.clock.setTimeOfDay(ns)
      return 0
    },
    nanosleep(time) {
      const view = memory.view(time, layouts.timespec.size, 'reads')
      if (view === undefined) return returned(-errnoNumber('EFAULT'))
      const ns = timeIn(view, 0, 1e9)
      if (ns === undefined) return returned(-errnoNumber('EINVAL'))
      kernel.clock.advanceTo(kernel.clock.nowNs + ns)
      return 0
    },
    getrlimit(resource, limit) {
      const view = memory.view(limit, layouts.rlimit.size, 'writes')
      if (resource !== RLIMIT_NOFILE) return returned(-errnoNumber('EINVAL'))
      if (view === undefined) return returned(-errnoNumber('EFAULT'))
      view.setBigUint64(layouts.rlimit.offsets.soft, BigInt(kernel.limit), true)
      view.setBigUint64(layouts.rlimit.offsets.hard, BigInt(kernel.hardLimit), true)
      return 0
    },
    setrlimit(resource, limit) {
      const view = memory.view(limit, layouts.rlimit.size, 'reads')
      if (resource !== RLIMIT_NOFILE) return returned(-errnoNumber('EINVAL'))
      if (view === undefined) return returned(-errnoNumber('EFAULT'))
      const soft = Number(view.getBigUint64(layouts.rlimit.offsets.soft, true))
      const hard = Number(view.getBigUint64(layouts.rlimit.offsets.hard, true))
      if (soft > hard) return returned(-errnoNumber('EINVAL'))
      if (hard > MOST_DESCRIPTORS) return returned(-errnoNumber('EPERM'))
      kernel.limit = soft
      kernel.hardLimit = hard
      return 0
    },
  }
}
