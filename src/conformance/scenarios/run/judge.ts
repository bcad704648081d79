/** What each step of a scenario gave on each backend, held against what it must give. */
import type { BackendName } from '../../../backends/index.ts'
import { languageOf } from '../language.ts'
import { isWait, observationText, unorderedText } from '../observation.ts'
import type { ExpectedGiven, Scenario, ScenarioStep } from '../schema.ts'
import { expectationText, isMet, scenarioStepText } from '../words.ts'
import type { Played } from './isolation.ts'
import type { Cell, ScenarioReport, StepReport } from './report.ts'

/** Reports what came of a scenario, in the order of the backends that were to play it. */
export function judge(
  file: string,
  scenario: Scenario,
  played: ReadonlyMap<BackendName, Played>,
): ScenarioReport {
  const { name, description, source } = scenario
  return {
    file,
    name,
    ...(description === undefined ? {} : { description }),
    ...(source === undefined ? {} : { source }),
    language: languageOf(scenario),
    columns: [...played].map(([backend, { given, reason, cause }]) => ({
      backend,
      made: given.length,
      ...(reason === undefined ? {} : { reason }),
      ...(cause === undefined ? {} : { cause }),
    })),
    steps: scenario.steps.map((step, i) => stepReport(step, i, played)),
  }
}

function stepReport(step: ScenarioStep, index: number, played: ReadonlyMap<BackendName, Played>): StepReport {
  const cells = [...played].map(
    ([backend, one]) => [backend, cellOf(one, index, expectedOn(step, backend))] as const,
  )
  const open = [...played].flatMap(([backend, { given }]) => {
    const observation = given[index]
    return observation === undefined || expectedOn(step, backend) !== undefined
      ? []
      : [unorderedText(observation)]
  })
  return {
    op: step.op,
    text: scenarioStepText(step),
    ...(step.note === undefined ? {} : { note: step.note }),
    on: Object.fromEntries(cells),
    ...(new Set(open).size > 1 ? { differs: true as const } : {}),
  }
}

function cellOf({ given, cause }: Played, index: number, expected: ExpectedGiven | undefined): Cell {
  const observation = given[index]
  const wanted = expected === undefined ? {} : { expected: expectationText(expected) }
  if (observation === undefined) {
    const isEnd = cause !== undefined && index === given.length
    return isEnd ? { outcome: 'ended', given: cause, ...wanted } : { outcome: 'missing', ...wanted }
  }
  return {
    outcome: expected === undefined ? 'open' : isMet(expected, observation) ? 'met' : 'unmet',
    given: observationText(observation),
    ...wanted,
    ...(isWait(observation) ? { events: observation.events } : {}),
  }
}

/** What a step must give on a backend; undefined where the scenario does not say. */
function expectedOn({ expect, expectOn }: ScenarioStep, backend: BackendName): ExpectedGiven | undefined {
  return expectOn?.[backend] ?? expect
}
