import type { BackendName } from '../../backends/index.ts'
import { fullestLanguage } from '../scenarios/language.ts'
import type { Place } from '../whereabouts.ts'
import { CHUNK, programsOf } from './generate.ts'
import type { Lockstep } from './lockstep.ts'
import type { FuzzMessage, Share } from './messages.ts'
import { shrink } from './shrink.ts'

/**
 * Plays the share of one child, until it finds a difference, and makes that short. A number of the programs is played by
 * the same child however many there are, and each child plays its own in their order.
 */
export function playShare(
  lockstep: Lockstep,
  backend: BackendName,
  { seed, runs = Infinity, first, job, jobs }: Share,
  tell: (place: Place) => void,
  say: (message: FuzzMessage) => void,
): void {
  const language = fullestLanguage(backend)
  let [programs, steps] = [0, 0]
  for (let chunk = job; chunk * CHUNK < runs; chunk += jobs) {
    if ((chunk + 1) * CHUNK <= first) continue
    for (const [i, program] of programsOf(language, seed, chunk).entries()) {
      const index = chunk * CHUNK + i
      if (index < first) continue
      if (index >= runs) break
      const difference = lockstep.compare(program, (step, at) =>
        tell({ check: index, step: `${at} ${step}` }),
      )
      programs++
      steps += program.length
      if (difference === undefined) continue
      say({ kind: 'progress', programs, steps, rules: Object.fromEntries(lockstep.rulesUsed), next: index })
      say({ kind: 'difference', index, difference })
      const shortest = shrink(difference.program, (candidate) => lockstep.compare(candidate) !== undefined)
      say({ kind: 'shrunk', index, difference: lockstep.compare(shortest) ?? difference })
      return
    }
    const next = (chunk + jobs) * CHUNK
    say({ kind: 'progress', programs, steps, rules: Object.fromEntries(lockstep.rulesUsed), next })
  }
}
