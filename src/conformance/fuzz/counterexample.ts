import type { BackendName } from '../../backends/index.ts'
import { namesMadeBy } from '../scenarios/names.ts'
import { isWait } from '../scenarios/observation.ts'
import type { Observation } from '../scenarios/observation.ts'
import { SCENARIO_SCHEMA } from '../scenarios/limits.ts'
import type { ExpectedGiven, Scenario, ScenarioStep } from '../scenarios/schema.ts'
import type { Difference } from './lockstep.ts'

/** Where a program comes from. */
export interface Origin {
  readonly backend: BackendName
  readonly seed: number
  readonly index: number
}

/** A difference as a scenario that `evloop run` plays, whose last step does not give what is expected of it. */
export function scenarioOf(
  { program, expected, why }: Difference,
  { backend, seed, index }: Origin,
): Scenario {
  const last = program.length - 1
  const steps = withoutUnmade(program).map((step, i) =>
    i === last
      ? { ...step, expect: expectationOf(expected), ...(why === undefined ? {} : { note: why }) }
      : step,
  )
  return {
    schema: SCENARIO_SCHEMA,
    name: `fuzz-${backend}-${seed}-${index}`,
    description: `Program ${index} of seed ${seed}, as short as it got: its last step did not give on ${backend} what the model gave.`,
    source: 'evloop fuzz',
    backends: [...new Set([backend, 'userspace' as const])],
    steps,
  }
}

function expectationOf(observation: Observation): ExpectedGiven {
  if (!isWait(observation)) return observation
  return Object.fromEntries(observation.events)
}

/** What would have made a name was left out: then it was no descriptor that was meant. */
function withoutUnmade(program: readonly ScenarioStep[]): ScenarioStep[] {
  const made = new Set<string>()
  return program.map((step) => {
    const changed = { ...step }
    for (const field of ['fd', 'ep', 'to'] as const) {
      const name: unknown = Reflect.get(step, field)
      if (typeof name === 'string' && !made.has(name)) Reflect.set(changed, field, -1)
    }
    for (const name of namesMadeBy(step)) made.add(name)
    return changed
  })
}
