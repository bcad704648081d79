import type { CatalogueReport } from '../../../conformance/catalogue-report.ts'
import type { FormatOptions } from '../../format.ts'
import { plural } from '../../text.ts'
import { layOutOpen } from './layout.ts'

/** What checks there are: a line for each. */
export function catalogueTable({ checks }: CatalogueReport, { style }: FormatOptions): string {
  const rows = checks.map(({ id, level, kind, backends, statement }) => [
    style.strong(id),
    level,
    kind,
    backends.join(', '),
    statement,
  ])
  return `${layOutOpen(['id', 'level', 'kind', 'backends', 'what must hold'], rows, [])}\n${plural(checks.length, 'check')}.\n`
}
