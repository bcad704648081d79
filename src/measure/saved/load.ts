import { SavedFileError } from '../../errors.ts'
import { contradictionOf } from './contradiction.ts'
import { problemOf, quote } from './problem.ts'
import { readSaved } from './read.ts'
import { BENCH_SCHEMA, benchSchema } from './schema.ts'
import type { SavedReport } from './schema.ts'

/** A report, and the name of its file as the user gave it. */
export interface Saved {
  readonly file: string
  readonly report: SavedReport
}

/**
 * Reads a bench report that was saved with `--format json`, and believes nothing in it before it was checked.
 * Throws `SavedFileError`, which names the file and the first thing that is wrong in it.
 */
export function loadReport(file: string): Saved {
  const document = parse(file, readSaved(file))
  const reason = whyNot(document)
  if (reason !== undefined) throw new SavedFileError(file, reason)
  return { file, report: document as SavedReport }
}

/** Why something is not a bench report, or undefined if it is one. */
export function whyNot(document: unknown): string | undefined {
  return strangeness(document) ?? problemOf(benchSchema, document) ?? contradictionOf(document as SavedReport)
}

function parse(file: string, text: string): unknown {
  if (text.trim() === '') throw new SavedFileError(file, 'it is empty')
  try {
    return JSON.parse(text)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw new SavedFileError(
      file,
      endsEarly(message, text) ? 'its end is missing' : `it is not JSON: ${message}`,
    )
  }
}

/** Whether a parser came to the end of a text that should have gone on. */
function endsEarly(message: string, text: string): boolean {
  const [, position] = /at position (\d+)/.exec(message) ?? []
  if (position !== undefined && Number(position) >= text.trimEnd().length) return true
  return /end of JSON input|Unterminated/.test(message)
}

/** What a document is if it is no bench report of this version at all. */
function strangeness(document: unknown): string | undefined {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    return `it is not a bench report, but ${document === null ? 'null' : quote(document)}`
  }
  const schema: unknown = 'schema' in document ? document.schema : undefined
  if (schema === BENCH_SCHEMA) return undefined
  if (schema === undefined) return 'it is not a report of evloop: schema is missing'
  const [, kind, version] = (typeof schema === 'string' && /^evloop\/(\w+)@(\d+)$/.exec(schema)) || []
  if (kind === undefined || version === undefined)
    return `it is not a report of evloop: schema is ${quote(schema)}`
  if (kind !== 'bench') return `it is a report of evloop ${kind}, not of evloop bench`
  return `its schema is evloop/bench@${version}; this version of evloop reads ${BENCH_SCHEMA}`
}
