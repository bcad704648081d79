import type { TSchema } from 'typebox'
import type { benchSchema } from '../measure/saved/schema.ts'

/** The schema with no other fields than those it knows. The environment is a probe report, of which it knows few. */
export function closed(schema: typeof benchSchema): TSchema {
  const all = JSON.parse(JSON.stringify(schema), close) as typeof benchSchema
  const properties = { ...all.properties, environment: schema.properties.environment }
  return { ...all, properties }
}

function close(_key: string, value: unknown): unknown {
  const isObject = typeof value === 'object' && value !== null && 'type' in value && value.type === 'object'
  return isObject ? { ...value, additionalProperties: false } : value
}
