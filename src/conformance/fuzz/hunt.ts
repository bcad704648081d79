/**
 * Plays the programs of a seed on one backend, in child processes side by side, and finds the first that differs. What it
 * finds does not depend on how many they are: when one has a difference, the others play on until they are past it.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { backends } from '../../backends/index.ts'
import type { BackendName } from '../../backends/index.ts'
import { followChild } from '../../child-process.ts'
import type { ChildEnd } from '../../child-process.ts'
import { LibraryError } from '../../errors.ts'
import { speaksEpoll } from '../scenarios/language.ts'
import type { ScenarioStep } from '../scenarios/schema.ts'
import { scenarioStepText } from '../scenarios/words.ts'
import { Whereabouts } from '../whereabouts.ts'
import type { Place } from '../whereabouts.ts'
import { programOf } from './generate.ts'
import type { Difference } from './lockstep.ts'
import type { FuzzMessage, FuzzOrder, FuzzProgress } from './messages.ts'
import { shrinkSlowly } from './shrink.ts'
import { Standstill } from './standstill.ts'

export interface HuntOptions {
  readonly backend: BackendName
  readonly lib: string | undefined
  readonly seed: number
  /** How many programs there are. Undefined: until the signal comes. */
  readonly runs: number | undefined
  readonly jobs: number
  /** How long one step may take. */
  readonly stepMs: number
  readonly onProgress: (progress: readonly FuzzProgress[]) => void
  /** Ends the search; what was found by then is still made short. */
  readonly over: AbortSignal | undefined
  readonly signal: AbortSignal
}

/** What came of it. */
export interface Hunt {
  readonly shares: readonly FuzzProgress[]
  readonly found?: { readonly index: number; readonly foundSteps: number; readonly difference: Difference }
  readonly unavailable?: string
}

/** How long a child may take to start, which emulators make long. */
const START_MS = 60_000

/** How long a program is made shorter where each try is a process. */
const SHRINK_MS = 35_000

/** How many differences are looked for that a process by itself shows, before one will do that none does. */
const MOST_UNCONFIRMED = 25

/** A program of so many steps is as short as one would want. */
const SHORT = 8

/** How long a step may take in a program that is played apart. */
const APART_STEP_MS = 1500

interface Candidate {
  readonly index: number
  readonly foundSteps: number
  readonly difference: Difference
  /** The program as it was found. */
  readonly original: readonly ScenarioStep[]
  /** It ended the process, or made it hang, so that it could not be made shorter there. */
  readonly isFatal: boolean
}

