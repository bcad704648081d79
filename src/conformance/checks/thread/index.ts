import type { Family } from '../../check.ts'
import { exit } from './exit.ts'
import { races } from './races.ts'
import { tokens } from './tokens.ts'
import { waiting } from './waiting.ts'
import { wakers } from './wakers.ts'

/** Threads that change what another one waits for, wake it, and share its work. */
export const threads: Family = {
  name: 'thr',
  title: 'threads',
  why: 'A program hands work to the thread that waits by adding a descriptor, changing a mask, or writing to a waker. If that is not noticed by who sleeps already, it sleeps until something else happens, which may be never.',
  checks: [...waiting, ...wakers, exit, ...tokens, ...races],
}
