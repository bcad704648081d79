import { loadDocument, whyNotOf } from '../../saved/document.ts'
import type { DocumentType } from '../../saved/document.ts'
import { contradictionOf } from './contradiction.ts'
import { BENCH_SCHEMA, benchSchema } from './schema.ts'
import type { SavedReport } from './schema.ts'

/** A report, and the name of its file as the user gave it. */
export interface Saved {
  readonly file: string
  readonly report: SavedReport
}

const benchDocument: DocumentType = {
  kind: 'bench',
  name: BENCH_SCHEMA,
  schema: benchSchema,
  contradictionOf: (document) => contradictionOf(document as SavedReport),
}

/**
 * Reads a bench report that was saved with `--format json`, and believes nothing in it before it was checked.
 * Throws `SavedFileError`, which names the file and the first thing that is wrong in it.
 */
export function loadReport(file: string): Saved {
  return { file, report: loadDocument(file, benchDocument) as SavedReport }
}

/** Why something is not a bench report, or undefined if it is one. */
export function whyNot(document: unknown): string | undefined {
  return whyNotOf(document, benchDocument)
}
