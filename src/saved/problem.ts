import type { TSchema } from 'typebox'
import type { TLocalizedValidationError } from 'typebox/error'
import { Errors } from 'typebox/schema'

/** Text of a file that is quoted in a message is cut to this. */
const LONGEST_QUOTE = 40

/** The first thing in which a value does not keep to a schema, with its path and what was expected. */
export function problemOf(schema: TSchema, value: unknown): string | undefined {
  const [good, [error]] = Errors(schema, value)
  if (good || error === undefined) return undefined
  const path = pathOf(error.instancePath)
  const where = path === '' ? 'it' : path
  if (error.keyword === 'required') {
    const [missing = ''] = error.params.requiredProperties
    return `${path === '' ? '' : `${path}.`}${missing} is missing`
  }
  // A property that an object may not have.
  if (error.keyword === 'boolean' && 'properties' in schema && /^[^.[]+$/.test(path)) {
    return `${path} is not one of its properties; expected one of ${Object.keys(schema.properties as object).join(', ')}`
  }
  return `${where} is ${quote(valueAt(value, error.instancePath))}; expected ${expectation(error)}`
}

/** `/results/0/medianNs` as `results[0].medianNs`. */
function pathOf(pointer: string): string {
  return pointer
    .replaceAll(/\/(\d+)/g, '[$1]')
    .replaceAll('/', '.')
    .replace(/^\./, '')
}

function expectation(error: TLocalizedValidationError): string {
  const { keyword, params } = error
  if (keyword === 'type') {
    const types = typeof params.type === 'string' ? [params.type] : params.type
    return types.map(withArticle).join(' or ')
  }
  if (keyword === 'minimum') return `at least ${params.limit}`
  if (keyword === 'exclusiveMinimum') return `more than ${params.limit}`
  if (keyword === 'maximum') return `at most ${params.limit}`
  if (keyword === 'maxItems') return `at most ${params.limit} of them`
  if (keyword === 'minItems' || keyword === 'minLength') return `a length of at least ${params.limit}`
  if (keyword === 'maxLength') return `a length of at most ${params.limit}`
  // What comes after the last item of a tuple has the schema `false`.
  if (keyword === 'boolean') return 'nothing there'
  if (keyword === 'pattern') return `a text of the form ${params.pattern.toString()}`
  if (keyword === 'const') return JSON.stringify(params.allowedValue)
  if (keyword === 'enum') return `one of ${params.allowedValues.map((one) => JSON.stringify(one)).join(', ')}`
  return `what the schema says: ${error.message}`
}

function withArticle(type: string): string {
  if (type === 'null') return type
  if (type === 'integer') return 'a whole number'
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`
}

function valueAt(value: unknown, pointer: string): unknown {
  const keys = pointer.split('/').slice(1)
  return keys.reduce<unknown>(
    (part, key) => (typeof part === 'object' && part !== null ? Reflect.get(part, key) : undefined),
    value,
  )
}

/** A value as JSON, in a few letters. */
export function quote(value: unknown): string {
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'an object'
  // JSON has no infinity, but 1e999 is read as one.
  const shown = typeof value === 'number' ? String(value) : JSON.stringify(value)
  return shown.length > LONGEST_QUOTE ? `${shown.slice(0, LONGEST_QUOTE)}…` : shown
}
