/** Steps for processes that do nothing but be there: they hold descriptors, and end. */
import type { Name, StepOf } from '../steps.ts'

export type ProcessStep =
  | { op: 'fork'; as: Name }
  | { op: 'end-process'; process: Name }
  | { op: 'reap'; process: Name }
  | { op: 'pidfd'; as: Name; process: Name }

/**
 * Makes a copy of this process that sleeps. It holds every descriptor that is open now, as any fork does, and
 * costs a millisecond; a peer can make steps, and costs a hundred. It is gone when the scenario ends.
 */
export const fork = (as: Name): StepOf<'fork'> => ({ op: 'fork', as })
/** Kills a process, and waits until it is a zombie: all that it held is closed. */
export const endProcess = (process: Name): StepOf<'end-process'> => ({ op: 'end-process', process })
/** Fetches the exit of a process that has ended: nothing is left of it. */
export const reap = (process: Name): StepOf<'reap'> => ({ op: 'reap', process })
export const pidfd = (as: Name, process: Name): StepOf<'pidfd'> => ({ op: 'pidfd', as, process })
