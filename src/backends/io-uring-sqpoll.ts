/**
 * io_uring(7) with IORING_SETUP_SQPOLL: a thread of the kernel takes the requests out of the ring, so that handing them
 * over costs no system call while it is awake; in return it keeps a processor busy. As a readiness backend it is what
 * `io-uring.ts` is, with two differences:
 *
 * - What was asked for is asked some time later, by that thread, which works off wake-ups, too. So whoever needs an
 *   answer, as `add` and a wait do, waits until it has come past a pair of requests that do nothing (`Turns`).
 * - The thread lets go of a file when it gets to it: who closes a descriptor right after `remove` may have it open for
 *   some microseconds more.
 */
import { ioUring } from './io-uring.ts'
import type { Backend } from './backend.ts'
import { availability } from './io-uring/availability.ts'
import { SQ_THREAD_IDLE_MS } from './io-uring/poll-ring.ts'
import { IoUringPoller } from './io-uring/poller.ts'

export const ioUringSqpoll: Backend = {
  ...ioUring,
  name: 'io_uring-sqpoll',
  onRequest: true,
  busyForMs: SQ_THREAD_IDLE_MS,
  unrepeatable: 'a thread of the kernel goes its own way each time; --driver ffi measures it call by call',
  availability: (libc) => availability(libc, { sqpoll: true }),
  open: (libc, options) => new IoUringPoller(ioUringSqpoll, libc, { ...options, sqpoll: true }),
}
