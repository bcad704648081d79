/**
 * The ways in which a backend may differ from the model, each with the reason why it may. A rule says of one step whether
 * what the backend gave is as good as what the model gave; everything else is a difference. Two of them explain nothing
 * afterwards, because the model does as the backend has done (`choice.ts`), or the program does something first
 * (`watched.ts`).
 */
import type { Backend } from '../../backends/backend.ts'
import { speaksEpoll } from '../scenarios/language.ts'
import { isWait, unorderedText } from '../scenarios/observation.ts'
import type { Observation, ObservedEvent } from '../scenarios/observation.ts'
import type { ScenarioStep, ScenarioStepOf } from '../scenarios/schema.ts'

/** What was registered under a label. */
type Registration = ScenarioStepOf<'add'> | ScenarioStepOf<'modify'>

/** What is known of a label: how it was registered, and all bits that the backend has reported of it since. */
export interface Known {
  readonly step: Registration
  readonly reported: Set<string>
  /** The model has told of it, once and for all, what this backend has no word for: here it is still armed. */
  isStillArmed?: boolean
}
type Registered = (label: string) => Known | undefined

export interface Rule {
  readonly id: string
  readonly reason: string
  /** Where it is said: a manual page, the kernel's source, the contract of `backends/backend.ts`. */
  readonly source: string
  appliesTo(backend: Backend): boolean
  /** Whether the model is not to take the step, because the backend has refused what the model would have done. */
  skips?(step: ScenarioStep, actual: Observation, backend: Backend): boolean
  /** What the model gave, as this backend would have given it. */
  translate?(step: ScenarioStep, expected: Observation, of: Registered): Observation
  /** Whether what the backend gave is as good as what the model did. */
  accepts?(step: ScenarioStep, actual: Observation, expected: Observation, of: Registered): boolean
}

const lacksTrigger: Rule = {
  id: 'trigger-absent',
  reason: 'a backend without a trigger refuses to register with it, whatever else would be wrong with that',
  source: 'backends/backend.ts, RegistrationOptions.trigger',
  appliesTo: (backend) => !speaksEpoll(backend),
  skips(step, actual, { capabilities }) {
    if (actual !== 'unsupported' || !('interest' in step)) return false
    const isAbsent = !capabilities.triggers.includes(step.trigger ?? 'level')
    return isAbsent || (step.interest.includes('PRIORITY') && !capabilities.priority)
  },
}

const twoReasons: Rule = {
  id: 'two-reasons',
  reason:
    'of a descriptor that is neither open nor registered both are true, and nothing says which is to be said',
  source: 'epoll_ctl(2), ERRORS, in no order; backends/backend.ts, Poller.remove and Poller.modify',
  appliesTo: (backend) => !speaksEpoll(backend),
  accepts: (step, actual, expected) =>
    (step.op === 'remove' || step.op === 'modify') &&
    [actual, expected].every((one) => one === 'EBADF' || one === 'ENOENT'),
}

/** What is said of the ends of a connection, apart from readability. */
const ends = ['READ_CLOSED', 'HANGUP', 'ERROR']

const hangupAbsent: Rule = {
  id: 'hangup-absent',
  reason: 'select has no word for hang-ups and errors: they are readable or writable, if that was asked for',
  source: 'select(2), the table of its correspondence with poll; backends/backend.ts, Readiness',
  appliesTo: ({ capabilities }) => !capabilities.hangup,
  translate(_, expected, of) {
    if (!isWait(expected)) return expected
    const events = expected.events.flatMap(([label, mask]): ObservedEvent[] => {
      const flags = mask.split('|')
      const interest = of(label)?.step.interest ?? ''
      const readable = flags.includes('READABLE') || (interest.includes('READ') && flags.some(isEnd))
      const writable = flags.includes('WRITABLE') || (interest.includes('WRITE') && flags.includes('ERROR'))
      const left = [
        ...(readable ? ['READABLE'] : []),
        ...(writable ? ['WRITABLE'] : []),
        ...flags.filter((flag) => flag === 'PRIORITY' || flag === 'WAKE'),
      ]
      if (left.length > 0) return [[label, left.join('|')]]
      const known = of(label)
      if (known?.step.trigger?.includes('oneshot') === true) known.isStillArmed = true
      return []
    })
    return { ...expected, events }
  },
  accepts(step, actual, expected, of) {
    if (step.op !== 'wait' || !isWait(actual) || !isWait(expected)) return false
    const isLate = ([label]: ObservedEvent): boolean => of(label)?.isStillArmed === true
    const late = actual.events.filter(isLate)
    const others = { ...actual, events: actual.events.filter((event) => !isLate(event)) }
    if (late.length === 0 || unorderedText(others) !== unorderedText(expected)) return false
    for (const [label] of late) {
      const known = of(label)
      if (known !== undefined) known.isStillArmed = false
    }
    return true
  },
}

