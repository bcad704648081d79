import type { Backend } from '../../../backends/backend.ts'
import { backends } from '../../../backends/index.ts'
import type { BackendName } from '../../../backends/index.ts'
import { languageOf, speaks } from '../language.ts'
import type { Scenario } from '../schema.ts'

/**
 * Why a backend cannot play a scenario, whatever machine it is on; undefined where it can. A step that it is said to
 * refuse is one that it can be told.
 */
export function whyUnable(name: BackendName, scenario: Pick<Scenario, 'steps'>): string | undefined {
  if (!speaks(name, languageOf(scenario))) return `${name} does not speak epoll, as the scenario does`
  const { capabilities }: Backend = backends[name]
  for (const [i, step] of scenario.steps.entries()) {
    if (step.op !== 'add' && step.op !== 'modify') continue
    if (step.expectOn?.[name] === 'unsupported') continue
    const { trigger = 'level', interest } = step
    if (!capabilities.triggers.includes(trigger)) return `it has no trigger ${trigger} (step ${i + 1})`
    if (interest.includes('PRIORITY') && !capabilities.priority)
      return `it cannot be asked for PRIORITY (step ${i + 1})`
  }
  return undefined
}
