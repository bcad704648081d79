/** A pool of threads under check: its jobs share words, and what they are waited for has an end. */
import { setTimeout as sleep } from 'node:timers/promises'
import { backends } from '../../../backends/index.ts'
import { entryPoint } from '../../../entry-point.ts'
import { PoolError } from '../../../errors.ts'
import { Pool } from '../../../runtime/pool/pool.ts'
import { Failure } from '../../check.ts'
import type { Machine } from '../../machine.ts'

const MODULE = entryPoint('src/conformance/checks/runtime/pool-jobs')
/** What must come, comes soon; the room is for a loaded machine. */
const PATIENCE_MS = 10_000

/** From this word on, they are gates: a job that is held at one goes on when it is no 0. */
export const GATES = 512
const WORDS = 1024

/** Two threads over the backend under test, which start when they are needed. */
export class Crew {
  readonly pool: Pool
  readonly machine: Machine
  /** 0 at the beginning of each statement. */
  readonly words = new Int32Array(new SharedArrayBuffer(4 * WORDS))
  #jobs: Promise<unknown>[] = []

  constructor(machine: Machine) {
    this.machine = machine
    this.pool = new Pool(machine.libc, { threads: 2, backend: backends[machine.backend] })
  }

  /** Gives the pool a job. */
  async run(name: string, ...args: readonly unknown[]): Promise<unknown> {
    const job = this.pool.run(MODULE, name, args)
    // One that fails before it is awaited is no error that nobody hears of.
    this.#jobs.push(job.catch(() => undefined))
    return job
  }

  /** Lets the job at a gate go on. */
  release(gate: number): void {
    Atomics.store(this.words, gate, 1)
    Atomics.notify(this.words, gate)
  }

  async until(what: string, isSo: () => boolean): Promise<void> {
    this.machine.begin(what)
    const end = performance.now() + PATIENCE_MS
    while (!isSo()) {
      if (performance.now() > end) throw new Failure(what, `not so after ${PATIENCE_MS} ms`)
      await sleep(1)
    }
  }

  /** Awaits what jobs give, or the problem that they have. */
  async expectResult(what: string, job: Promise<unknown>, expected: unknown): Promise<void> {
    this.machine.begin(what)
    const late = new AbortController()
    const nothing = sleep(PATIENCE_MS, 'nothing came', { signal: late.signal }).catch(() => '')
    const outcome = job.catch((error: unknown) =>
      error instanceof PoolError ? error.problem : String(error),
    )
    const actual = await Promise.race([outcome, nothing])
    late.abort()
    this.machine.expect(String(actual), String(expected), what)
  }

  /** Holds one of the two threads, so that the other one has what follows, and returns how to let it go. */
  async holdOne(): Promise<() => Promise<void>> {
    const { words } = this
    const held = this.run('block', words, 1, GATES)
    await this.until('one thread is held', () => words[1] === 1)
    return async () => {
      this.release(GATES)
      await this.expectResult('the job that was held', held, undefined)
    }
  }

  /** After a statement that held: nobody is left who does anything. */
  async rest(): Promise<void> {
    await Promise.all(this.#jobs)
    this.#jobs = []
    this.words.fill(0)
  }

  /** Ends all threads, whatever they are about. */
  async close(): Promise<void> {
    for (let gate = GATES; gate < WORDS; gate++) this.release(gate)
    await this.pool.close()
    await Promise.all(this.#jobs)
  }
}