const kqueueEnds: Rule = {
  id: 'kqueue-eof',
  reason:
    'kqueue has one word for the ends of a connection, EV_EOF, in the event of each filter that was asked for, and none for the rest',
  source: 'kqueue(2), EVFILT_READ and EVFILT_WRITE; backends/kqueue.ts',
  appliesTo: ({ capabilities }) => capabilities.tokenPer === 'direction',
  accepts(step, actual, expected) {
    if (step.op !== 'wait' || !isWait(actual) || !isWait(expected)) return false
    return unorderedText(withOneEnd(actual)) === unorderedText(withOneEnd(expected))
  },
}

/** Whatever is said of an end is that there is one; readable and writable is then whatever has ended. */
function withOneEnd({ events }: { readonly events: readonly ObservedEvent[] }): Observation {
  return {
    events: events.map(([label, mask]) => [label, mask.split('|').some(isEnd) ? 'END' : mask]),
  }
}

const snapshots: Rule = {
  id: 'edge-snapshot',
  reason:
    'with an edge trigger a ring notes what was new when it came: that may be over when it is read, and is no list of all that holds',
  source:
    'io_uring/poll.c, io_poll_check_events: the completion of a multishot poll has the bits of the wake-up',
  appliesTo: ({ name }) => name.startsWith('io_uring'),
  accepts(step, actual, expected, of) {
    if (step.op !== 'wait' || !isWait(actual) || !isWait(expected)) return false
    const [is, should] = [bitsByLabel(actual.events), bitsByLabel(expected.events)]
    return [...new Set([...is.keys(), ...should.keys()])].every((label) => {
      const [given, wanted] = [is.get(label) ?? [], should.get(label) ?? []]
      const { step: registered, reported } = of(label) ?? {}
      if (registered?.trigger?.includes('edge') !== true) return given.join() === wanted.join()
      // Nothing new may be missing.
      return (
        wanted.every((bit) => given.includes(bit) || reported?.has(bit) === true) &&
        (wanted.length === 0 || given.length > 0)
      )
    })
  },
}

function bitsByLabel(events: readonly ObservedEvent[]): Map<string, readonly string[]> {
  return new Map(events.map(([label, mask]) => [label, mask.split('|')]))
}

const isEnd = (flag: string): boolean => ends.includes(flag)

/** The order of events: see `choice.ts`. */
export const eventOrder: Rule = {
  id: 'event-order',
  reason:
    'in which order events come is not promised, nor which of them where there is not room for all: the model chooses as the backend has',
  source: 'epoll_wait(2), NOTES, promises only that they take turns; backends/backend.ts, "Not promised"',
  appliesTo: () => true,
}

/** What is closed is removed first: see `watched.ts`. */
export const closedUnremoved: Rule = {
  id: 'closed-unremoved',
  reason:
    'what a descriptor reports that was closed and not removed is not promised, and a request keeps its file open: it is removed first',
  source: 'backends/backend.ts, "Not promised"',
  appliesTo: (backend) => !speaksEpoll(backend),
}

/** Every rule. Adding one is a few lines here, and a test that shows it. */
export const rules: readonly Rule[] = [
  eventOrder,
  closedUnremoved,
  lacksTrigger,
  twoReasons,
  hangupAbsent,
  kqueueEnds,
  snapshots,
]

/** The rules of one backend, over one program, and how often each of them was needed. */
export class RuleBook {
  readonly #backend: Backend
  readonly #rules: readonly Rule[]
  readonly #registered = new Map<string, Known>()
  readonly used = new Map<string, number>()

  constructor(backend: Backend) {
    this.#backend = backend
    this.#rules = rules.filter((rule) => rule.appliesTo(backend))
  }

  /** Begins a program. */
  begin(): void {
    this.#registered.clear()
  }

  /** Whether the model is not to take a step. */
  skips(step: ScenarioStep, actual: Observation): boolean {
    const rule = this.#rules.find((one) => one.skips?.(step, actual, this.#backend) === true)
    if (rule !== undefined) this.note(rule)
    return rule !== undefined
  }

  /** Whether what the backend gave is what the model gave, or as good. */
  explains(step: ScenarioStep, actual: Observation, expected: Observation): boolean {
    if (step.op === 'add' || step.op === 'modify') {
      this.#registered.set(step.label ?? String(step.fd), { step, reported: new Set() })
    }
    const isExplained = this.#isExplained(step, actual, expected)
    if (!isWait(actual)) return isExplained
    for (const [label, mask] of actual.events) {
      for (const bit of mask.split('|')) this.#registered.get(label)?.reported.add(bit)
    }
    return isExplained
  }

  #isExplained(step: ScenarioStep, actual: Observation, expected: Observation): boolean {
    const of: Registered = (label) => this.#registered.get(label)
    const is = unorderedText(actual)
    let translated = expected
    for (const rule of this.#rules) {
      if (is === unorderedText(translated)) return true
      const next = rule.translate?.(step, translated, of) ?? translated
      if (next !== translated && unorderedText(next) !== unorderedText(translated)) this.note(rule)
      translated = next
      if (rule.accepts?.(step, actual, translated, of) !== true) continue
      this.note(rule)
      return true
    }
    return is === unorderedText(translated)
  }

  /** A rule was needed. */
  note({ id }: Rule): void {
    this.used.set(id, (this.used.get(id) ?? 0) + 1)
  }
}
