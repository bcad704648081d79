/** The calls that make descriptors, as C calls them. */
import { constants as osConstants } from 'node:os'
import { UnsupportedError } from '../../../errors.ts'
import { AF, CLOCK, EFD, O, O_DIRECT, SOCK, TFD } from '../../../libc/constants/linux.ts'
import { layouts } from '../../../libc/layouts.ts'
import { NULL } from '../../../libc/signatures.ts'
import type { Functions, Pointer } from '../../../libc/signatures.ts'
import { MessageSocket } from '../files/datagram.ts'
import { EventCounter } from '../files/event-counter.ts'
import { MemoryFile } from '../files/memory-file.ts'
import { Pipe, PipeEnd } from '../files/pipe.ts'
import { StreamSocket } from '../files/stream.ts'
import { Timer } from '../files/timer.ts'
import type { TimerSetting } from '../files/timer.ts'
import type { UnixSocket } from '../files/unix-socket.ts'
import type { Kernel } from '../kernel.ts'
import { timeIn, writeTimeTo } from '../user-memory.ts'
import type { UserMemory } from '../user-memory.ts'
import type { Returner } from './waiting.ts'

const { EAFNOSUPPORT, EBADF, EDEADLK, EEXIST, EFAULT, EINVAL, ENOENT, ENXIO, EPERM } = osConstants.errno
const { offsets: TIMER, size: TIMER_SIZE } = layouts.itimerspec

/** <sys/mman.h> */
const MFD_CLOEXEC = 1

/** Clocks that a timer may go by. */
const clocks: readonly number[] = [CLOCK.REALTIME, CLOCK.MONOTONIC, CLOCK.BOOTTIME]
/** Clocks that wake a machine (CLOCK_REALTIME_ALARM, CLOCK_BOOTTIME_ALARM): they need a privilege, which nobody has. */
const wakingClocks: readonly number[] = [8, 9]

