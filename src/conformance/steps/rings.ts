/** Steps for io_uring as something to wait for, and for what only the kernel itself does to an eventfd. */
import type { Name, StepOf } from '../steps.ts'

export type RingStep =
  | { op: 'io_uring'; as: Name }
  | { op: 'io_uring.nop'; fd: Name }
  | { op: 'io_uring.take'; fd: Name }
  | { op: 'eventfd.complete'; fd: Name }

/** A small ring. */
export const ring = (as: Name): StepOf<'io_uring'> => ({ op: 'io_uring', as })
/** Submits a request that does nothing, whose completion then waits in the ring. */
export const nop = (fd: Name): StepOf<'io_uring.nop'> => ({ op: 'io_uring.nop', fd })
/** Takes a completion out of the ring. */
export const takeCompletion = (fd: Name): StepOf<'io_uring.take'> => ({ op: 'io_uring.take', fd })
/** Lets the kernel add 1 to an eventfd, whatever its value is, as it does when an asynchronous read ends. */
export const complete = (fd: Name): StepOf<'eventfd.complete'> => ({ op: 'eventfd.complete', fd })
