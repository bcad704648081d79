import type { TSchema } from 'typebox'
import { SavedFileError } from '../errors.ts'
import { problemOf, quote } from './problem.ts'
import { readSaved } from './read.ts'

/** What kinds of files evloop reads again, as they are called in messages. */
const kinds = {
  bench: { one: 'a bench report', all: 'of evloop bench' },
  verify: { one: 'a verify report', all: 'of evloop verify' },
  expect: { one: 'an expectation file', all: 'an expectation file' },
  scenario: { one: 'a scenario', all: 'a scenario' },
} as const

type DocumentKind = keyof typeof kinds

/** How a kind of document is told from all others, and what it must keep to. */
export interface DocumentType {
  readonly kind: DocumentKind
  /** The value of its `schema`: `evloop/bench@1`. */
  readonly name: string
  readonly schema: TSchema
  /** The first thing in which a document that keeps to the schema contradicts itself. */
  readonly contradictionOf?: (document: unknown) => string | undefined
}

/**
 * Reads a JSON document of evloop from a file, and believes nothing in it before it was checked. Throws
 * `SavedFileError`, which names the file and the first thing that is wrong in it.
 */
export function loadDocument(file: string, type: DocumentType): unknown {
  const document = parse(file, readSaved(file))
  const reason = whyNotOf(document, type)
  if (reason !== undefined) throw new SavedFileError(file, reason)
  return document
}

/** Why something is not a document of this type, or undefined if it is one. */
export function whyNotOf(document: unknown, type: DocumentType): string | undefined {
  return strangeness(document, type) ?? problemOf(type.schema, document) ?? type.contradictionOf?.(document)
}

function parse(file: string, text: string): unknown {
  if (text.trim() === '') throw new SavedFileError(file, 'it is empty')
  try {
    return JSON.parse(text)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw new SavedFileError(
      file,
      endsEarly(message, text) ? 'its end is missing' : `it is not JSON: ${withPlace(message, text)}`,
    )
  }
}

/** Whether a parser came to the end of a text that should have gone on. */
function endsEarly(message: string, text: string): boolean {
  const [, position] = /at position (\d+)/.exec(message) ?? []
  if (position !== undefined && Number(position) >= text.trimEnd().length) return true
  return /end of JSON input|Unterminated/.test(message)
}

/** `at position 55` as a line and a column too, which is how editors count; not every message tells where it is. */
function withPlace(message: string, text: string): string {
  const [, position] = /at position (\d+)$/.exec(message) ?? []
  if (position === undefined) return message
  const lines = text.slice(0, Number(position)).split('\n')
  return `${message} (line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1})`
}

/** What a document is if it is none of this type and version at all. */
function strangeness(document: unknown, { kind, name }: DocumentType): string | undefined {
  const { one, all } = kinds[kind]
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    return `it is not ${one}, but ${document === null ? 'null' : quote(document)}`
  }
  const schema: unknown = 'schema' in document ? document.schema : undefined
  if (schema === name) return undefined
  const ours = kind === 'expect' || kind === 'scenario' ? one : 'a report of evloop'
  if (schema === undefined) return `it is not ${ours}: schema is missing`
  const [, found, version] = (typeof schema === 'string' && /^evloop\/(\w+)@(\d+)$/.exec(schema)) || []
  if (found === undefined || version === undefined) return `it is not ${ours}: schema is ${quote(schema)}`
  if (found === kind) return `its schema is evloop/${kind}@${version}; this version of evloop reads ${name}`
  if (found === 'expect' || found === 'scenario') return `it is ${kinds[found].one}, not ${one}`
  if (kind === 'scenario') return `it is a report of evloop ${found}, not ${one}`
  return `it is a report of evloop ${found}, not ${all}`
}
