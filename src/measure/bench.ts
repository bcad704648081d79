/** The benchmark: which workloads, over which backends, at which sizes, within which limits. */
import { backends } from '../backends/index.ts'
import type { BackendName } from '../backends/index.ts'
import type { Libc } from '../libc/libc.ts'
import type { WorkloadName } from '../workloads/index.ts'
import type { Case, WorkloadOptions } from '../workloads/workload.ts'
import { Availability } from './availability.ts'
import type { Judge } from './availability.ts'
import { measureCallTax } from './call-tax.ts'
import { chooseDriver } from './choose-driver.ts'
import type { ChosenDriver, DriverChoice } from './choose-driver.ts'
import { closeAllLater } from './driver.ts'
import type { MeasuringDriver, Opened } from './driver.ts'
import { withDifference } from './difference.ts'
import { makeRoom, neededBy, whyTooMany } from './fit.ts'
import type { AtOnce, Room } from './fit.ts'
import { NoiseMeter } from './noise.ts'
import type { Noise } from './noise.ts'
import { branch, seededRandom } from '../random.ts'
import type { Random } from '../random.ts'
import type { BenchGap, BenchReport, BenchResult, BenchSettings, Control, OpenLoopResult } from './report.ts'
import { makePlan, openAtOnce } from './plan.ts'
import type { Planned, Together } from './plan.ts'
import { FEWEST_ROUNDS, QUICK_ROUNDS, runRounds } from './rounds.ts'
import type { RoundsResult } from './rounds.ts'
import { crossoversOf, scalingOf } from './scaling.ts'
import { correctForMany } from './statistics/verdict.ts'
import { headOf, summarise } from './summary.ts'
import type { SummaryOptions } from './summary.ts'
import { timerSlackNs } from './timer-slack.ts'

export interface BenchOptions extends Omit<WorkloadOptions, 'fds'> {
  readonly libc: Libc
  readonly backends: readonly BackendName[]
  readonly workloads: readonly WorkloadName[]
  /** Every size is measured on its own; several make a sweep. */
  readonly sizes: readonly number[]
  /** The processors to run on; none: any. */
  readonly cpus: readonly number[]
  readonly driver: DriverChoice
  /** How long the whole run may take, in milliseconds; slow combinations may take longer. */
  readonly durationMs: number
  /** Exactly so many rounds, whatever they take. */
  readonly rounds?: number | undefined
  /** Fewer rounds, for a first look. */
  readonly quick: boolean
  readonly seed: number
  readonly signal?: AbortSignal | undefined
  readonly onWarning: (message: string) => void
  /** Called between measurements, never during one. */
  readonly onProgress?: (workload: WorkloadName, index: number, count: number) => void
  /** Called after every workload with all that was measured so far. */
  readonly onPart?: (measurement: Measurement) => unknown
  /** What else runs on this machine yet: nothing is measured before its end. Its failure must have a handler. */
  readonly ready?: Promise<unknown>
  /** Says of backends that it may be fatal to try why they cannot be used. Default: they are tried here. */
  readonly judge?: Judge
}

/** All of a report but what it says of the tool and the machine. */
export type Measurement = Omit<BenchReport, 'schema' | 'tool' | 'environment'>

/**
 * Measures. Raises the soft descriptor limit to the hard one; throws `UsageError`, with the number that would
 * fit, where a size does not, and `UnsupportedError` where none of the backends is there. An aborted run returns
 * what it has.
 */
export async function bench(options: BenchOptions): Promise<Measurement> {
  const start = performance.now()
  const availability = new Availability(options)
  availability.look()
  const room = makeRoom(options.libc)
  const plan = makePlan(options, room)
  const cases = plan.flat().length
  const tax = await measureCallTax(options.libc)
  const chosen = chooseDriver(options.driver, tax, options.onWarning)
  await options.ready
  await availability.lookAtRest()
  const meter = new NoiseMeter()
  const run = new Run(options, { chosen, meter, room, availability })
  const head = {
    startedAt: new Date().toISOString(),
    settings: settingsOf(options),
    driver: chosen.report,
    seed: options.seed,
    clock: chosen.clock,
    timerSlackNs: timerSlackNs(options.libc),
    callTax: tax,
  }
  const measured = (complete: boolean): Measurement => ({
    ...head,
    durationMs: Math.round(performance.now() - start),
    ...run.findings(complete),
  })
  try {
    let index = 0
    for (const together of plan) {
      if (options.signal?.aborted === true) break
      options.onProgress?.(together[0].name, index, cases)
      const leftMs = options.durationMs - (performance.now() - start)
      await run.measure(together, (leftMs * together.length) / (cases - index))
      index += together.length
      if (index < cases) await options.onPart?.(measured(false))
    }
    return measured(options.signal?.aborted !== true)
  } finally {
    chosen.driver.close()
    meter.close()
  }
}

