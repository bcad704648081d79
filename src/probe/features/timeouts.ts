import { Timespec } from '../../backends/timeout.ts'
import type { Pointer } from '../../libc/signatures.ts'
import { Misbehaviour } from './feature.ts'

const SHORT_NS = 200_000
const NS_PER_MS = 1_000_000

/** A timeout between two milliseconds: one that is cut to milliseconds ends too early. */
const UNEVEN_NS = 1_200_000

/** How many short waits may be late, by other load, before it is worth a remark. */
const TRIES = 20

/**
 * Waits for nothing, by a call that throws where it fails, with timeouts below a millisecond. Too early is wrong. Too late may be the load of the
 * machine, so the shortest of many waits counts, and a remark is all that it leads to.
 */
export function tryFineTimeout(wait: (timespec: Pointer) => number): string | undefined {
  const timespec = new Timespec()
  const timed = (timeoutNs: number): number => {
    const address = timespec.set(timeoutNs)
    const start = process.hrtime.bigint()
    const result = wait(address)
    const elapsed = Number(process.hrtime.bigint() - start)
    if (result !== 0) throw new Misbehaviour(`a wait for nothing returned ${result}`)
    if (elapsed < timeoutNs) {
      throw new Misbehaviour(`a timeout of ${timeoutNs} ns ended after ${elapsed} ns`)
    }
    return elapsed
  }
  timed(UNEVEN_NS)
  let shortest = Infinity
  for (let i = 0; i < TRIES && shortest >= NS_PER_MS; i++) shortest = Math.min(shortest, timed(SHORT_NS))
  if (shortest < NS_PER_MS) return undefined
  return `the shortest of ${TRIES} waits of 200 us took ${Math.round(shortest / 1000)} us: the timeout is rounded up, or the machine is slow to wake`
}
