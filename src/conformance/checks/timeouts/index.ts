import type { Family } from '../../check.ts'
import { durations } from './duration.ts'
import { endless } from './endless.ts'
import { fine } from './fine.ts'
import { idle } from './idle.ts'
import { longWaits } from './long.ts'
import { surroundings } from './surroundings.ts'

/** Timeouts: how long a wait lasts in which nothing happens. */
export const timeouts: Family = {
  name: 'time',
  title: 'timeouts',
  why: 'A loop runs its timers by the timeout of its wait. One that is too short makes it spin, one that is too long makes it late, and one that never ends makes it hang.',
  checks: [...durations, ...endless, ...fine, ...idle, ...longWaits, ...surroundings],
}
