import type { ChildEnd } from '../../child-process.ts'
import type { ScenarioStep } from '../scenarios/schema.ts'
import { scenarioStepText } from '../scenarios/words.ts'
import type { Place } from '../whereabouts.ts'
import type { Difference } from './lockstep.ts'

export const isWell = (end: ChildEnd): boolean => !end.hung && end.cause === 'exit code 0'

/** What a program has come to whose process has ended, or hangs, in one of its steps. */
export function fatalDifference(program: readonly ScenarioStep[], end: ChildEnd, place: Place): Difference {
  const [number = '0', ...words] = place.step.split(' ')
  const index = Number(number)
  const step = program[index]
  const actual = end.hung ? 'it hangs, and was killed' : `the process ends: ${end.cause}`
  // What is in hand may have been done on the way to the step.
  const why = step === undefined || words.join(' ') === scenarioStepText(step) ? {} : { why: words.join(' ') }
  return { program: program.slice(0, index + 1), actual, expected: 'ok', ...why }
}
