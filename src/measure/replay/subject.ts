import type { Libc } from '../../libc/libc.ts'
import type { Case, Detail, EventCount } from '../../workloads/workload.ts'
import type { Batch, Subject } from '../driver.ts'
import { withoutOutputs } from '../record/repeat.ts'
import { Tape } from '../record/tape.ts'
import { mean, median } from '../statistics/describe.ts'
import { MOST_MARKS } from './child.ts'
import type { LaneOrder, ReplayChild, RunResult } from './child.ts'
import { assemble } from './program.ts'
import type { Program } from './program.ts'
import type { Recording } from './record-case.ts'
import type { ReplayCost } from './replay-driver.ts'

/** How long a batch may take longer than expected before it hangs: a loaded machine is no hang. */
const PATIENCE_MS = 3000
const PATIENCE_FACTOR = 20
/** Once; and opening tens of thousands of descriptors takes its time. */
const SETUP = { cycles: 1, warmup: 0, timeoutMs: 20_000 } as const
/** A cycle that is longer than this warms itself up; a shorter one that touches much is all cold the first time. */
const COLD_NS = 20e6
/**
 * In a quick run, a cycle that is longer than this is not run once before it is measured: it would take half of the
 * run's time. Such cycles then take 2 to 3 % longer (measured: 10,000 events of eventfds, on epoll and io_uring).
 */
const QUICK_COLD_NS = 8e6
/** Where threads sleep for longer than this in every cycle, nothing stays warm in any case. */
const ASLEEP_NS = 1e6
/** The part of a batch that comes before it, untimed, because caches are cold after another process has run. */
const WARMUP = 0.05

/** The least that the kernel takes (prctl(2), PR_SET_TIMERSLACK): threads that pace themselves are to be on time. */
export const PACED_SLACK_NS = 1

const MARK = new Tape()
MARK.addPlain('mark')

/** What a case is replayed with. */
interface Programs {
  /** Opens the sources and the Pollers, and registers. */
  readonly setup: Program
  /** Cycles without a look at the clock, of each lane; absent where each cycle must be timed. */
  readonly plain: readonly Program[] | undefined
  readonly timed: readonly Program[]
}

/** Makes the programs of a recording. They must be there when the children are forked. */
export function assemblePrograms(options: {
  readonly libc: Libc
  readonly case: Case
  readonly recording: Recording
  /** What opens the sources. */
  readonly opening: Tape
}): Programs {
  const { libc, recording, opening } = options
  const { timing } = options.case
  const { setup, before, run, after } = recording
  const assembled = (tapes: readonly Tape[]): Program => assemble(libc, tapes)
  return {
    setup: assembled([opening, withoutOutputs(setup)]),
    plain: timing === 'batch' ? run.map((tape) => assembled([tape])) : undefined,
    timed: run.map((tape) => assembled(timing === 'marks' ? [tape] : [before, MARK, tape, MARK, after])),
  }
}

interface SubjectOptions {
  /** Started by the caller, when the programs are there. */
  readonly child: ReplayChild
  readonly recording: Recording
  readonly programs: Programs
  readonly case: Case
  readonly cpus: readonly number[]
  readonly cost: ReplayCost
  readonly quick: boolean
  /** Called with the child when it was killed: it is still to be waited for. */
  readonly onKilled: (child: ReplayChild) => void
}

/** A recorded case in its child. */
export class ReplaySubject implements Subject {
  readonly events: EventCount
  readonly callsPerCycle: number
  readonly taxNs: number
  readonly timesEach: boolean
  readonly mostTimed: number
  readonly #options: SubjectOptions
  #expectedCycleNs = 0
  /** A cycle of the last batch that did not look at the clock, and what looking has added so far. */
  #plainNs: number | undefined
  readonly #added: number[] = []

  constructor(options: SubjectOptions) {
    const { recording, programs, cost } = options
    this.#options = options
    this.events = { ...recording.events, expected: 0, seen: 0 }
    this.timesEach = programs.plain === undefined
    this.mostTimed = Math.floor(MOST_MARKS / Math.max(1, ...programs.timed.map(({ marks }) => marks)))
    this.callsPerCycle = recording.run.reduce((sum, { calls }) => sum + calls, 0)
    this.taxNs = this.callsPerCycle * cost.callNs
  }