export function creatingCalls(kernel: Kernel, returned: Returner): Partial<Functions> {
  const { memory } = kernel
  const pipe = (fds: Pointer, flags: number): number => {
    if ((flags & ~(O.NONBLOCK | O.CLOEXEC | O_DIRECT)) !== 0) return returned(-EINVAL)
    const view = memory.view(fds, 8, 'writes')
    if (view === undefined) return returned(-EFAULT)
    const shared = new Pipe()
    const options = { packets: (flags & O_DIRECT) !== 0 }
    const end = (mode: number): PipeEnd => new PipeEnd(shared, mode, (flags & O.NONBLOCK) !== 0, options)
    return returned(
      putPair(view, kernel.installPair(end(O.RDONLY), end(O.WRONLY), (flags & O.CLOEXEC) !== 0)),
    )
  }
  return {
    eventfd(initial, flags) {
      if ((flags & ~(EFD.SEMAPHORE | EFD.NONBLOCK | EFD.CLOEXEC)) !== 0) return returned(-EINVAL)
      const semaphore = (flags & EFD.SEMAPHORE) !== 0
      const file = new EventCounter(BigInt(initial >>> 0), semaphore, (flags & EFD.NONBLOCK) !== 0)
      return returned(kernel.install(file, (flags & EFD.CLOEXEC) !== 0))
    },
    pipe: (fds) => pipe(fds, 0),
    pipe2: pipe,
    socketpair(domain, typeAndFlags, protocol, fds) {
      if (domain !== AF.UNIX || protocol !== 0) return returned(-EAFNOSUPPORT)
      const nonblocking = (typeAndFlags & SOCK.NONBLOCK) !== 0
      const make = socketMaker(typeAndFlags & ~(SOCK.NONBLOCK | SOCK.CLOEXEC), nonblocking)
      if (make === undefined) return returned(-EINVAL)
      const view = memory.view(fds, 8, 'writes')
      if (view === undefined) return returned(-EFAULT)
      const [a, b] = [make(), make()]
      a.pairWith(b)
      return returned(putPair(view, kernel.installPair(a, b, (typeAndFlags & SOCK.CLOEXEC) !== 0)))
    },
    timerfd_create(clock, flags) {
      if ((flags & ~(TFD.NONBLOCK | TFD.CLOEXEC)) !== 0) return returned(-EINVAL)
      if (!clocks.includes(clock)) return returned(wakingClocks.includes(clock) ? -EPERM : -EINVAL)
      const file = new Timer(kernel.clock, clock === CLOCK.REALTIME, (flags & TFD.NONBLOCK) !== 0)
      return returned(kernel.install(file, (flags & TFD.CLOEXEC) !== 0))
    },
    timerfd_settime(fd, flags, value, old) {
      const view = memory.view(value, TIMER_SIZE, 'reads')
      if (view === undefined) return returned(-EFAULT)
      const valueNs = timeIn(view, TIMER.value_sec, 1e9)
      const intervalNs = timeIn(view, TIMER.interval_sec, 1e9)
      if ((flags & ~(TFD.TIMER_ABSTIME | TFD.TIMER_CANCEL_ON_SET)) !== 0) return returned(-EINVAL)
      if (valueNs === undefined || intervalNs === undefined) return returned(-EINVAL)
      const timer = kernel.file(fd)
      if (!(timer instanceof Timer)) return returned(timer === undefined ? -EBADF : -EINVAL)
      const absolute = (flags & TFD.TIMER_ABSTIME) !== 0
      const cancels = (flags & TFD.TIMER_CANCEL_ON_SET) !== 0
      const before = timer.set(valueNs, intervalNs, { absolute, cancels })
      // What is set to a time that has passed expires at once.
      kernel.clock.advanceTo(kernel.clock.nowNs)
      if (typeof before === 'number') return returned(before)
      return returned(old === NULL ? 0 : putSetting(memory, old, before))
    },
    timerfd_gettime(fd, current) {
      const timer = kernel.file(fd)
      if (!(timer instanceof Timer)) return returned(timer === undefined ? -EBADF : -EINVAL)
      return returned(putSetting(memory, current, timer.get()))
    },
    memfd_create(_, flags) {
      if ((flags & ~MFD_CLOEXEC) !== 0) return returned(-EINVAL)
      return returned(kernel.install(new MemoryFile(), (flags & MFD_CLOEXEC) !== 0))
    },
    mkfifo(path) {
      if (kernel.fifos.has(path)) return returned(-EEXIST)
      kernel.fifos.set(path, new Pipe())
      return 0
    },
    unlink: (path) => returned(kernel.fifos.delete(path) ? 0 : -ENOENT),
    open(path, flags) {
      const shared = fifoAt(kernel, path)
      if (shared === undefined) throw new UnsupportedError(`open ${path}`, 'userspace has no files but FIFOs')
      const mode = flags & O.ACCMODE
      const nonblocking = (flags & O.NONBLOCK) !== 0
      if (mode === O.WRONLY && nonblocking && shared.readers === 0) return returned(-ENXIO)
      // The other end would have to be opened by somebody else meanwhile, who is not there.
      const isAlone = mode === O.RDONLY ? shared.writers === 0 : mode === O.WRONLY && shared.readers === 0
      if (isAlone && !nonblocking) return returned(-EDEADLK)
      const end = new PipeEnd(shared, mode, nonblocking, { fifo: true })
      return returned(kernel.install(end, (flags & O.CLOEXEC) !== 0))
    },
  }
}

/** What a FIFO is while it is open. When it was closed for good it begins anew, with the size and contents of a new one. */
function fifoAt(kernel: Kernel, path: string): Pipe | undefined {
  const last = kernel.fifos.get(path)
  if (last === undefined || last.readers + last.writers > 0) return last
  const fresh = new Pipe()
  kernel.fifos.set(path, fresh)
  return fresh
}

function socketMaker(type: number, nonblocking: boolean): (() => UnixSocket) | undefined {
  switch (type) {
    case SOCK.STREAM:
      return () => new StreamSocket(nonblocking)
    case SOCK.DGRAM:
      return () => new MessageSocket(nonblocking, false)
    case SOCK.SEQPACKET:
      return () => new MessageSocket(nonblocking, true)
    default:
      return undefined
  }
}

function putPair(view: DataView, pair: readonly [number, number] | number): number {
  if (typeof pair === 'number') return pair
  const [first, second] = pair
  view.setInt32(0, first, true)
  view.setInt32(4, second, true)
  return 0
}

function putSetting(memory: UserMemory, address: Pointer, { valueNs, intervalNs }: TimerSetting): number {
  const view = memory.view(address, TIMER_SIZE, 'writes')
  if (view === undefined) return -EFAULT
  writeTimeTo(view, TIMER.value_sec, valueNs)
  writeTimeTo(view, TIMER.interval_sec, intervalNs)
  return 0
}
