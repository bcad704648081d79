import fc from 'fast-check'
import { expect, test } from 'vitest'
import { exploredProgram } from '../../../testing/explored-programs.ts'
import { explore } from './explore.ts'
import type { Exploration } from './explore.ts'
import { faults } from './faults.ts'
import type { ExploredProgram } from './program.ts'
import { explorationText } from './report.ts'
import type { MakeState } from './run.ts'
import { watchedState } from './watched-state.ts'

const MOST_STATES = 2000
const programs = fc.sample(exploredProgram, { numRuns: 150, seed: 1 })

/** Undefined where a program is too large for a test. */
function explored(program: ExploredProgram, makeState: MakeState): Exploration | undefined {
  try {
    return explore(program, { makeState, mostStates: MOST_STATES })
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

test('no interleaving of random programs breaks a rule', () => {
  const done = programs.map((program) => explored(program, watchedState)).filter((one) => one !== undefined)
  const wrong = done.filter(({ violation }) => violation !== undefined)
  expect(wrong.map((one) => `${JSON.stringify(one.program)}\n${explorationText(one)}`)).toEqual([])
  expect(done.length).toBeGreaterThan(60)
})

test.each([
  'clear-enqueued-early',
  'drop-dedupe',
  'skip-priming',
  'lose-permit',
  'queue-before-bits',
  'wake-early',
  'take-late',
  'deliver-removed',
])('they find a fault that is seeded: %s', (name) => {
  const fault = faults.find((one) => one.name === name)
  const isFound = (program: ExploredProgram): boolean =>
    explored(program, fault?.makeState ?? watchedState)?.violation !== undefined
  expect(programs.some((program) => isFound(program))).toBe(true)
})
