/** Which rows belong together in tables of figures, and what they are called. */
import { backendNames } from '../../../backends/index.ts'
import type { BackendName } from '../../../backends/index.ts'
import type { BenchGap, BenchReport, BenchResult } from '../../../measure/report.ts'
import { workloadNames } from '../../../workloads/index.ts'
import { printable } from '../../text.ts'

/** What a figure or a gap is one of. */
export interface CaseOf {
  readonly workload: string
  readonly variant?: string
}

/** Everything that was measured, or could not be, in one case at one size: a backend each. */
export interface CaseAtSize {
  /** Of workload and variant. */
  readonly name: string
  readonly workload: string
  readonly fds: number
  readonly entries: readonly (BenchResult | BenchGap)[]
}

/** `wake`, `timeout (1 ms)`. */
export function caseName({ workload, variant }: CaseOf): string {
  return printable(variant === undefined ? workload : `${workload} (${variant})`)
}

export function isGap(entry: BenchResult | BenchGap): entry is BenchGap {
  return 'outcome' in entry
}

/** What was measured, without the gaps. */
export function figuresOf(cases: readonly CaseAtSize[]): BenchResult[] {
  return cases.flatMap(({ entries }) => entries.flatMap((entry) => (isGap(entry) ? [] : [entry])))
}

/** Cases in the order of workloads, each by size and with its backends in their usual order. */
export function casesOf({ results, gaps }: Pick<BenchReport, 'results' | 'gaps'>): CaseAtSize[] {
  const entries = [...results, ...gaps]
  const names = [...new Set(entries.map(caseName))]
  const rank = (entry: CaseOf): number => {
    const known: readonly string[] = workloadNames
    const index = known.indexOf(entry.workload)
    return index < 0 ? known.length : index
  }
  const sorted = entries.toSorted(
    (a, b) =>
      rank(a) - rank(b) ||
      names.indexOf(caseName(a)) - names.indexOf(caseName(b)) ||
      a.fds - b.fds ||
      backendRank(a.backend) - backendRank(b.backend),
  )
  const cases = new Map<string, CaseAtSize & { readonly entries: (BenchResult | BenchGap)[] }>()
  for (const entry of sorted) {
    const name = caseName(entry)
    const key = `${name} ${entry.fds}`
    const one = cases.get(key)
    if (one === undefined)
      cases.set(key, { name, workload: entry.workload, fds: entry.fds, entries: [entry] })
    else one.entries.push(entry)
  }
  return [...cases.values()]
}

function backendRank(backend: BackendName): number {
  return backendNames.indexOf(backend)
}

/** The cases that were asked for at several sizes, by name. Empty if the run was no sweep. */
export function sweptCases(cases: readonly CaseAtSize[]): ReadonlyMap<string, readonly CaseAtSize[]> {
  const names = new Set(cases.map(({ name }) => name))
  const byName = [...names].map((name) => [name, cases.filter((one) => one.name === name)] as const)
  return new Map(byName.filter(([, sizes]) => sizes.length > 1))
}
