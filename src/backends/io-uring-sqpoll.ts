/**
 * io_uring(7) with IORING_SETUP_SQPOLL: a thread of the kernel takes the requests out of the ring, so that handing them
 * over costs no system call while it is awake; in return it keeps a processor busy. As a readiness backend it is what
 * `io-uring.ts` is, with two differences:
 *
 * - What was asked for is asked some time later, by that thread. So whoever needs an answer, as `add` and a wait do,
 *   sends a request that does nothing (IORING_OP_NOP) after the others, and goes on when that one is answered.
 * - Wake-ups are worked off by that thread as well, up to 32 in a turn. A wait first has it take turns until one brings
 *   nothing new. If 32 wake-ups in a row were for what is gone again, those behind them are left to the next wait.
 */
import { ioUring } from './io-uring.ts'
import type { Backend } from './backend.ts'
import { availability } from './io-uring/availability.ts'
import { IoUringPoller } from './io-uring/poller.ts'

export const ioUringSqpoll: Backend = {
  ...ioUring,
  name: 'io_uring-sqpoll',
  onRequest: true,
  unrepeatable: 'a thread of the kernel goes its own way each time; --driver ffi measures it call by call',
  availability: (libc) => availability(libc, { sqpoll: true }),
  open: (libc, options) => new IoUringPoller(ioUringSqpoll, libc, { ...options, sqpoll: true }),
}