export async function hunt(options: HuntOptions): Promise<Hunt> {
  const directory = mkdtempSync(join(tmpdir(), 'evloop-fuzz-'))
  try {
    return await new Hunter(options, directory).run()
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

class Hunter {
  readonly #options: HuntOptions
  readonly #directory: string
  readonly #done: FuzzProgress[] = []
  #shares: FuzzProgress[] = []
  #stops: AbortController[] = []
  #best: Candidate | undefined
  #unavailable: string | undefined

  constructor(options: HuntOptions, directory: string) {
    this.#options = options
    this.#directory = directory
  }

  async run(): Promise<Hunt> {
    this.#options.over?.addEventListener('abort', () => this.#stopSearching(), { once: true })
    let unconfirmed: Hunt['found']
    let first = 0
    for (let left = MOST_UNCONFIRMED; left > 0; left--) {
      const best = await this.#search(first)
      if (best === undefined) break
      const { index, foundSteps } = best
      const difference = await this.#confirmed(best)
      const found = { index, foundSteps, difference: difference ?? best.difference }
      if (difference !== undefined || this.#isOver) return { shares: this.#done, found }
      // The process remembers what came before. New ones go on behind it.
      const why = 'it comes only after programs before this one'
      unconfirmed ??= { ...found, difference: { ...found.difference, why } }
      first = index + 1
    }
    return {
      shares: this.#done,
      ...(unconfirmed === undefined ? {} : { found: unconfirmed }),
      ...(this.#unavailable === undefined ? {} : { unavailable: this.#unavailable }),
    }
  }

  get #isOver(): boolean {
    return this.#options.signal.aborted || this.#options.over?.aborted === true
  }

  /** The first difference in the programs from a number on. */
  async #search(first: number): Promise<Candidate | undefined> {
    const { backend, lib, seed, runs, jobs, stepMs } = this.#options
    this.#best = undefined
    this.#shares = Array.from({ length: jobs }, () => ({ programs: 0, steps: 0, rules: {}, next: 0 }))
    this.#stops = this.#shares.map(() => new AbortController())
    if (this.#isOver) return undefined
    const orders = this.#shares.map((_, job) => ({ backend, lib, seed, runs, first, job, jobs }))
    await Promise.all(orders.map(async (order) => await this.#runShare(order, stepMs)))
    this.#done.push(...this.#shares)
    return this.#best
  }

  /** One child, from its start to its end. */
  async #runShare(
    order: Omit<Extract<FuzzOrder, { readonly seed: number }>, 'directory' | 'hasWhereabouts'>,
    stepMs: number,
  ): Promise<void> {
    const { job } = order
    const stop = this.#stops[job] as AbortController
    const { end, place } = await this.#runChild(order, stepMs, stop.signal, (message) => {
      if (message.kind === 'unavailable') this.#unavailable = message.reason
      if (message.kind === 'difference') {
        const { index, difference } = message
        const original = difference.program
        this.#offer({ index, foundSteps: original.length, original, difference, isFatal: false })
      }
      if (message.kind === 'shrunk' && this.#best?.index === message.index) {
        this.#best = { ...this.#best, difference: message.difference }
      }
      if (message.kind !== 'progress') return
      const { kind: _, ...progress } = message
      this.#shares[job] = progress
      this.#options.onProgress([...this.#done, ...this.#shares])
      this.#stopThosePast()
    })
    if (stop.signal.aborted || this.#options.signal.aborted || isWell(end)) return
    if (end.signal === 'SIGSYS') {
      this.#unavailable = 'a seccomp filter kills the process'
      return
    }
    // It had a difference already, and did not survive making it shorter.
    if (place === undefined || place.check === this.#best?.index) {
      if (this.#best === undefined) throw neverPlayed(this.#options.lib, end)
      return
    }
    const program = programOf(
      speaksEpoll(backends[order.backend]) ? 'epoll' : 'portable',
      order.seed,
      place.check,
    )
    const difference = fatalDifference(program, end, place)
    const { program: original } = difference
    this.#offer({ index: place.check, foundSteps: original.length, original, difference, isFatal: true })
  }

  /** Takes up what was found, unless a program before it differs as well. */
  #offer(candidate: Candidate): void {
    if (this.#best === undefined || candidate.index < this.#best.index) this.#best = candidate
    this.#stopThosePast()
  }

  /** Nobody needs to go on who is past the first difference. */
  #stopThosePast(): void {
    const { index } = this.#best ?? { index: Infinity }
    for (const [job, { next }] of this.#shares.entries()) if (next > index) this.#stops[job]?.abort()
  }

  /** The time is over. Who has found something makes it short. */
  #stopSearching(): void {
    if (this.#best === undefined) for (const stop of this.#stops) stop.abort()
  }

  /**
   * A difference that a process shows which plays nothing else: whoever plays the scenario will see it. Where the short
   * program shows none, or is not short (a library may remember what came before it, and so do other things with each
   * try), it is made shorter with a new process for each try. Undefined where it comes only after other programs.
   */
  async #confirmed({ difference, original, isFatal }: Candidate): Promise<Difference | undefined> {
    if (this.#options.signal.aborted) return difference
    const again = isFatal ? undefined : await this.#playAlone(difference.program)
    if (again !== undefined && again.program.length <= SHORT) return again
    const shortest = await this.#shrinkApart(again?.program ?? original)
    return shortest ?? again
  }

  /** Makes a program shorter, in a new process for each try. Undefined where it shows nothing there. */
  async #shrinkApart(program: readonly ScenarioStep[]): Promise<Difference | undefined> {
    const { signal } = this.#options
    const untilMs = performance.now() + SHRINK_MS
    let shortest = await this.#playAlone(program)
    if (shortest === undefined) return undefined
    const fails = async (candidate: readonly ScenarioStep[]): Promise<boolean> => {
      const found = await this.#playAlone(candidate)
      if (found !== undefined) shortest = found
      return found !== undefined
    }
    await shrinkSlowly(shortest.program, fails, () => signal.aborted || performance.now() > untilMs)
    return shortest
  }

  /** What one program comes to in a process of its own. */
  async #playAlone(program: readonly ScenarioStep[]): Promise<Difference | undefined> {
    const { backend, lib, signal } = this.#options
    let found: Difference | undefined
    const { end, place } = await this.#runChild(
      { backend, lib, program },
      APART_STEP_MS,
      signal,
      (message) => {
        if (message.kind === 'answer') found = message.difference
      },
    )
    return isWell(end) || place === undefined ? found : fatalDifference(program, end, place)
  }

  /** Starts a child, and watches that it gets on from step to step. */
  async #runChild(
    order: Readonly<Record<string, unknown>>,
    stepMs: number,
    signal: AbortSignal,
    onMessage: (message: FuzzMessage) => void,
  ): Promise<{ readonly end: ChildEnd; readonly place: Place | undefined }> {
    const whereabouts = Whereabouts.open()
    try {
      const standstill = new Standstill(() => whereabouts?.read(), stepMs)
      const directory = mkdtempSync(join(this.#directory, 'child-'))
      const end = await followChild<FuzzMessage>({
        program: 'src/conformance/fuzz/child',
        order: { ...order, directory, hasWhereabouts: whereabouts !== undefined },
        startMs: START_MS,
        // It tells by its whereabouts that it gets on.
        silenceMs: whereabouts === undefined ? START_MS : Infinity,
        signal: AbortSignal.any([signal, this.#options.signal]),
        shared: whereabouts?.fd,
        isStuck: () => standstill.isStuck(),
        onMessage,
      })
      if (end.library !== undefined) throw end.library
      return { end, place: whereabouts?.read() }
    } finally {
      whereabouts?.close()
    }
  }
}

const isWell = (end: ChildEnd): boolean => !end.hung && end.cause === 'exit code 0'

const neverPlayed = (lib: string | undefined, end: ChildEnd): LibraryError =>
  new LibraryError(lib ?? 'libc', `the process that was to use it played no program: ${end.cause}`)

/** What a program has come to whose process has ended, or hangs, in one of its steps. */
function fatalDifference(program: readonly ScenarioStep[], end: ChildEnd, place: Place): Difference {
  const [number = '0', ...words] = place.step.split(' ')
  const index = Number(number)
  const step = program[index]
  const actual = end.hung ? 'it hangs, and was killed' : `the process ends: ${end.cause}`
  // What is in hand may have been done on the way to the step.
  const why = step === undefined || words.join(' ') === scenarioStepText(step) ? {} : { why: words.join(' ') }
  return { program: program.slice(0, index + 1), actual, expected: 'ok', ...why }
}