function settingsOf(options: BenchOptions): BenchSettings {
  const { sizes, active, eventsPerWait, trigger, source, writes, rateHz, cpus, quick } = options
  return {
    fds: sizes,
    ...(active === undefined ? {} : { active }),
    eventsPerWait,
    trigger,
    source,
    writes,
    rateHz,
    cpus,
    quick,
  }
}

/** A case that is open on its backends, the last of which is the control. */
interface Entered {
  readonly case: Case
  readonly opened: readonly Opened[]
}

/** The indexes of the controls, where all cases stand behind one another. */
function controlsOf(entered: readonly Entered[]): number[] {
  let end = 0
  return entered.map(({ opened }) => (end += opened.length) - 1)
}

/** What a run is made with. */
interface Means {
  readonly chosen: ChosenDriver
  readonly meter: NoiseMeter
  readonly room: Room
  readonly availability: Availability
}

/** A run in the making. */
class Run {
  readonly #options: BenchOptions
  readonly #chosen: ChosenDriver
  readonly #meter: NoiseMeter
  readonly #room: Room
  readonly #availability: Availability
  readonly #random: Random
  readonly #results: BenchResult[] = []
  readonly #gaps: BenchGap[] = []
  readonly #openLoop: OpenLoopResult[] = []
  readonly #control: Control[] = []
  readonly #switches = { voluntary: 0, involuntary: 0 }
  #spoiltRounds = 0

  constructor(options: BenchOptions, { chosen, meter, room, availability }: Means) {
    this.#options = options
    this.#chosen = chosen
    this.#meter = meter
    this.#room = room
    this.#availability = availability
    this.#random = seededRandom(options.seed)
  }

