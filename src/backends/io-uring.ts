/**
 * io_uring(7) as a readiness backend: poll requests (IORING_OP_POLL_ADD). What it does badly, and what this file
 * does about it:
 *
 * - A request is answered once, with what woke it. So a level-triggered registration is a request that is made anew
 *   at the next wait, in the same io_uring_enter that waits: if its descriptor is ready then, it is answered at
 *   once and with all of its readiness. With N idle descriptors only those that were reported are asked about.
 * - An answer is not looked at again before it is read: data that came and was read since is still told of. The
 *   kernel says whether there are answers from before the wait (IORING_SQ_TASKRUN); the requests of those are made
 *   anew too before anything is reported. What comes while the wait lasts is reported as it is.
 * - A multishot request is an edge: it tells of every wake-up, but with what woke it alone, and also where the
 *   data was taken since. So the edge trigger is one, and says so: one event a wait, and possibly a late one.
 * - A hang-up of the peer (POLLRDHUP) is told whether or not it was asked for. It is not reported to who only
 *   writes; and because a new request would be answered with it at once, such a registration gets a multishot one.
 * - A request holds the file: a descriptor that is closed without `remove` stays open behind its number, and silent,
 *   until something happens to it; when it is asked about anew, it is an error (EBADF) like with poll.
 * - IORING_POLL_UPDATE would be one request instead of two to change one, but it goes on with the file that it has:
 *   a descriptor that was closed since would not be noticed. So `modify` is POLL_REMOVE and POLL_ADD in one call.
 * - To wake by MSG_RING, a thread needs a ring of its own, and it is one more way to fail; the eventfd that other
 *   backends use can be written to from any thread. Its request is a multishot one.
 */
import { syscallNumbers } from '../libc/constants/syscalls.ts'
import type { Backend, Capabilities } from './backend.ts'
import { availability } from './io-uring/availability.ts'
import { IoUringPoller } from './io-uring/poller.ts'

const capabilities: Capabilities = {
  triggers: ['level', 'edge', 'oneshot', 'edge-oneshot'],
  exclusive: false,
  hangup: true,
  priority: true,
  byteCounts: 'asked',
  tokenPer: 'fd',
  userEvents: false,
  timers: false,
  timeoutResolutionNs: 1,
  asksAnew: true,
  largestFd: undefined,
}

export const ioUring: Backend = {
  name: 'io_uring',
  capabilities,
  isPresent: (libc) => libc.has('syscall') && syscallNumbers() !== undefined && process.platform === 'linux',
  mayKill: true,
  availability,
  open: (libc, options) => new IoUringPoller(ioUring, libc, options),
}
