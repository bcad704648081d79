/** The calls that wait, as C calls them. */
import { constants as osConstants } from 'node:os'
import { UnsupportedError } from '../../../errors.ts'
import { EPOLL, EPOLL_CLOEXEC, POLL } from '../../../libc/constants/linux.ts'
import { layouts } from '../../../libc/layouts.ts'
import { NULL } from '../../../libc/signatures.ts'
import type { Functions, Pointer } from '../../../libc/signatures.ts'
import { Instance } from '../files/instance.ts'
import type { Kernel } from '../kernel.ts'
import type { EventSink } from '../machine/epoll-state.ts'
import type { Request } from '../machine/subscription.ts'
import { epollControl, epollWait } from './epoll-calls.ts'
import { isInProcess, timeIn, writeTimeTo } from '../user-memory.ts'
import type { UserMemory } from '../user-memory.ts'

const { EBADF, EFAULT, EINVAL } = osConstants.errno
const { size: EVENT_SIZE, offsets } = layouts.epoll_event
const POLLFD = layouts.pollfd
const NS_PER_MS = 1e6

/** Turns a result of the kernel, which may be a negative errno, into what C returns. */
export type Returner = (result: number) => number

/** Which bits make a descriptor ready for each of select's sets (fs/select.c). */
const SELECT_BITS = [
  POLL.RDNORM | POLL.RDBAND | POLL.IN | POLL.HUP | POLL.ERR,
  POLL.WRBAND | POLL.WRNORM | POLL.OUT | POLL.ERR,
  POLL.PRI,
] as const

export function waitingCalls(kernel: Kernel, returned: Returner): Partial<Functions> {
  const { memory } = kernel
  const create = (flags: number): number =>
    returned(
      (flags & ~EPOLL_CLOEXEC) === 0
        ? kernel.install(new Instance(), (flags & EPOLL_CLOEXEC) !== 0)
        : -EINVAL,
    )
  const wait = (epfd: number, events: Pointer, max: number, timeoutNs: number | null): number =>
    returned(epollWait(kernel, epfd, max, timeoutNs, sinkAt(memory, events, max)))
  const poll = (fds: Pointer, count: number, timeoutNs: number | null): number =>
    returned(pollAll(kernel, memory.view(fds, count * POLLFD.size, 'writes'), count, timeoutNs))
  return {
    epoll_create: (size) => (size > 0 ? create(0) : returned(-EINVAL)),
    epoll_create1: create,
    epoll_ctl: (epfd, op, fd, event) =>
      returned(epollControl(kernel, epfd, op, fd, requestAt(memory, event))),
    epoll_wait: (epfd, events, max, timeoutMs) => wait(epfd, events, max, fromMs(timeoutMs)),
    epoll_pwait(epfd, events, max, timeoutMs, mask) {
      withoutMask('epoll_pwait', mask)
      return wait(epfd, events, max, fromMs(timeoutMs))
    },
    epoll_pwait2(epfd, events, max, timespec, mask) {
      withoutMask('epoll_pwait2', mask)
      const time = timespecAt(memory, timespec)
      return typeof time === 'string' ? returned(-osConstants.errno[time]) : wait(epfd, events, max, time)
    },
    poll: (fds, count, timeoutMs) => poll(fds, count, fromMs(timeoutMs)),
    ppoll(fds, count, timespec, mask) {
      withoutMask('ppoll', mask)
      const time = timespecAt(memory, timespec)
      return typeof time === 'string' ? returned(-osConstants.errno[time]) : poll(fds, count, time)
    },
    select: (nfds, read, write, except, timeval) =>
      returned(selectAll(kernel, nfds, [read, write, except], timeval)),
  }
}

/** Every negative number of milliseconds is no end at all. */
const fromMs = (ms: number): number | null => (ms < 0 ? null : ms * NS_PER_MS)

/** A mask of signals is none of this world's business: it has no signals. */
function withoutMask(call: string, mask: Pointer): void {
  if (mask !== NULL) throw new UnsupportedError(`${call} with a mask of signals`, 'userspace has no signals')
}

function timespecAt(memory: UserMemory, address: Pointer): number | null | 'EINVAL' | 'EFAULT' {
  if (address === NULL) return null
  const view = memory.view(address, layouts.timespec.size, 'reads')
  return view === undefined ? 'EFAULT' : (timeIn(view, 0, 1e9) ?? 'EINVAL')
}

