import type { SavedReport, SavedResult } from '../saved/schema.ts'
import type { Figure, Unmatched } from './report.ts'

/** Figures of two reports, sorted by whether they can be held against each other. */
export interface Pairs {
  readonly matched: readonly { readonly base: SavedResult; readonly other: SavedResult }[]
  readonly notComparable: readonly Unmatched[]
  readonly onlyInBase: readonly Unmatched[]
  readonly onlyInOther: readonly Figure[]
  readonly failed: readonly Unmatched[]
}

/** Pairs the figures of the same workload, variant, backend and size, in the order of the base. */
export function pairUp(base: SavedReport, other: SavedReport, isAsked: (backend: string) => boolean): Pairs {
  const asked = (report: SavedReport): SavedResult[] =>
    report.results.filter(({ backend }) => isAsked(backend))
  const rest = new Map(asked(other).map((result) => [keyOf(result), result]))
  const gaps = new Map(other.gaps.map((gap) => [keyOf(gap), gap]))
  const matched: { base: SavedResult; other: SavedResult }[] = []
  const notComparable: Unmatched[] = []
  const onlyInBase: Unmatched[] = []
  const failed: Unmatched[] = []
  for (const result of asked(base)) {
    const key = keyOf(result)
    const found = rest.get(key)
    const gap = gaps.get(key)
    rest.delete(key)
    if (found !== undefined) {
      const reason = whyNotComparable({ report: base, result }, { report: other, result: found })
      if (reason === undefined) matched.push({ base: result, other: found })
      else notComparable.push({ ...figureOf(result), reason })
    } else if (gap?.outcome === 'failed') failed.push({ ...figureOf(result), reason: gap.reason })
    else onlyInBase.push({ ...figureOf(result), reason: gap?.reason ?? 'it was not measured' })
  }
  return { matched, notComparable, onlyInBase, onlyInOther: [...rest.values()].map(figureOf), failed }
}

export function figureOf({ workload, variant, fds, backend }: Figure): Figure {
  return { workload, ...(variant === undefined ? {} : { variant }), fds, backend }
}

/** What two figures have in common if they are of the same thing. */
function keyOf({ workload, variant, fds, backend }: Figure): string {
  return JSON.stringify([workload, variant, fds, backend])
}

/** A figure with the report that says how it was measured. */
interface Measured {
  readonly report: SavedReport
  readonly result: SavedResult
}

interface Condition {
  readonly what: string
  /** Of which figures it matters. Default: of all. */
  readonly applies?: (measured: Measured) => boolean
  readonly of: (measured: Measured) => string | number
}

/** What has to be the same, because a figure of something else is no counterpart. */
const conditions: readonly Condition[] = [
  { what: 'driver', of: ({ result }) => result.driver },
  // poll and select take a reference to every descriptor in a process with threads.
  {
    what: 'replaying process',
    applies: ({ result }) => result.driver === 'replay',
    of: ({ report }) => report.driver.process ?? 'none',
  },
  { what: 'trigger', of: ({ report }) => report.settings.trigger },
  { what: 'source', of: ({ report }) => report.settings.source },
  { what: 'active', of: ({ result }) => result.active },
  { what: 'events a wait', of: ({ report }) => report.settings.eventsPerWait },
  { what: 'events a cycle', of: ({ result }) => result.eventsPerCycle },
  {
    what: 'writes',
    of: ({ report, result }) => (result.libevent === undefined ? 0 : report.settings.writes),
  },
]

function whyNotComparable(base: Measured, other: Measured): string | undefined {
  const differing = conditions.flatMap(({ what, of, applies = () => true }) => {
    if (!applies(base) || !applies(other)) return []
    const [before, after] = [of(base), of(other)]
    return before === after ? [] : [`${what} ${before} in the base, ${after} here`]
  })
  return differing.length === 0 ? undefined : differing.join('; ')
}
