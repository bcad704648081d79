import type { BackendName } from '../backends/index.ts'
import { version } from '../version.ts'
import type { Kind, Level } from './check.ts'
import type { CatalogueEntry } from './selection.ts'

/** What a check says of itself, as it stands in JSON. */
interface CheckDescription {
  readonly id: string
  readonly family: string
  readonly level: Level
  readonly kind: Kind
  readonly backends: readonly BackendName[]
  readonly statement: string
  /** Where the expectation comes from. */
  readonly source: string
  /** What breaks where it does not hold. */
  readonly why?: string
  /** Real bugs that it would have caught. */
  readonly bugs?: readonly string[]
  /** How backends or systems differ in this. */
  readonly differs?: string
}

/** What `verify --list` and `explain` report. */
export interface CatalogueReport {
  readonly schema: 'evloop/catalogue@1'
  readonly tool: { readonly name: 'evloop'; readonly version: string }
  readonly checks: readonly CheckDescription[]
}

export function catalogueReport(entries: readonly CatalogueEntry[]): CatalogueReport {
  return {
    schema: 'evloop/catalogue@1',
    tool: { name: 'evloop', version: version() },
    checks: entries.map(describeCheck),
  }
}

/** Where the check itself does not say why it matters, its family does. */
function describeCheck({ check, family }: CatalogueEntry): CheckDescription {
  const { id, level, kind, backends, statement, source, bugs, differs } = check
  const why = check.why ?? family.why
  return {
    id,
    family: family.name,
    level,
    kind,
    backends,
    statement,
    source,
    ...(why === undefined ? {} : { why }),
    ...(bugs === undefined ? {} : { bugs }),
    ...(differs === undefined ? {} : { differs }),
  }
}
