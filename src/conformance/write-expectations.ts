import type { BackendName } from '../backends/index.ts'
import { outcomesOf } from './expectations.ts'
import type { JudgedResult, VerifyReport } from './report.ts'
import type { Expectation, ExpectationFile } from './saved/schema.ts'
import { matchingIds } from './selection.ts'

/** What the making of an expectation file has to know of the checks there are. */
export interface KnownCheck {
  readonly id: string
  readonly backends: readonly BackendName[]
}

/** A reason that is longer is not read. */
const LONGEST_REASON = 1000

/**
 * An expectation file that a run like this one meets: an entry for each result other than passing. Entries of older
 * files stay, with their reasons, where everything that they are about came out as they say, or did not run; of others,
 * the reason stays for what did.
 */
export function expectationsOf(
  report: VerifyReport,
  older: readonly Expectation[],
  checks: readonly KnownCheck[],
): ExpectationFile {
  const ids = checks.map(({ id }) => id)
  const about = older.map((expectation) => ({
    expectation,
    results: resultsOf(expectation, report.results, ids),
  }))
  const kept = about
    .filter(
      ({ expectation, results }) =>
        results.every(({ outcome }) => outcomesOf(expectation).includes(outcome)) &&
        matchingIds(expectation.id, ids).length > 0,
    )
    .filter(({ expectation }, i, all) => all.findIndex((one) => isSame(one.expectation, expectation)) === i)
  const covered = new Set(kept.flatMap(({ results }) => results))
  const fresh = report.results
    .filter((result) => result.outcome !== 'pass' && !covered.has(result))
    .map((result) => entryOf(result, about))
  const { platform, sandbox, ffi } = report.environment
  const { os, arch, kernel, libc, node } = platform
  return {
    schema: 'evloop/expect@1',
    tool: report.tool,
    madeAt: report.startedAt,
    madeOn: {
      os,
      arch,
      kernel,
      libc: libc.version === null ? libc.name : `${libc.name} ${libc.version}`,
      node,
      sandbox: [...new Set(sandbox.map(({ layer }) => layer))],
      ...(ffi.library === undefined ? {} : { library: ffi.library }),
    },
    expectations: inOrder([...kept.map(({ expectation }) => expectation), ...joined(fresh, checks)], ids),
  }
}

/** What an entry is about among results. */
function resultsOf(
  { id, backend }: Expectation,
  results: readonly JudgedResult[],
  ids: readonly string[],
): JudgedResult[] {
  const matching = new Set(matchingIds(id, ids))
  return results.filter((result) => matching.has(result.id) && (backend ?? result.backend) === result.backend)
}

function isSame(a: Expectation, b: Expectation): boolean {
  return a.id === b.id && a.backend === b.backend && String(a.outcome) === String(b.outcome)
}

function entryOf(
  result: JudgedResult,
  about: readonly { readonly expectation: Expectation; readonly results: readonly JudgedResult[] }[],
): Expectation {
  const { id, backend, outcome } = result
  const known = about.find(
    ({ expectation, results }) => results.includes(result) && outcomesOf(expectation).includes(outcome),
  )
  return { id, backend, outcome, reason: known?.expectation.reason ?? reasonOf(result) }
}

/** What there is to say when nobody has said why. */
function reasonOf({ expected, actual, message, outcome }: JudgedResult): string {
  const difference =
    expected === undefined || actual === undefined ? undefined : `expected ${expected}, got ${actual}`
  const reason = difference ?? message?.split('\n')[0] ?? ''
  return reason === '' ? `it is ${outcome}` : reason.slice(0, LONGEST_REASON)
}

/** Entries that say the same of every backend that a check applies to become one. */
function joined(entries: readonly Expectation[], checks: readonly KnownCheck[]): Expectation[] {
  const backendsOf = new Map(checks.map(({ id, backends }) => [id, backends]))
  const groups = new Map<string, Expectation[]>()
  for (const entry of entries) {
    const key = JSON.stringify([entry.id, entry.outcome, entry.reason])
    groups.set(key, [...(groups.get(key) ?? []), entry])
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group
    if (first === undefined || group.length < (backendsOf.get(first.id)?.length ?? Infinity)) return group
    const { backend: _everyBackend, ...rest } = first
    return [rest]
  })
}

/** In the order of the catalogue, by the first check that an entry is about. */
function inOrder(entries: readonly Expectation[], ids: readonly string[]): Expectation[] {
  const place = ({ id }: Expectation): number => ids.indexOf(matchingIds(id, ids)[0] ?? '')
  return entries.toSorted((a, b) => place(a) - place(b))
}
