import type { Libc } from '../../libc/libc.ts'
import type { Detail, Timing } from '../../workloads/workload.ts'
import type { Batch, Subject } from '../driver.ts'
import { withoutOutputs } from '../record/repeat.ts'
import type { Tape } from '../record/tape.ts'
import { median } from '../statistics/describe.ts'
import { MOST_MARKS } from './child.ts'
import type { LaneOrder, ReplayChild, RunResult } from './child.ts'
import { assemble } from './program.ts'
import type { Program } from './program.ts'
import type { Recording } from './record-case.ts'
import type { ReplayCost } from './replay-driver.ts'

/** How long a batch may take longer than expected before it hangs: a loaded machine is no hang. */
const PATIENCE_MS = 3000
const PATIENCE_FACTOR = 20
/** Opening tens of thousands of descriptors takes its time. */
const SETUP_TIMEOUT_MS = 20_000
/** The part of a batch that comes before it, untimed, because caches are cold after another process has run. */
const WARMUP = 0.05

const MARK: Tape = { steps: [{ kind: 'mark' }], memory: new Set() }

interface SubjectOptions {
  readonly child: ReplayChild
  readonly recording: Recording
  /** What opens the sources. */
  readonly opening: Tape
  readonly libc: Libc
  readonly timing: Timing
  readonly periodNs: number | undefined
  readonly cpus: readonly number[]
  readonly cost: ReplayCost
  /** Descriptors that the child must not have, and those whose numbers it must not use. */
  readonly unwanted: readonly number[]
  readonly taken: readonly number[]
}

/** A recorded case in its child. */
export class ReplaySubject implements Subject {
  readonly events
  readonly callsPerCycle: number
  readonly taxNs: number
  readonly timesEach: boolean
  readonly mostTimed: number
  readonly #options: SubjectOptions
  /** Without a look at the clock; absent where each cycle must be timed. */
  readonly #plain: readonly Program[] | undefined
  readonly #timed: readonly Program[]
  readonly #setup: Program
  readonly #expectedCycleNs = { value: 0 }

  /** Starts the child, which has all programs. Throws `UnsupportedError` where it cannot be forked. */
  constructor(options: SubjectOptions) {
    const { recording, libc, timing, cost } = options
    const { before, run, after } = recording
    this.#options = options
    this.events = { ...recording.events, expected: 0, seen: 0 }
    this.timesEach = timing !== 'batch'
    this.#plain = timing === 'batch' ? run.map((tape) => assemble(libc, [tape])) : undefined
    this.#timed =
      timing === 'marks'
        ? run.map((tape) => assemble(libc, [tape]))
        : run.map((tape) => assemble(libc, [before, MARK, tape, MARK, after]))
    this.mostTimed = Math.floor(MOST_MARKS / Math.max(1, ...this.#timed.map(({ marks }) => marks)))
    this.callsPerCycle = run.reduce((sum, { steps }) => sum + steps.filter(isCall).length, 0)
    this.taxNs = this.callsPerCycle * cost.callNs
    this.#setup = assemble(libc, [options.opening, withoutOutputs(recording.setup)])
    options.child.start(options.unwanted, options.taken)
  }

  /** Has the child open everything. Throws `MeasurementError` where that differs already. */
  prepare(): void {
    const { child, cpus } = this.#options
    const order = { program: this.#setup, cpu: cpus[0] }
    child.leave()
    child.run([order], { cycles: 1, warmup: 0, timeoutMs: SETUP_TIMEOUT_MS })
  }

  run(cycles: number, durations: boolean): Batch {
    const programs = durations || this.#plain === undefined ? this.#timed : this.#plain
    const warmup = cycles === 1 ? 0 : Math.max(1, Math.round(cycles * WARMUP))
    const { child, cpus, recording, periodNs } = this.#options
    const orders = programs.map(
      (program, lane): LaneOrder => ({
        program,
        cpu: cpus[lane % Math.max(1, cpus.length)],
        ...(periodNs === undefined ? {} : { periodNs, timerSlackNs: 1 }),
      }),
    )
    const expectedMs = ((cycles + warmup) * this.#expectedCycleNs.value) / 1e6
    const result = child.run(orders, {
      cycles,
      warmup,
      timeoutMs: PATIENCE_MS + PATIENCE_FACTOR * expectedMs,
    })
    this.events.expected += cycles * recording.events.expected
    this.events.seen += cycles * recording.events.seen
    const batch = this.#batch(cycles, result, programs !== this.#plain)
    this.#expectedCycleNs.value = result.elapsedNs / cycles
    return { ...batch, cpuNs: (result.cpuNs * cycles) / (cycles + warmup), waitedNs: result.waitedNs }
  }

  #batch(cycles: number, result: RunResult, timed: boolean): Omit<Batch, 'cpuNs' | 'waitedNs'> {
    const { elapsedNs, involuntaryContextSwitches } = result
    if (!timed) {
      const durationsNs = new Float64Array()
      return { cycles, cycleNs: elapsedNs / cycles, elapsedNs, durationsNs, involuntaryContextSwitches }
    }
    const { recording, cost } = this.#options
    const raw =
      recording.cycle.durations?.(result.marks) ?? differences(result.marks[0] ?? new Float64Array())
    const durationsNs = raw.map((value) => Math.max(0, value - cost.clockNs))
    const cycleNs =
      this.#options.timing === 'batch'
        ? durationsNs.reduce((sum, value) => sum + value, 0) / durationsNs.length
        : median(durationsNs)
    recording.cycle.timed?.(durationsNs)
    return { cycles: durationsNs.length, cycleNs, elapsedNs, durationsNs, involuntaryContextSwitches }
  }

  detail(): Detail {
    return this.#options.recording.cycle.detail?.() ?? {}
  }

  close(): void {
    this.#options.child.close()
  }
}

function isCall({ kind }: Tape['steps'][number]): boolean {
  return kind === 'call'
}

/** The times between the marks of each pair. */
function differences(marks: Float64Array): Float64Array {
  return Float64Array.from({ length: marks.length / 2 }, (_, i) => (marks[2 * i + 1] ?? 0) - (marks[2 * i] ?? 0))
}
