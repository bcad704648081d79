import type { Family } from '../../check.ts'
import { blockedWaits } from './blocked.ts'
import { closing } from './closing.ts'
import { duplicates } from './duplicates.ts'
import { memory } from './memory.ts'
import { processes } from './processes.ts'
import { races } from './races.ts'
import { reuse } from './reuse.ts'

/** What becomes of entries when descriptors are closed, duplicated, inherited, sent and reused. */
export const lifetimes: Family = {
  name: 'life',
  title: 'lifetime of descriptors',
  why: 'Numbers of descriptors are reused at once. An entry that outlives its file reports for a stranger, and one that dies too early is a connection that hangs: implementations that know an entry by its number alone get both wrong.',
  checks: [...closing, ...duplicates, ...processes, ...blockedWaits, ...reuse, ...races, memory],
}
