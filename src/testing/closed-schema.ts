import type { TSchema } from 'typebox'

/** The schema with no other fields than those it knows. The environment is a probe report, of which it knows few. */
export function closed<S extends TSchema & { readonly properties: Record<string, TSchema> }>(
  schema: S,
): TSchema {
  const all = JSON.parse(JSON.stringify(schema), close) as S
  const { environment } = schema.properties
  return environment === undefined ? all : { ...all, properties: { ...all.properties, environment } }
}

function close(_key: string, value: unknown): unknown {
  const isObject = typeof value === 'object' && value !== null && 'type' in value && value.type === 'object'
  return isObject ? { ...value, additionalProperties: false } : value
}
