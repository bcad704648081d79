import type { Libc } from '../../../libc/libc.ts'
import type { Machine } from '../../machine.ts'

/** Something that must hold of a subject that is costly to make. Throws `Failure` where it does not. */
export interface Statement<Subject> {
  readonly name: string
  readonly words: string
  readonly hold: (subject: Subject) => Promise<void>
}

/** What is tried, and closed when all was. */
interface Subject {
  /** After a statement that held, before the next one. */
  rest(): Promise<void>
  close(): Promise<void>
}

/** What has become of each statement that no check has asked for yet: what it has thrown, and when, or nothing. */
type Outcomes = Map<string, { readonly error: unknown; readonly step: string } | undefined>

/**
 * Tries all statements of one subject, one after another, when a check asks for the first of them; the checks of the
 * others are told what has become of theirs. Where one does not hold, the next is tried with a new subject.
 */
export class Trials<S extends Subject> {
  readonly #statements: readonly Statement<S>[]
  readonly #make: (machine: Machine) => S
  /** By backend, for each library. A check that is repeated has all tried again. */
  readonly #outcomes = new WeakMap<Libc, Map<string, Outcomes>>()

  constructor(statements: readonly Statement<S>[], make: (machine: Machine) => S) {
    this.#statements = statements
    this.#make = make
  }

  /** Throws what the statement has thrown. */
  async expect(machine: Machine, name: string): Promise<void> {
    const ofLibrary = this.#outcomes.get(machine.libc) ?? new Map<string, Outcomes>()
    this.#outcomes.set(machine.libc, ofLibrary)
    let outcomes = ofLibrary.get(machine.backend)
    if (outcomes === undefined || !outcomes.has(name)) {
      outcomes = await this.#tryAll(machine)
      ofLibrary.set(machine.backend, outcomes)
    }
    const failure = outcomes.get(name)
    outcomes.delete(name)
    if (failure === undefined) return
    machine.begin(failure.step)
    throw failure.error
  }

  async #tryAll(machine: Machine): Promise<Outcomes> {
    const outcomes: Outcomes = new Map()
    let subject: S | undefined
    for (const { name, hold } of this.#statements) {
      subject ??= this.#make(machine)
      try {
        await hold(subject)
        await subject.rest()
        outcomes.set(name, undefined)
      } catch (error) {
        outcomes.set(name, { error, step: machine.currentStep.replace(/^step \d+: /, '') })
        await subject.close()
        subject = undefined
      }
    }
    await subject?.close()
    return outcomes
  }
}
