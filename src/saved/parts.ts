/**
 * Parts of the JSON Schemas (draft 7) of saved files. Fields that a schema does not know are allowed, so that files
 * of a newer version with the same number after the @ can be read. For the same reason names are any names.
 */
import { Type } from 'typebox'

const LONGEST_NAME = 200
const LONGEST_TEXT = 10_000

export const name = Type.String({ minLength: 1, maxLength: LONGEST_NAME })
export const text = Type.String({ maxLength: LONGEST_TEXT })
/** What no line is, but what a check has to say of many descriptors may be. */
export const longText = Type.String({ maxLength: 1_000_000 })
/** null where the machine does not tell. */
const nullableText = Type.Unsafe<string | null>({
  type: ['string', 'null'],
  maxLength: LONGEST_TEXT,
})
export const count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
export const atLeastOne = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })
export const startedAt = Type.String({ minLength: 1, maxLength: 40 })
export const tool = Type.Object({ name: Type.Literal('evloop'), version: name })

/** The environment is a probe report. Here is what tells machines apart. */
export const environment = Type.Object({
  schema: Type.Literal('evloop/probe@1'),
  platform: Type.Object({
    os: name,
    arch: name,
    kernel: name,
    kernelVersion: text,
    libc: Type.Object({ name, version: nullableText }),
    node: name,
    cpus: Type.Object({ model: nullableText, count: atLeastOne, usable: atLeastOne }),
    clockSource: nullableText,
  }),
  sandbox: Type.Array(Type.Object({ layer: name })),
  ffi: Type.Object({ binding: text, library: Type.Optional(text), preloaded: Type.Array(text) }),
})

export const draft7 = 'http://json-schema.org/draft-07/schema#'

/** What a schema describes, with nothing in it to be changed. */
export type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T
