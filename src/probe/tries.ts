import type { Libc } from '../libc/libc.ts'
import { facts } from './facts.ts'
import type { FactName, Facts } from './facts.ts'
import type { Subject } from './features/feature.ts'
import type { Subjects } from './features/index.ts'
import { attempt } from './outcome.ts'
import type { Outcome } from './outcome.ts'

/** One thing to try, by name. `gate` is the try without which this one is pointless. */
export interface Try {
  readonly id: string
  readonly gate: string | undefined
  readonly run: (libc: Libc) => unknown
}

/** The id of a feature's try. */
export function featureId(subject: Pick<Subject, 'name'>, feature: string): string {
  return `${subject.name}.${feature}`
}

const factNames = Object.keys(facts) as FactName[]
const factId = (name: FactName): string => `fact.${name}`

/** Everything that is to be tried, facts first. */
export function triesOf(subjects: Subjects): Try[] {
  return [
    ...factNames.map((name) => ({ id: factId(name), gate: undefined, run: facts[name] })),
    ...[...subjects.backends, ...subjects.interfaces].flatMap((subject) => {
      const gate = Object.keys(subject.features)[0] ?? ''
      return Object.entries(subject.features).map(([name, feature]) => ({
        id: featureId(subject, name),
        gate: name === gate ? undefined : featureId(subject, gate),
        run: feature.attempt,
      }))
    }),
  ]
}

/** Whether a try is still to be made: it has no outcome, and its gate has not failed. */
export function isOpen(entry: Try, outcomes: ReadonlyMap<string, Outcome>): boolean {
  const gate = entry.gate === undefined ? undefined : outcomes.get(entry.gate)
  return !outcomes.has(entry.id) && gate?.ok !== false
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
