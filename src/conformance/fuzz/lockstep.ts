/**
 * Plays a program on a backend and on the model in user space, step by step, and finds the first step that does not give
 * the same. Where an answer is left open, the model follows the backend's choice, if it is one of those that are open:
 * which of several events come first (`choice.ts`). What else may differ is said by rules (`rules.ts`).
 */
import { backends } from '../../backends/index.ts'
import type { Backend } from '../../backends/backend.ts'
import { createWorld } from '../../backends/userspace/world.ts'
import type { World } from '../../backends/userspace/world.ts'
import type { Libc } from '../../libc/libc.ts'
import type { Observation } from '../scenarios/observation.ts'
import { speaksEpoll } from '../scenarios/language.ts'
import { Player } from '../scenarios/player.ts'
import type { ScenarioStep } from '../scenarios/schema.ts'
import { scenarioStepText } from '../scenarios/words.ts'
import { Choice } from './choice.ts'
import { closedUnremoved, eventOrder, RuleBook } from './rules.ts'
import { Watched } from './watched.ts'

/** The first step that did not give the same. */
export interface Difference {
  /** The program up to that step, with whatever else had to be done on the way. */
  readonly program: readonly ScenarioStep[]
  /** What the backend gave in it. */
  readonly actual: Observation
  /** What the model gave, or would have. */
  readonly expected: Observation
  /** What is wrong with that, where it does not meet the eye. */
  readonly why?: string
}

export class Lockstep {
  readonly #subject: Player
  readonly #model: Player
  readonly #world: World
  readonly #backend: Backend
  readonly #book: RuleBook

  /** `directory`: where programs may have a FIFO. */
  constructor(libc: Libc, backend: Backend, directory: string) {
    this.#backend = backend
    this.#book = new RuleBook(backend)
    this.#world = createWorld(libc)
    this.#subject = new Player(backend.world === undefined ? libc : backend.world(libc), backend, directory)
    this.#model = new Player(this.#world, backends.userspace, directory)
  }

  /** How often each rule has explained a difference. */
  get rulesUsed(): ReadonlyMap<string, number> {
    return this.#book.used
  }

  /** The first difference, if there is one. `onStep` is told of each step, in words, before the backend takes it. */
  compare(
    program: readonly ScenarioStep[],
    onStep?: (step: string, index: number) => void,
  ): Difference | undefined {
    const choice = new Choice(this.#model, this.#world)
    const watched = new Watched(this.#subject)
    const taken: ScenarioStep[] = []
    this.#book.begin()
    const take = (step: ScenarioStep, index: number): Difference | undefined => {
      const first = watched.before(step)
      if (first.length > 0) this.#book.note(closedUnremoved)
      for (const one of [...first, step]) {
        onStep?.(scenarioStepText(one), index)
        taken.push(one)
        const difference = this.#step(one, choice)
        if (difference !== undefined) return { program: taken, ...difference }
        watched.after(one)
      }
      return undefined
    }
    try {
      for (const [index, step] of program.entries()) {
        const difference = take(step, index)
        if (difference !== undefined) return difference
      }
      for (const step of this.#lastSteps()) {
        const difference = take(step, program.length)
        if (difference !== undefined) return difference
      }
      return undefined
    } finally {
      this.#subject.end()
      this.#model.end()
    }
  }

  /** What is open is closed in the end, and must be closed then: nothing of a program may be left to the next one. */
  *#lastSteps(): Generator<ScenarioStep, void, void> {
    const names = this.#subject.openNames
    for (const fd of names) yield { op: 'close', fd }
    for (const fd of names) yield { op: 'poll', fd, events: 'IN' }
  }

  close(): void {
    this.#subject.close()
    this.#model.close()
  }

  #step(step: ScenarioStep, choice: Choice): Omit<Difference, 'program'> | undefined {
    const actual = this.#subject.step(step)
    if (this.#book.skips(step, actual)) return undefined
    const expected = choice.follow(step, actual)
    if (choice.isOwn) this.#book.note(eventOrder)
    if (!this.#book.explains(step, actual, expected)) {
      return { actual, expected }
    }
    // Only of epoll it is said that they take turns.
    const unfair = speaksEpoll(this.#backend) ? choice.unfairness(actual) : undefined
    return unfair && { actual, ...unfair }
  }
}
