/**
 * What disturbed a measurement from outside: other programs that wanted the same processors, a hypervisor that
 * gave them to other guests, a quota of the container. Recorded round by round, so that a round that was
 * disturbed can be told apart; none is left out for it.
 */
import { loadavg } from 'node:os'
import { parsePressure, parseSteal } from './noise/parse.ts'
import { openProcFile } from './noise/proc-file.ts'
import type { OpenProcFile, ProcFile } from './noise/proc-file.ts'
import { openThrottling } from './noise/throttling.ts'
import type { ThrottlingFiles } from './noise/throttling.ts'

/** What disturbed a span of time. Null where this machine does not tell. */
export interface Disturbance {
  /** How long at least one task of the machine waited for a processor (`some` of PSI), microseconds. */
  readonly pressureUs: number | null
  /** How long the hypervisor kept processors for others, summed over all processors; in steps of 10 ms. */
  readonly stealMs: number | null
  /** How long the quotas of the control groups around this process kept tasks waiting, summed over processors. */
  readonly throttledMs: number | null
  /** How often they did. */
  readonly throttlings: number | null
}

/** What disturbed a whole run, as reports have it. */
export interface Noise extends Disturbance {
  /** How often this process gave its processor up, and how often it was taken away (getrusage(2)). */
  readonly voluntaryContextSwitches: number
  readonly involuntaryContextSwitches: number
  /** The load average of one minute, before and after. */
  readonly loadAverage: readonly [number, number]
  /** How many rounds were disturbed. They are counted in all figures. */
  readonly spoiltRounds: number
}

/**
 * The part of a round that spoils it when it was lost for certain: stolen by the hypervisor, or spent waiting by
 * the measuring thread itself. It is the smallest difference that is ever called one. As steal is told in steps
 * of 10 ms, any at all is above it in a round of less than a second.
 */
const LOSS_LIMIT = 0.01

/**
 * The part of a round for which tasks may wait for a processor where it is not known whether the measuring
 * thread was among them. PSI does not say whose tasks they are: a single neighbour on another processor makes
 * none wait, two that share it do, and neither disturbs this process. On two processors, in rounds of 50 ms,
 * short tasks that start beside a busy one came to 0.12 without the measuring thread waiting at all; when it
 * waited for a tenth of a round, or more, nine rounds of ten were above 0.2.
 */
const PRESSURE_LIMIT = 0.2

/**
 * Whether a round of this length was disturbed. `waitedMs`, where the driver knows it, is how long the measuring
 * thread was ready to run and had no processor; then pressure is not asked. What is not known does not count.
 */
export function spoiled(disturbance: Disturbance, roundMs: number, waitedMs?: number): boolean {
  const { pressureUs, stealMs, throttlings } = disturbance
  // A throttled process stands still for the rest of a period, mostly of 100 ms: longer than most rounds take.
  if ((throttlings ?? 0) > 0) return true
  if ((stealMs ?? 0) > LOSS_LIMIT * roundMs) return true
  if (waitedMs !== undefined) return waitedMs > LOSS_LIMIT * roundMs
  return (pressureUs ?? 0) / 1000 > PRESSURE_LIMIT * roundMs
}

/**
 * Watches disturbances. A sample costs some 20 microseconds, and no descriptor is opened for it: they stay open
 * until `close`. Where there is no /proc, or only part of it, what is missing is null.
 */
export class NoiseMeter {
  readonly #pressure: ProcFile | undefined
  readonly #stat: ProcFile | undefined
  readonly #throttling: ThrottlingFiles
  readonly #start: Disturbance
  readonly #startUsage = process.resourceUsage()
  readonly #startLoad = currentLoad()
  #last: Disturbance

  constructor(open: OpenProcFile = openProcFile) {
    this.#pressure = open('/proc/pressure/cpu')
    this.#stat = open('/proc/stat')
    this.#throttling = openThrottling(open)
    this.#start = this.#read()
    this.#last = this.#start
  }

  /** What happened since the last sample, or since the meter was made. */
  sample(): Disturbance {
    const before = this.#last
    this.#last = this.#read()
    return difference(this.#last, before)
  }

  /** What happened since the meter was made. */
  total(spoiltRounds: number): Noise {
    const usage = process.resourceUsage()
    const { voluntaryContextSwitches, involuntaryContextSwitches } = this.#startUsage
    return {
      ...difference(this.#read(), this.#start),
      voluntaryContextSwitches: usage.voluntaryContextSwitches - voluntaryContextSwitches,
      involuntaryContextSwitches: usage.involuntaryContextSwitches - involuntaryContextSwitches,
      loadAverage: [this.#startLoad, currentLoad()],
      spoiltRounds,
    }
  }

  close(): void {
    this.#pressure?.close()
    this.#stat?.close()
    this.#throttling.close()
  }

  /** All counters as they are now. */
  #read(): Disturbance {
    const throttling = this.#throttling.total()
    return {
      pressureUs: parsePressure(this.#pressure?.text() ?? '') ?? null,
      stealMs: parseSteal(this.#stat?.text() ?? '') ?? null,
      throttledMs: throttling?.ms ?? null,
      throttlings: throttling?.times ?? null,
    }
  }
}

function difference(now: Disturbance, before: Disturbance): Disturbance {
  // Never negative: steal can be corrected downwards, and a group can be made anew.
  const of = (key: keyof Disturbance): number | null => {
    const [late, early] = [now[key], before[key]]
    return late === null || early === null ? null : Math.max(0, late - early)
  }
  return {
    pressureUs: of('pressureUs'),
    stealMs: of('stealMs'),
    throttledMs: of('throttledMs'),
    throttlings: of('throttlings'),
  }
}

function currentLoad(): number {
  return loadavg()[0] ?? 0
}
