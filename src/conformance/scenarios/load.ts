import type { TSchema } from 'typebox'
import { loadDocument, whyNotOf } from '../../saved/document.ts'
import type { DocumentType } from '../../saved/document.ts'
import { problemOf } from '../../saved/problem.ts'
import { parseMask } from '../masks.ts'
import { epollSteps, headSchema, portableSteps, SCENARIO_SCHEMA, stepSchemas } from './schema.ts'
import type { Scenario, ScenarioStep, StepName } from './schema.ts'

const scenarioType: DocumentType = {
  kind: 'scenario',
  name: SCENARIO_SCHEMA,
  schema: headSchema,
  contradictionOf: (document) => problemOfSteps((document as Scenario).steps),
}

/** A scenario from a file. Throws `SavedFileError`, with the first thing that is wrong in it, and where. */
export function loadScenario(file: string): Scenario {
  return loadDocument(file, scenarioType) as Scenario
}

/** Why something is no scenario, or undefined if it is one. */
export function whyNotScenario(document: unknown): string | undefined {
  return whyNotOf(document, scenarioType)
}

/** What a step makes, and what it uses: the fields that are names. */
const makes = ['as', 'read', 'write', 'a', 'b'] as const
const uses = ['fd', 'ep', 'to', 'poller'] as const

/** The names that a step gives. */
export function namesMadeBy(step: ScenarioStep): string[] {
  return makes.flatMap((field) => named(step, field))
}

/** The names that a step must find. */
export function namesUsedBy(step: ScenarioStep): string[] {
  return uses.flatMap((field) => named(step, field))
}

function named(step: ScenarioStep, field: string): string[] {
  const value: unknown = Reflect.get(step, field)
  return typeof value === 'string' ? [value] : []
}

function problemOfSteps(steps: readonly ScenarioStep[]): string | undefined {
  const made = new Map<string, { readonly index: number; readonly op: StepName }>()
  const languages = new Map<readonly StepName[], number>()
  for (const [index, step] of steps.entries()) {
    const where = `steps[${index}] (${step.op})`
    const problem = problemOfStep(step) ?? problemOfNames(step, made)
    if (problem !== undefined) return `${where}: ${problem}`
    for (const name of namesMadeBy(step)) made.set(name, { index, op: step.op })
    for (const language of [epollSteps, portableSteps]) {
      if (language.includes(step.op) && !languages.has(language)) languages.set(language, index)
    }
    if (languages.size > 1) {
      const others = languages.get(epollSteps.includes(step.op) ? portableSteps : epollSteps) ?? 0
      return (
        `${where}: steps[${others}] is ${steps[others]?.op}; expected one language: that of epoll ` +
        `(${epollSteps.join(', ')}), or that of every backend (${portableSteps.join(', ')})`
      )
    }
  }
  return undefined
}

function problemOfStep(step: ScenarioStep): string | undefined {
  const schema = stepSchemas[step.op] as TSchema & { readonly properties: Record<string, TSchema> }
  const unknown = Object.keys(step).find((key) => !(key in schema.properties))
  if (unknown !== undefined) {
    return `${unknown} is not one of its properties; expected one of ${Object.keys(schema.properties).join(', ')}`
  }
  // A field by itself, and not a field of a union: that says only that none of its members fits.
  for (const [key, value] of Object.entries(step)) {
    const problem = problemOf(schema.properties[key] ?? {}, value)
    if (problem === undefined) continue
    const of = schema.properties[key] as { readonly description?: string; readonly pattern?: string }
    const more = of.description === undefined ? '' : ` (${of.description})`
    return `${problem.replace(/^it\b/, key)}${more}`
  }
  return problemOf(schema, step) ?? problemOfMask('events' in step ? step.events : undefined)
}

function problemOfMask(mask: string | undefined): string | undefined {
  try {
    if (mask !== undefined) parseMask(mask)
    return undefined
  } catch (error) {
    if (error instanceof TypeError) return `events: ${error.message}`
    throw error
  }
}

function problemOfNames(
  step: ScenarioStep,
  made: ReadonlyMap<string, { readonly index: number; readonly op: StepName }>,
): string | undefined {
  for (const field of uses) {
    for (const name of named(step, field)) {
      const maker = made.get(name)
      const known = [...made].filter(([, { op }]) => (op === 'poller') === (field === 'poller'))
      if (maker !== undefined && known.some(([one]) => one === name)) continue
      const choice =
        known.length === 0
          ? 'a step before it that makes one'
          : `one of ${known.map(([one]) => one).join(', ')}`
      return `${field} is ${JSON.stringify(name)}, which no step before it makes; expected ${choice}`
    }
  }
  const names = namesMadeBy(step)
  for (const [i, name] of names.entries()) {
    const before = made.get(name)
    if (before !== undefined)
      return `${JSON.stringify(name)} is made by steps[${before.index}] already; expected a new name`
    if (names.indexOf(name) !== i)
      return `${JSON.stringify(name)} is two of what it makes; expected two names`
  }
  return undefined
}
