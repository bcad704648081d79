import type { BackendName } from '../backends/index.ts'
import { applies } from './applies.ts'
import { version } from '../version.ts'
import type { Check, Kind, Level } from './check.ts'
import { stepWords } from './step-words.ts'
import type { CatalogueEntry } from './selection.ts'

/** What a check says of itself, as it stands in JSON. */
export interface CheckDescription {
  readonly id: string
  readonly family: string
  readonly level: Level
  readonly kind: Kind
  readonly backends: readonly BackendName[]
  readonly statement: string
  /** Where the expectation comes from. */
  readonly source: string
  /** What breaks where it does not hold. */
  readonly why: string
  /** Real bugs that it would have caught. */
  readonly bugs?: readonly string[]
  /** How backends or systems differ in this. */
  readonly differs?: string
  /** Its steps in words, for each backend, where it is a scenario and they were asked for. */
  readonly steps?: Readonly<Partial<Record<BackendName, readonly string[]>>>
}

/** What `verify --list` and `explain` report. */
export interface CatalogueReport {
  readonly schema: 'evloop/catalogue@1'
  readonly tool: { readonly name: 'evloop'; readonly version: string }
  /** The families that the checks are of. */
  readonly families: readonly { readonly name: string; readonly title: string; readonly why: string }[]
  readonly checks: readonly CheckDescription[]
}

export function catalogueReport(
  entries: readonly CatalogueEntry[],
  options: { readonly stepsOn?: readonly BackendName[] } = {},
): CatalogueReport {
  return {
    schema: 'evloop/catalogue@1',
    tool: { name: 'evloop', version: version() },
    families: [...new Set(entries.map(({ family }) => family))].map(({ name, title, why }) => ({
      name,
      title,
      why,
    })),
    checks: entries.map((entry) => ({
      ...describeCheck(entry),
      ...stepsOf(entry.check, options.stepsOn ?? []),
    })),
  }
}

/** Where the check itself does not say why it matters, its family does. */
function describeCheck({ check, family }: CatalogueEntry): CheckDescription {
  const { id, level, kind, backends, statement, source, bugs, differs } = check
  return {
    id,
    family: family.name,
    level,
    kind,
    backends,
    statement,
    source,
    why: check.why ?? family.why,
    ...(bugs === undefined ? {} : { bugs }),
    ...(differs === undefined ? {} : { differs }),
  }
}

function stepsOf(check: Check, backends: readonly BackendName[]): Pick<CheckDescription, 'steps'> {
  if (!('steps' in check)) return {}
  const { steps } = check
  const applicable = backends.filter((backend) => applies(check, backend))
  if (applicable.length === 0) return {}
  const wordsOn = (backend: BackendName): string[] =>
    (typeof steps === 'function' ? steps(backend) : steps).map(stepWords)
  return { steps: Object.fromEntries(applicable.map((backend) => [backend, wordsOn(backend)])) }
}
