/**
 * Plays the steps of scenarios on one backend: on the machine, or in a world of its own. It holds nothing against
 * anything, but says what each step gave, in words that are the same wherever the same happened: descriptors have the
 * numbers that they would have in a process that has no others, from #0 on.
 */
import { constants as osConstants } from 'node:os'
import { join } from 'node:path'
import type { Backend, Poller } from '../../backends/backend.ts'
import { RetiredPollers } from '../../backends/retired-pollers.ts'
import { SystemError } from '../../errors.ts'
import { F, RLIMIT_NOFILE } from '../../libc/constants/linux.ts'
import { errnoName, sys } from '../../libc/libc.ts'
import type { Libc } from '../../libc/libc.ts'
import { softLimit } from '../../libc/limits.ts'
import { Memory } from '../../libc/memory.ts'
import { Labels } from '../labels.ts'
import type { Observation } from './observation.ts'
import { steps } from './play/index.ts'
import { MOST_BYTES } from './limits.ts'
import type { ScenarioStep } from './schema.ts'

/** The lowest number of scenarios. Far above those that a process has anyway, so that no free one is in the way. */
const FIRST = 500

/** How many of the numbers below the limit are left for scenarios where there are few. */
const LEFT_FOR_SCENARIOS = 32

/** What a step is given that names no descriptor. */
export type DescriptorName = string | number

/** A Poller of a scenario, and what is registered with it by what name. */
export interface PlayedPoller {
  readonly poller: Poller
  readonly labels: Map<string, number>
}

export class Player {
  readonly libc: Libc
  readonly backend: Backend
  /** What is written and read. */
  readonly bytes = new Memory(MOST_BYTES)
  /** For what a call is given by address and is no longer than this. */
  readonly small = new Memory(64)
  readonly pollers = new Map<string, PlayedPoller>()
  /** Those that scenarios have closed. */
  readonly retired = new RetiredPollers()
  labels = new Labels()
  readonly #open = new Set<number>()
  readonly #numbers = new Map<string, number>()
  readonly #first: number
  readonly #directory: string
  #hasFifo = false

  /** `directory`: where the FIFO of a scenario may be. */
  constructor(libc: Libc, backend: Backend, directory: string) {
    this.libc = libc
    this.backend = backend
    this.#directory = directory
    const limit = softLimit(libc, RLIMIT_NOFILE, Infinity)
    this.#first = Math.max(0, Math.min(FIRST, limit - LEFT_FOR_SCENARIOS))
  }

  /** What each step of a scenario gave. Afterwards nothing is open. */
  play(scenario: readonly ScenarioStep[]): Observation[] {
    try {
      return scenario.map((step) => this.step(step))
    } finally {
      this.end()
    }
  }

  /** What one step gives. */
  step(step: ScenarioStep): Observation {
    const play = steps[step.op] as (player: this, step: ScenarioStep) => Observation
    return play(this, step)
  }

  /** Undoes everything, for the next scenario to begin with nothing. */
  end(): void {
    for (const { poller } of this.pollers.values()) poller.close()
    if (this.retired.areMany) this.retired.end()
    for (const fd of this.#open) this.libc.fn.close(fd)
    if (this.#hasFifo) this.libc.fn.unlink(this.fifo())
    this.#open.clear()
    this.#numbers.clear()
    this.pollers.clear()
    this.labels = new Labels()
    this.#hasFifo = false
  }

  /** Gives back what was kept for the next scenario. */
  close(): void {
    this.end()
    this.retired.end()
  }

  /** What a call gave: its result, or the errno. */
  result(result: number): string {
    return result === -1 ? errnoName(this.libc.errno()) : String(result)
  }

  /** Moves a new descriptor to where scenarios have theirs. Which number it gets there is the same everywhere. */
  place(fd: number, name: string): string {
    if (fd === -1) return this.result(fd)
    const moved = this.libc.fn.fcntl(fd, F.DUPFD_CLOEXEC, this.#first)
    this.libc.fn.close(fd)
    return this.keep(moved, name)
  }

  /** The two numbers that a call has written to `small`. */
  placePair(result: number, first: string, second: string): string {
    if (result === -1) return this.result(result)
    const { view } = this.small
    const [a, b] = [view.getInt32(0, true), view.getInt32(4, true)]
    return `${this.place(a, first)} ${this.place(b, second)}`
  }

  /** Binds a descriptor to a name; it is closed at the end unless a step closes it before. */
  keep(fd: number, name: DescriptorName): string {
    if (fd === -1) return this.result(fd)
    this.#open.add(fd)
    if (typeof name === 'string') this.#numbers.set(name, fd)
    return `#${fd - this.#first}`
  }

  /** The names of descriptors that are open, and were not closed by their numbers. */
  get openNames(): string[] {
    return [...this.#numbers].filter(([, fd]) => this.#open.has(fd)).map(([name]) => name)
  }

  closeNumber(fd: number): number {
    this.#open.delete(fd)
    return this.libc.fn.close(fd)
  }

  /**
   * The number behind a name, also when it is closed: who uses it then may be talking of another one that has the number
   * by now. -1 where nobody has it: what would have made it has failed.
   */
  fd(name: DescriptorName): number {
    return typeof name === 'number' ? name : (this.#numbers.get(name) ?? -1)
  }

  /** What has been made under a name. Throws SystemError where that has failed. */
  poller(name: string): PlayedPoller {
    const found = this.pollers.get(name)
    if (found === undefined) throw new SystemError(name, osConstants.errno.EBADF, 'EBADF')
    return found
  }

  /** The path of the scenario's FIFO, which is made when it is used first. */
  fifo(): string {
    const path = join(this.#directory, 'fifo')
    if (!this.#hasFifo) sys(this.libc, 'mkfifo', path, 0o600)
    this.#hasFifo = true
    return path
  }
}