  /** Has the child open everything. */
  begin(): void {
    this.#options.child.begin(this.#setup(), SETUP)
  }

  /**
   * Waits until it has; by then all children must be forked. Throws `MeasurementError` where it differs already.
   */
  await(): void {
    const { child } = this.#options
    child.leave()
    child.await(this.#setup(), SETUP)
  }

  #setup(): readonly LaneOrder[] {
    const { cpus, programs } = this.#options
    return [{ program: programs.setup, cpu: cpus[0] }]
  }

  run(cycles: number, durations: boolean): Batch {
    const { child, cpus, recording } = this.#options
    const { plain, timed } = this.#options.programs
    const { periodNs, timing } = this.#options.case
    const programs = durations || plain === undefined ? timed : plain
    const coldNs = timing === 'marks' ? ASLEEP_NS : this.#options.quick ? QUICK_COLD_NS : COLD_NS
    const isFirst = this.#expectedCycleNs === 0
    const warmup = isFirst || this.#expectedCycleNs > coldNs ? 0 : Math.max(1, Math.round(cycles * WARMUP))
    const orders = programs.map((program, lane): LaneOrder => ({
      program,
      cpu: cpus[lane % Math.max(1, cpus.length)],
      ...(periodNs === undefined ? {} : { periodNs, timerSlackNs: PACED_SLACK_NS }),
    }))
    const expectedMs = ((cycles + warmup) * this.#expectedCycleNs) / 1e6
    const result = child.run(orders, {
      cycles,
      warmup,
      timeoutMs: PATIENCE_MS + PATIENCE_FACTOR * expectedMs,
    })
    this.events.expected += cycles * recording.events.expected
    this.events.seen += cycles * recording.events.seen
    const batch = this.#batch(cycles, result, programs === timed)
    this.#expectedCycleNs = result.elapsedNs / cycles
    return { ...batch, cpuNs: (result.cpuNs * cycles) / (cycles + warmup), waitedNs: result.waitedNs }
  }

  #batch(cycles: number, result: RunResult, timed: boolean): Omit<Batch, 'cpuNs' | 'waitedNs'> {
    const { elapsedNs, switches } = result
    if (!timed) {
      this.#plainNs = elapsedNs / cycles
      const durationsNs = new Float64Array()
      return { cycles, cycleNs: elapsedNs / cycles, elapsedNs, durationsNs, switches }
    }
    const { recording } = this.#options
    const raw =
      recording.cycle.durations?.(result.marks) ?? differences(result.marks[0] ?? new Float64Array())
    const lookNs = this.#lookNs(raw)
    const durationsNs = raw.map((value) => Math.max(0, value - lookNs))
    const cycleNs = this.timesEach ? median(durationsNs) : mean(durationsNs)
    recording.cycle.timed?.(durationsNs)
    return { cycles: durationsNs.length, cycleNs, elapsedNs, durationsNs, switches }
  }

  /**
   * What a look at the clock adds to a duration. Where cycles are also run without, it is what they are faster
   * by: part of the look overlaps with what is measured, so that its cost by itself would be too much.
   */
  #lookNs(raw: Float64Array): number {
    const { clockNs } = this.#options.cost
    if (this.timesEach || this.#plainNs === undefined) return clockNs
    this.#added.push(mean(raw) - this.#plainNs)
    return Math.min(2 * clockNs, Math.max(0, median(this.#added)))
  }

  detail(): Detail {
    return this.#options.recording.cycle.detail?.() ?? {}
  }

  close(): void {
    this.#options.child.kill()
    this.#options.onKilled(this.#options.child)
  }
}

/** The times between the marks of each pair. */
function differences(marks: Float64Array): Float64Array {
  return Float64Array.from(
    { length: marks.length / 2 },
    (_, i) => (marks[2 * i + 1] ?? 0) - (marks[2 * i] ?? 0),
  )
}
