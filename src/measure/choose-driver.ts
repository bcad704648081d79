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
  /** For cases that only this one can measure. */
  readonly callByCall: FfiDriver
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
    return replay(tax)
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

function replay(tax: CallTax): ChosenDriver {
  const located = locateReplayer()
  try {
    const replayer = loadReplayer(located.path)
    const clock = measureClock(replayer)
    const callNs = measureReplayedCall(replayer)
    return {
      driver: new ReplayDriver(replayer, { clockNs: clock.costNs, callNs }),
      callByCall: new FfiDriver(tax),
      report: { name: 'replay', reason: located.detail, process: 'forked' },
      clock,
    }
  } finally {
    located.release()
  }
}

function ffi(tax: CallTax, reason: string): ChosenDriver {
  const driver = new FfiDriver(tax)
  return { driver, callByCall: driver, report: { name: 'ffi', reason }, clock: nodeClock() }
}

/** How many looks at the clock are taken to measure it, and how often: what interrupts one try leaves others. */
const LOOKS = 2000
const TRIES = 10

/** What `process.hrtime.bigint` costs when nothing interrupts it, and its smallest step. */
function nodeClock(): ClockReport {
  let costNs = Infinity
  let stepNs = Infinity
  for (let i = 0; i < TRIES; i++) {
    let last = process.hrtime.bigint()
    const start = last
    for (let look = 0; look < LOOKS; look++) {
      const time = process.hrtime.bigint()
      if (time > last) stepNs = Math.min(stepNs, Number(time - last))
      last = time
    }
    costNs = Math.min(costNs, Number(last - start) / LOOKS)
  }
  if (!Number.isFinite(stepNs)) throw new UnsupportedError('the clock', 'it stands still')
  return { costNs, stepNs }
}
