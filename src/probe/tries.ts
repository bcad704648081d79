import type { Libc } from '../libc/libc.ts'
import { facts } from './facts.ts'
import type { FactName, Facts } from './facts.ts'
import type { Subject } from './features/feature.ts'
import type { Subjects } from './features/index.ts'
import { attempt } from './outcome.ts'
import type { Outcome } from './outcome.ts'

/** One thing to try, by name. */
export interface Try {
  readonly id: string
  /**
   * The tries without which this one is pointless: it is not made where the first has failed, nor where
   * another has ended or hung its process, which this one would do again.
   */
  readonly needs: readonly string[]
  readonly run: (libc: Libc) => unknown
}

/** The id of a feature's try. */
function featureId(subject: Pick<Subject, 'name'>, feature: string): string {
  return `${subject.name}.${feature}`
}

const factNames = Object.keys(facts) as FactName[]
const factId = (name: FactName): string => `fact.${name}`

/** A fact that is found out at the end: the rings that it closes interrupt whoever waits after that. */
const LAST: FactName = 'ring'

/** Everything that is to be tried, facts first. */
export function triesOf(subjects: Subjects): Try[] {
  const factTry = (name: FactName, needs: readonly string[] = []): Try => ({
    id: factId(name),
    needs,
    run: facts[name],
  })
  return [
    ...factNames.filter((name) => name !== LAST).map((name) => factTry(name)),
    ...[...subjects.backends, ...subjects.interfaces].flatMap(featureTries),
    factTry(LAST, ['io_uring.setup']),
  ]
}

/** The tries of one subject. What it is of no use without comes before what else it can do. */
export function featureTries(subject: Subject): Try[] {
  const names = Object.keys(subject.features)
  const essential = names.filter((name, i) => i === 0 || subject.required.includes(name))
  return Object.entries(subject.features).map(([name, feature]) => ({
    id: featureId(subject, name),
    needs: essential
      .filter((other) => names.indexOf(other) < names.indexOf(name))
      .map((other) => featureId(subject, other)),
    run: feature.attempt,
  }))
}

/** The try whose failure makes another one pointless, or undefined where nothing stands in its way. */
export function obstacleTo(entry: Try, outcomes: ReadonlyMap<string, Outcome>): string | undefined {
  return entry.needs.find((id, i) => {
    const outcome = outcomes.get(id)
    if (outcome === undefined || outcome.ok) return false
    return i === 0 || outcome.failure.kind === 'death' || outcome.failure.kind === 'hang'
  })
}

/** Whether a try is still to be made. */
export function isOpen(entry: Try, outcomes: ReadonlyMap<string, Outcome>): boolean {
  return !outcomes.has(entry.id) && obstacleTo(entry, outcomes) === undefined
}

/** What is told while tries are made. */
export interface TryObserver {
  readonly onTry: (id: string) => void
  readonly onOutcome: (id: string, outcome: Outcome) => void
}

/** Makes tries in this process, one after another. */
export function runTries(libc: Libc, tries: readonly Try[], observer: TryObserver): void {
  const outcomes = new Map<string, Outcome>()
  for (const entry of tries) {
    if (!isOpen(entry, outcomes)) continue
    observer.onTry(entry.id)
    const outcome = attempt(() => entry.run(libc))
    outcomes.set(entry.id, outcome)
    observer.onOutcome(entry.id, outcome)
  }
}

/** The facts among the outcomes. What a try found out comes back as it was, but for the way through JSON. */
export function factsOf(outcomes: ReadonlyMap<string, Outcome>): Facts {
  const entries = factNames.map((name) => {
    const outcome = outcomes.get(factId(name))
    return [name, outcome?.ok === true ? outcome.value : undefined] as const
  })
  return Object.fromEntries(entries) as Facts
}
