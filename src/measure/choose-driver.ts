import { isKnownError, UnsupportedError, UsageError } from '../errors.ts'
import { FfiDriver } from './ffi-driver.ts'
import type { CallTax } from './call-tax.ts'
import type { MeasuringDriver } from './driver.ts'
import { loadReplayer } from './replay/native.ts'
import { locateReplayer } from './replay/locate.ts'
import { measureClock, measureReplayedCall } from './replay/cost.ts'
import { ReplayDriver } from './replay/replay-driver.ts'
import type { ClockReport, DriverReport } from './report.ts'

/** What the user may ask for. `auto`: the replayer where it can be had. */
export const driverChoices = ['auto', 'replay', 'ffi'] as const

export type DriverChoice = (typeof driverChoices)[number]

export interface ChosenDriver {
  readonly driver: MeasuringDriver
  readonly report: DriverReport
  readonly clock: ClockReport
}

/**
 * Chooses what drives the cycles. Throws `UsageError` where the replayer is asked for and there is none; where
 * it is only preferred, `onWarning` hears why the other one has to do.
 */
export function chooseDriver(
  choice: DriverChoice,
  tax: CallTax,
  onWarning: (message: string) => void,
): ChosenDriver {
  if (choice === 'ffi') return ffi(tax, 'it was asked for')
  try {
    return replay()
  } catch (error) {
    if (!isKnownError(error)) throw error
    const reason = error.message
    if (choice === 'replay') {
      throw new UsageError(`--driver replay: ${reason}`, '--driver auto takes the ffi driver then')
    }
    onWarning(`${reason}; the ffi driver is used, whose calls cost more than most of what is measured`)
    return ffi(tax, reason)
  }
}

function replay(): ChosenDriver {
  const located = locateReplayer()
  try {
    const replayer = loadReplayer(located.path)
    const clock = undisturbed(() => measureClock(replayer))
    const callNs = measureReplayedCall(replayer)
    return {
      driver: new ReplayDriver(replayer, { clockNs: clock.costNs, callNs }),
      report: { name: 'replay', reason: located.detail, process: 'forked' },
      clock,
    }
  } finally {
    located.release()
  }
}

function ffi(tax: CallTax, reason: string): ChosenDriver {
  return { driver: new FfiDriver(tax), report: { name: 'ffi', reason }, clock: undisturbed(nodeClock) }
}

/** How often the clock is measured. Each takes less than a millisecond, and what interrupts it takes longer. */
const TRIES = 10

/**
 * The clock when nothing interrupted its looks, which only ever adds to what they cost. That cost is taken off
 * durations, so that too much of it would make figures too small.
 */
function undisturbed(measure: () => ClockReport): ClockReport {
  const tries = Array.from({ length: TRIES }, measure)
  return {
    costNs: Math.min(...tries.map(({ costNs }) => costNs)),
    stepNs: Math.min(...tries.map(({ stepNs }) => stepNs)),
  }
}

/** How many looks at the clock are taken to measure it. */
const LOOKS = 2000

/** What `process.hrtime.bigint` costs, and its smallest step. */
function nodeClock(): ClockReport {
  let last = process.hrtime.bigint()
  const start = last
  let step = Number.POSITIVE_INFINITY
  for (let i = 0; i < LOOKS; i++) {
    const time = process.hrtime.bigint()
    if (time > last) step = Math.min(step, Number(time - last))
    last = time
  }
  if (!Number.isFinite(step)) throw new UnsupportedError('the clock', 'it stands still')
  return { costNs: Number(last - start) / LOOKS, stepNs: step }
}