  /** Measures cases side by side: those of one workload whose figures are to be held against each other. */
  async measure(together: Together, budgetMs: number): Promise<void> {
    const [{ name, case: first }] = together
    const driver = this.#driverOf(first)
    const start = performance.now()
    // What it keeps from case to case would be in the way of the other one's descriptors.
    if (driver !== this.#chosen.driver) this.#chosen.driver.close()
    const random = branch(this.#random)
    const entered: Entered[] = []
    const opened = (): Opened[] => entered.flatMap((one) => one.opened)
    try {
      for (const planned of together) {
        const names = this.#capable(planned)
        const [again] = names
        if (again === undefined) continue
        const entries = driver.open(
          [...names, again].map((backend) => backends[backend]),
          {
            libc: this.#options.libc,
            workload: name,
            case: planned.case,
            cpus: this.#options.cpus,
            quick: this.#options.quick,
          },
        )
        entered.push({ case: planned.case, opened: entries })
      }
      if (entered.length === 0) return
      const rounds = await runRounds({
        workload: name,
        case: first,
        opened: opened(),
        controls: controlsOf(entered),
        budgetMs: budgetMs - (performance.now() - start),
        fewest: this.#options.quick ? QUICK_ROUNDS : FEWEST_ROUNDS,
        rounds: this.#options.rounds,
        random,
        meter: this.#meter,
        signal: this.#options.signal,
      })
      this.#spoiltRounds += rounds.spoilt.size
      this.#switches.voluntary += rounds.switches.voluntary
      this.#switches.involuntary += rounds.switches.involuntary
      this.#summarise(name, entered, rounds, { driver: driver.name, random })
    } finally {
      await closeAllLater(opened())
    }
  }

  /** The backends that can run a case. The others have a gap. */
  #capable(planned: Planned): BackendName[] {
    return this.#options.backends.filter((backend) => {
      const reason = this.#whyNot(planned, backend)
      if (reason !== undefined) this.#gaps.push(gapOf(planned, backend, reason))
      return reason === undefined
    })
  }

  #summarise(
    workload: WorkloadName,
    entered: readonly Entered[],
    { series, ...rounds }: RoundsResult,
    how: Pick<SummaryOptions, 'driver' | 'random'>,
  ): void {
    const results: BenchResult[] = []
    let at = 0
    for (const { case: one, opened } of entered) {
      const own = series.slice(at, (at += opened.length))
      const summary = summarise({ ...rounds, series: own }, { ...how, workload, case: one })
      results.push(...summary.results.map((result) => withDifference(result, one, results, how.random)))
      this.#openLoop.push(...summary.openLoop)
      this.#gaps.push(...summary.gaps)
      if (summary.control !== undefined) this.#control.push(summary.control)
    }
    this.#results.push(...results)
  }

  /** The driver that was chosen, but for a case that has its own. */
  #driverOf(workload: Case): MeasuringDriver {
    return workload.driver === 'ffi' ? this.#chosen.callByCall : this.#chosen.driver
  }

  /** Why a backend cannot run a case; undefined if it can. */
  #whyNot({ size, case: workload }: Planned, name: BackendName): string | undefined {
    const backend = backends[name]
    const atOnce = openAtOnce(this.#options, workload)
    return (
      this.#availability.whyNot(name) ??
      workload.cannot?.(backend) ??
      this.#driverOf(workload).cannot(workload, backend) ??
      whyTooMany(workload, size, this.#room, atOnce) ??
      this.#whyTooLarge(workload, backend.capabilities.largestFd, atOnce)
    )
  }

  /** Descriptors are numbered from the lowest free number on. */
  #whyTooLarge(workload: Case, largestFd: number | undefined, atOnce: AtOnce): string | undefined {
    if (largestFd === undefined) return undefined
    const { size } = this.#driverOf(workload).otherDescriptors(this.#options.libc)
    const needed = size + neededBy(workload, atOnce)
    if (needed <= largestFd) return undefined
    return `it cannot watch descriptors above ${largestFd}, and this needs some ${needed}`
  }

  /** What happened to this process, and to those that were measured. */
  #noise(): Noise {
    const own = this.#meter.total(this.#spoiltRounds)
    return {
      ...own,
      voluntaryContextSwitches: own.voluntaryContextSwitches + this.#switches.voluntary,
      involuntaryContextSwitches: own.involuntaryContextSwitches + this.#switches.involuntary,
    }
  }

  findings(
    complete: boolean,
  ): Pick<
    Measurement,
    'results' | 'openLoop' | 'control' | 'scaling' | 'crossovers' | 'gaps' | 'noise' | 'interrupted'
  > {
    return {
      results: correctedByWorkload(this.#results),
      openLoop: [...this.#openLoop],
      control: [...this.#control],
      scaling: scalingOf(this.#results),
      crossovers: crossoversOf(this.#results),
      gaps: [...this.#gaps],
      noise: this.#noise(),
      ...(complete ? {} : { interrupted: true }),
    }
  }
}

/**
 * Results whose comparisons are corrected for how many there are of one workload: over all backends, sizes and
 * variants, one of them is likely to look different by chance.
 */
function correctedByWorkload(results: readonly BenchResult[]): BenchResult[] {
  const corrected = [...results]
  for (const workload of new Set(results.map((result) => result.workload))) {
    const compared = [...results.entries()].flatMap(([index, result]) =>
      result.workload === workload && result.ratio !== undefined ? [{ index, result, ...result.ratio }] : [],
    )
    for (const { index, result, p, verdict } of correctForMany(compared)) {
      if (result.ratio !== undefined) corrected[index] = { ...result, ratio: { ...result.ratio, p, verdict } }
    }
  }
  return corrected
}

function gapOf({ name, case: workload }: Planned, backend: BackendName, reason: string): BenchGap {
  return { ...headOf({ workload: name, case: workload }), backend, outcome: 'unsupported', reason }
}
