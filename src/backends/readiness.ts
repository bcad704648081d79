import { EPOLL } from '../libc/constants/linux.ts'
import { Interest, Readiness } from './backend.ts'

/** The EPOLL bits (and the POLL bits, which are the same numbers) as `Readiness`. */
export function readinessOf(events: number): number {
  let flags = 0
  if ((events & EPOLL.IN) !== 0) flags |= Readiness.READABLE
  if ((events & EPOLL.OUT) !== 0) flags |= Readiness.WRITABLE
  if ((events & EPOLL.PRI) !== 0) flags |= Readiness.PRIORITY
  if ((events & EPOLL.RDHUP) !== 0) flags |= Readiness.READ_CLOSED
  if ((events & EPOLL.HUP) !== 0) flags |= Readiness.HANGUP
  if ((events & EPOLL.ERR) !== 0) flags |= Readiness.ERROR
  return flags
}

/**
 * Interest as the EPOLL bits, and the POLL bits. A half-close must be asked for: it is asked for with read
 * interest, so that it is seen.
 */
export function maskOf(interest: number): number {
  let mask = 0
  if ((interest & Interest.READ) !== 0) mask |= EPOLL.IN | EPOLL.RDHUP
  if ((interest & Interest.WRITE) !== 0) mask |= EPOLL.OUT
  if ((interest & Interest.PRIORITY) !== 0) mask |= EPOLL.PRI
  return mask
}