function requestAt(memory: UserMemory, address: Pointer): Request | undefined {
  const view = memory.view(address, EVENT_SIZE, 'reads')
  if (view === undefined) return undefined
  // Who has no right to keep the machine awake gets everything but that.
  const events = view.getUint32(offsets.events, true) & ~EPOLL.WAKEUP
  return {
    events,
    dataLow: view.getInt32(offsets.data, true),
    dataHigh: view.getInt32(offsets.data + 4, true),
  }
}

/** Writes events one after another; refuses where there is no memory. Undefined where there cannot be any. */
function sinkAt(memory: UserMemory, address: Pointer, max: number): EventSink | undefined {
  if (!isInProcess(address, Math.max(0, max) * EVENT_SIZE)) return undefined
  const length = max * EVENT_SIZE
  let view: DataView | undefined
  let at = 0
  let end = length
  return {
    put(events, dataLow, dataHigh) {
      // Looked for only now: with nothing to write, an address that is none does no harm.
      if (view === undefined) {
        view = memory.view(address, length, 'writes') ?? viewFrom(memory, address, length)
        end = Math.min(length, view.byteLength)
      }
      if (at + EVENT_SIZE > end) return false
      view.setInt32(at + offsets.events, events, true)
      view.setInt32(at + offsets.data, dataLow, true)
      view.setInt32(at + offsets.data + 4, dataHigh, true)
      at += EVENT_SIZE
      return true
    },
  }
}

/** As much of the room as is there: a caller may name more than it has, and get away with it. */
function viewFrom(memory: UserMemory, address: Pointer, length: number): DataView {
  const { buffer, byteOffset, byteLength } = memory.some(address, length, 'writes')
  return new DataView(buffer, byteOffset, byteLength)
}

function pollAll(
  kernel: Kernel,
  view: DataView | undefined,
  count: number,
  timeoutNs: number | null,
): number {
  if (count > kernel.limit) return -EINVAL
  if (view === undefined && count > 0) return -EFAULT
  return kernel.patiently(timeoutNs, () => {
    let ready = 0
    for (let i = 0; i < count; i++) {
      const at = i * POLLFD.size
      const fd = view?.getInt32(at + POLLFD.offsets.fd, true) ?? -1
      const asked = view?.getUint16(at + POLLFD.offsets.events, true) ?? 0
      const holds = fd < 0 ? 0 : (kernel.file(fd)?.readiness() ?? POLL.NVAL)
      const revents = holds & (asked | POLL.ERR | POLL.HUP | POLL.NVAL)
      view?.setUint16(at + POLLFD.offsets.revents, revents, true)
      if (revents !== 0) ready++
    }
    return ready
  })
}

function selectAll(kernel: Kernel, nfds: number, addresses: readonly Pointer[], timeval: Pointer): number {
  if (nfds < 0) return -EINVAL
  const time = timeval === NULL ? undefined : kernel.memory.view(timeval, layouts.timeval.size, 'writes')
  if (timeval !== NULL && time === undefined) return -EFAULT
  const timeoutNs = time === undefined ? null : timeIn(time, 0, 1e6, 'carries')
  if (timeoutNs === undefined) return -EINVAL
  const bytes = Math.ceil(nfds / 64) * 8
  const sets = addresses.map((address) =>
    address === NULL ? undefined : kernel.memory.bytes(address, bytes, 'writes'),
  )
  if (sets.some((set, i) => set === undefined && addresses[i] !== NULL)) return -EFAULT
  const asked = sets.map((set) => set?.slice())
  const has = (set: Uint8Array | undefined, fd: number): boolean =>
    ((set?.[fd >> 3] ?? 0) & (1 << (fd & 7))) !== 0
  const fds = Array.from({ length: nfds }, (_, fd) => fd).filter((fd) => asked.some((set) => has(set, fd)))
  if (fds.some((fd) => kernel.file(fd) === undefined)) return -EBADF
  const startNs = kernel.clock.nowNs
  const result = kernel.patiently(timeoutNs, () => {
    let bits = 0
    for (const set of sets) set?.fill(0)
    for (const fd of fds) {
      const holds = kernel.file(fd)?.readiness() ?? 0
      for (const [i, set] of sets.entries()) {
        if (set === undefined || !has(asked[i], fd) || (holds & (SELECT_BITS[i] ?? 0)) === 0) continue
        set[fd >> 3] = (set[fd >> 3] ?? 0) | (1 << (fd & 7))
        bits++
      }
    }
    return bits
  })
  // Linux says how much of the time is left.
  if (time !== undefined) {
    const leftNs = Math.max(0, (timeoutNs ?? 0) - (kernel.clock.nowNs - startNs))
    writeTimeTo(time, 0, leftNs)
    time.setBigInt64(8, time.getBigInt64(8, true) / 1000n, true)
  }
  return result
}
