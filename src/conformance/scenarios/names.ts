/** The names that steps give to what they make, and those that they use. */
import type { ScenarioStep } from './schema.ts'

/** What a step makes, and what it uses: the fields that are names. */
const makes = ['as', 'read', 'write', 'a', 'b'] as const
const uses = ['fd', 'ep', 'to', 'poller'] as const

/** The names that a step gives. */
export function namesMadeBy(step: ScenarioStep): string[] {
  return makes.flatMap((field) => named(step, field))
}

/** The names that a step must find, each with its field. */
export function namesUsedBy(step: ScenarioStep): (readonly [field: string, name: string])[] {
  return uses.flatMap((field) => named(step, field).map((name) => [field, name] as const))
}

function named(step: ScenarioStep, field: string): string[] {
  const value: unknown = Reflect.get(step, field)
  return typeof value === 'string' ? [value] : []
}
