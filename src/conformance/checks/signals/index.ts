import type { Family } from '../../check.ts'
import { signalArguments } from './arguments.ts'
import { interrupted } from './interrupted.ts'
import { masks } from './masks.ts'
import { retries } from './retry.ts'
import { stopped } from './stopped.ts'

/** Signals: which of them end a wait, and which wait for its end. */
export const signals: Family = {
  name: 'sig',
  title: 'signals and waits',
  why: 'Programs learn of signals from a wait that fails with EINTR. Where it does not fail, a program that is told to end, or whose child has ended, sleeps on; where it fails too often, or takes an event with it, work is lost.',
  checks: [...interrupted, ...masks, ...signalArguments, ...retries, ...stopped],
}
