import { expect, test } from 'vitest'
import { watchedState } from './watched-state.ts'
import type { ExploredProgram } from './program.ts'
import { programs } from './programs.ts'
import { Common } from './common.ts'
import { Run } from './run.ts'

/** A run that has taken these steps. */
function after(program: ExploredProgram, common: Common, schedule: readonly number[]): Run {
  const run = new Run(program, watchedState, common)
  for (const choice of schedule) run.step(choice)
  return run
}

/** Where each thread that can take a step leads to from there. */
function future(program: ExploredProgram, common: Common, schedule: readonly number[]): string[] {
  const enabled = after(program, common, schedule).enabled()
  return enabled.map((choice) => `${choice} ${after(program, common, [...schedule, choice]).digest()}`)
}

/**
 * The explorer follows states with the same digest as one. That is right if they go on alike: every step of the one
 * is a step of the other, and leads to the same digest again.
 */
test.each([
  'added-while-ready',
  'removed-and-added',
  'always-ready',
  'outer-level',
  'oneshot-twice',
  'rival-alone',
  'put-back',
])('%s: whatever has the same digest goes on in the same way', (name) => {
  const program = programs.find((one) => one.name === name)
  if (program === undefined) throw new TypeError(`there is no program ${name}`)
  const common = new Common(program)
  const known = new Map<string, readonly number[]>()
  const different: string[] = []
  let layer: (readonly number[])[] = [[]]
  let compared = 0
  while (layer.length > 0) {
    const next: (readonly number[])[] = []
    for (const schedule of layer) {
      for (const choice of after(program, common, schedule).enabled()) {
        const longer = [...schedule, choice]
        const digest = after(program, common, longer).digest()
        const other = known.get(digest)
        if (other === undefined) {
          known.set(digest, longer)
          next.push(longer)
          continue
        }
        compared++
        const [one, two] = [longer, other].map((path) => future(program, common, path).join(', '))
        if (one !== two) different.push(`after ${longer.join(' ')}: ${one}; after ${other.join(' ')}: ${two}`)
      }
    }
    layer = next
  }
  expect(different).toEqual([])
  expect(compared).toBeGreaterThan(400)
})
