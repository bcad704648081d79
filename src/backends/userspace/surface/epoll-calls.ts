/** The arguments of epoll_ctl and epoll_wait, and what they refuse, in the order of fs/eventpoll.c. */
import { constants as osConstants } from 'node:os'
import { EPOLL, EPOLL_CTL } from '../../../libc/constants/linux.ts'
import { layouts } from '../../../libc/layouts.ts'
import { Instance } from '../files/instance.ts'
import type { Kernel } from '../kernel.ts'
import type { EpollState, EventSink } from '../machine/epoll-state.ts'
import { complete } from '../machine/steps.ts'
import type { Request } from '../machine/subscription.ts'
import { checkLoop, checkPaths } from '../machine/topology.ts'
import type { Watchable } from '../machine/watchable.ts'

const { EBADF, EFAULT, EINVAL, EPERM } = osConstants.errno

/** What may stand beside EPOLLEXCLUSIVE (EPOLLEXCLUSIVE_OK_BITS). */
const BESIDE_EXCLUSIVE =
  EPOLL.IN | EPOLL.OUT | EPOLL.ERR | EPOLL.HUP | EPOLL.WAKEUP | EPOLL.ET | EPOLL.EXCLUSIVE

/** EP_MAX_EVENTS. */
const MOST_EVENTS = Math.floor((2 ** 31 - 1) / layouts.epoll_event.size)

/** epoll_ctl(2). `request` is undefined where the address of the event is none. Returns 0 or the negative errno. */
export function epollControl(
  kernel: Kernel,
  epfd: number,
  op: number,
  fd: number,
  request: Request | undefined,
): number {
  if (op !== EPOLL_CTL.DEL && request === undefined) return -EFAULT
  const instance = kernel.file(epfd)
  const file = kernel.file(fd)
  if (instance === undefined || file === undefined) return -EBADF
  if (!file.pollable) return -EPERM
  if (file === instance || !(instance instanceof Instance)) return -EINVAL
  const { state } = instance
  const watched = file.watchable
  switch (op) {
    case EPOLL_CTL.ADD:
      return request === undefined ? -EFAULT : add(state, fd, watched, request)
    case EPOLL_CTL.MOD:
      if (request === undefined || isExclusive(request)) return -EINVAL
      return complete(state.modify(fd, watched, request))
    case EPOLL_CTL.DEL:
      return complete(state.remove(fd, watched))
    default:
      return -EINVAL
  }
}

function add(state: EpollState, fd: number, watched: Watchable, request: Request): number {
  const inner = 'subscriptions' in watched ? (watched as EpollState) : undefined
  if (isExclusive(request) && (inner !== undefined || (request.events & ~BESIDE_EXCLUSIVE) !== 0)) {
    return -EINVAL
  }
  const loop = inner === undefined ? 0 : checkLoop(state, inner)
  if (loop !== 0) return loop
  const result = complete(state.add(fd, watched, request))
  if (result !== 0) return result
  const paths = checkPaths(state, watched)
  if (paths !== 0) complete(state.remove(fd, watched))
  return paths
}

const isExclusive = ({ events }: Request): boolean => (events & EPOLL.EXCLUSIVE) !== 0

/**
 * epoll_wait(2), with the timeout in nanoseconds, or null for none. `sink` is undefined where the address of the events
 * is none that a process can have. Returns the number of events, or the negative errno.
 */
export function epollWait(
  kernel: Kernel,
  epfd: number,
  maxEvents: number,
  timeoutNs: number | null,
  sink: EventSink | undefined,
): number {
  const file = kernel.file(epfd)
  // Older kernels look at the descriptor last.
  if (file === undefined) return -EBADF
  if (maxEvents <= 0 || maxEvents > MOST_EVENTS) return -EINVAL
  if (sink === undefined) return -EFAULT
  if (!(file instanceof Instance)) return -EINVAL
  const { state } = file
  return kernel.patiently(timeoutNs, () => {
    const { count, refused } = complete(state.drainReady(maxEvents, sink))
    return count === 0 && refused ? -EFAULT : count
  })
}
