import type { LibraryError } from '../errors.ts'
import { judge } from './cause.ts'
import type { Facts } from './facts.ts'
import type { Subject } from './features/feature.ts'
import type { Outcome } from './outcome.ts'
import type { Policy } from './policy.ts'
import type { FeatureReport, SubjectReport } from './report.ts'
import { featureTries, obstacleTo } from './tries.ts'

/** What the tries came to, and what they are judged by. */
export interface Results {
  readonly outcomes: ReadonlyMap<string, Outcome>
  /** Why nothing native can be tried at all. */
  readonly error: LibraryError | undefined
  readonly facts: Facts
  readonly policy: Policy
}

/** The report of a backend or an interface. */
export function subjectReport<Name extends string>(
  subject: Subject<Name>,
  results: Results,
): SubjectReport<Name> {
  const { facts, outcomes, error, policy } = results
  const library = replacementOf(subject, facts)
  const features: Record<string, FeatureReport> = {}
  for (const entry of featureTries(subject)) {
    const name = entry.id.slice(subject.name.length + 1)
    const outcome = outcomes.get(entry.id)
    const feature = subject.features[name]
    if (outcome !== undefined && feature !== undefined) {
      features[name] = judge(outcome, { feature, policy, library })
    } else if (error !== undefined) {
      features[name] = { state: 'missing', cause: 'library', reason: error.message }
    } else {
      const obstacle = obstacleTo(entry, outcomes)?.slice(subject.name.length + 1) ?? ''
      features[name] = notTried(obstacle, features[obstacle])
    }
  }
  const lacking = subject.required
    .map((name) => features[name])
    .find((feature) => feature?.state !== 'usable')
  const { reason, errno, signal, cause } = lacking ?? {}
  return {
    name: subject.name,
    available: lacking === undefined,
    ...(reason === undefined ? {} : { reason }),
    ...(errno === undefined ? {} : { errno }),
    ...(signal === undefined ? {} : { signal }),
    ...(cause === undefined ? {} : { cause }),
    features,
  }
}

/** A feature that another one stands in the way of shares its fate. */
function notTried(obstacle: string, fate: FeatureReport | undefined): FeatureReport {
  return {
    state: fate?.state ?? 'broken',
    reason: `not tried, because ${obstacle} is ${fate?.state ?? 'broken'}`,
    untried: true,
    ...(fate?.cause === undefined ? {} : { cause: fate.cause }),
  }
}

/** The library in front of libc that has its own version of an interface. */
function replacementOf(subject: Subject, { origins }: Facts): string | undefined {
  const origin = subject.head === undefined ? undefined : origins?.[subject.head]
  return origins?.libc === undefined || origin === origins.libc ? undefined : origin
}
