/**
 * Plays the programs of a seed on one backend, in child processes side by side, and finds the first that differs. What it
 * finds does not depend on how many they are: when one has a difference, the others play on until they are past it.
 */
import { rmSync } from 'node:fs'
import type { BackendName } from '../../backends/index.ts'
import type { ChildEnd } from '../../child-process.ts'
import { LibraryError } from '../../errors.ts'
import { makeOwnDirectory } from '../../own-directory.ts'
import { fullestLanguage } from '../scenarios/language.ts'
import { confirmed } from './confirm.ts'
import type { Candidate } from './confirm.ts'
import { fatalDifference, isWell } from './fatal.ts'
import type { Difference } from './lockstep.ts'
import type { FuzzProgress, Share } from './messages.ts'
import { FuzzProcesses } from './processes.ts'

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

/** How many differences are looked for that a process by itself shows, before one will do that none does. */
const MOST_UNCONFIRMED = 25

export async function hunt(options: HuntOptions): Promise<Hunt> {
  const directory = makeOwnDirectory()
  try {
    return await new Hunter(options, directory).run()
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

class Hunter {
  readonly #options: HuntOptions
  readonly #processes: FuzzProcesses
  readonly #done: FuzzProgress[] = []
  #shares: FuzzProgress[] = []
  #stops: AbortController[] = []
  #best: Candidate | undefined
  #unavailable: string | undefined

  constructor(options: HuntOptions, directory: string) {
    this.#options = options
    this.#processes = new FuzzProcesses(directory, options)
  }

  async run(): Promise<Hunt> {
    this.#options.over?.addEventListener('abort', () => this.#stopSearching(), { once: true })
    let unconfirmed: Hunt['found']
    let first = 0
    for (let left = MOST_UNCONFIRMED; left > 0; left--) {
      const best = await this.#search(first)
      if (best === undefined) break
      const { index, original } = best
      const difference = await confirmed(best, this.#processes)
      const found = { index, foundSteps: original.length, difference: difference ?? best.difference }
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
    const { seed, runs, jobs } = this.#options
    this.#best = undefined
    this.#shares = Array.from({ length: jobs }, () => ({ programs: 0, steps: 0, rules: {}, next: 0 }))
    this.#stops = this.#shares.map(() => new AbortController())
    if (this.#isOver) return undefined
    const shares = this.#shares.map((_, job): Share => ({ seed, runs, first, job, jobs }))
    await Promise.all(shares.map(async (share) => await this.#runShare(share)))
    this.#done.push(...this.#shares)
    return this.#best
  }

  /** One child, from its start to its end. */
  async #runShare(share: Share): Promise<void> {
    const { backend, lib, stepMs, signal } = this.#options
    const { job, seed } = share
    const stop = this.#stops[job] as AbortController
    const { end, place } = await this.#processes.run(share, { stepMs, signal: stop.signal }, (message) => {
      if (message.kind === 'unavailable') this.#unavailable = message.reason
      if (message.kind === 'difference') {
        const { index, difference } = message
        this.#offer({ index, original: difference.program, difference, isFatal: false })
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
    if (stop.signal.aborted || signal.aborted || isWell(end)) return
    if (end.signal === 'SIGSYS') {
      this.#unavailable = `${backend} is not available: a seccomp filter kills the process`
      return
    }
    // It had a difference already, and did not survive making it shorter.
    if (place === undefined || place.check === this.#best?.index) {
      if (this.#best === undefined) throw neverPlayed(lib, end)
      return
    }
    // Not to be loaded where it is not needed: it brings fast-check along, which is hundreds of files.
    const { programOf } = await import('./generate.ts')
    const program = programOf(fullestLanguage(backend), seed, place.check)
    const difference = fatalDifference(program, end, place)
    this.#offer({ index: place.check, original: difference.program, difference, isFatal: true })
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
}

const neverPlayed = (lib: string | undefined, end: ChildEnd): LibraryError =>
  new LibraryError(lib ?? 'libc', `the process that was to use it played no program: ${end.cause}`)
