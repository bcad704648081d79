/** What is wrong with one step, seen by itself. */
import type { TSchema } from 'typebox'
import { Readiness } from '../../backends/backend.ts'
import { backendNames } from '../../backends/index.ts'
import { nearest } from '../../nearest.ts'
import { problemOf, quote } from '../../saved/problem.ts'
import { parseMask } from '../masks.ts'
import { whyNeverGiven } from './results.ts'
import { stepSchemas } from './schema.ts'
import type { ExpectedGiven, ScenarioStep, StepName } from './schema.ts'

const stepNames = Object.keys(stepSchemas) as StepName[]

/** Why there is no such step; undefined if there is. */
export function problemOfOperation({ op }: ScenarioStep): string | undefined {
  return stepNames.includes(op) ? undefined : unknownName('operation', op, stepNames)
}

/** Why a step does not keep to the schema of its operation, with the property, and what was expected of it. */
export function problemOfStep(step: ScenarioStep): string | undefined {
  const schema = stepSchemas[step.op] as TSchema & { readonly properties: Record<string, TSchema> }
  const names = Object.keys(schema.properties)
  for (const [key, value] of Object.entries(step)) {
    if (!names.includes(key)) return unknownName('property', key, names)
    const problem =
      key === 'expectOn'
        ? problemOfExpectOn(value)
        : problemOfProperty(key, schema.properties[key] ?? {}, value)
    if (problem !== undefined) return problem
  }
  return (
    problemOf(schema, step) ?? ('events' in step ? problemOfMask('events', step.events ?? '0') : undefined)
  )
}

/**
 * Why what a step must give cannot be: a result that it never gives, events of what is no wait, a mask that has no such bit, or a label that nothing
 * has been registered as (`labels`).
 */
export function problemOfExpectations(step: ScenarioStep, labels: ReadonlySet<string>): string | undefined {
  const all: readonly (readonly [string, ExpectedGiven | undefined])[] = [
    ['expect', step.expect],
    ...Object.entries(step.expectOn ?? {}).map(([name, one]) => [`expectOn.${name}`, one] as const),
  ]
  for (const [where, expected] of all) {
    if (expected === undefined) continue
    if (typeof expected !== 'object') {
      const instead = whyNeverGiven(step.op, expected)
      if (instead !== undefined) return `${where} is ${quote(expected)}; expected ${instead}`
      continue
    }
    if (step.op !== 'wait' && step.op !== 'epoll_wait')
      return `${where} is an object; expected a text or a whole number: only a wait gives events`
    for (const [label, mask] of Object.entries(expected)) {
      if (!isKnown(label, labels))
        return `${where} has the label ${quote(label)}, which nothing has been registered as; expected ${choiceOf(labels)}`
      const problem = (step.op === 'wait' ? problemOfReadiness : problemOfMask)(`${where}.${label}`, mask)
      if (problem !== undefined) return problem
    }
  }
  return undefined
}

/** A descriptor or its label, the waker of a Poller, or data that nobody has registered, which is a bug that may be expected. */
const isKnown = (label: string, labels: ReadonlySet<string>): boolean =>
  labels.has(label) || label === 'waker' || label.startsWith('data 0x')

const choiceOf = (labels: ReadonlySet<string>): string =>
  labels.size === 0 ? 'no events: nothing is registered yet' : `one of ${[...labels].join(', ')}`

function problemOfProperty(key: string, schema: TSchema, value: unknown): string | undefined {
  const problem = problemOf(schema, value)
  if (problem === undefined) return undefined
  const { description, ...rest } = schema as { readonly description?: string }
  // A pattern says little, and of a union it would be said that one of its members does not fit.
  if (description !== undefined && ('pattern' in rest || 'anyOf' in rest))
    return `${key} is ${quote(value)}; expected ${description}`
  return problem.replace(/^it\b/, key)
}

function problemOfExpectOn(value: unknown): string | undefined {
  const schema = stepSchemas.pipe.properties
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return `expectOn is ${quote(value)}; expected an object: backend to what it gives`
  for (const [name, expected] of Object.entries(value)) {
    if (!(backendNames as readonly string[]).includes(name)) return unknownName('backend', name, backendNames)
    const problem = problemOfProperty(`expectOn.${name}`, schema.expect, expected)
    if (problem !== undefined) return problem
  }
  return undefined
}

function unknownName(kind: string, name: string, all: readonly string[]): string {
  const near = nearest(name, all)
  const hint = near === undefined ? '' : ` (did you mean ${near}?)`
  return `there is no ${kind} ${quote(name)}${hint}; expected one of ${all.join(', ')}`
}

function problemOfMask(where: string, mask: string): string | undefined {
  try {
    parseMask(mask)
    return undefined
  } catch (error) {
    if (error instanceof TypeError)
      return `${where} is ${quote(mask)}: ${error.message}; expected bits like IN|OUT|ET`
    throw error
  }
}

function problemOfReadiness(where: string, mask: string): string | undefined {
  const names = Object.keys(Readiness)
  const unknown = mask.split('|').find((name) => !names.includes(name))
  if (unknown === undefined) return undefined
  return `${where} is ${quote(mask)}: ${quote(unknown)} is none of ${names.join(', ')}`
}
