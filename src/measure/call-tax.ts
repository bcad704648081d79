/**
 * What a native call costs on the way there and back. Driven call by call, every figure contains this tax, and
 * at one event a wait it is most of the figure; so it is measured, and shown beside every figure.
 */
import type { Libc } from '../libc/libc.ts'
import { Memory } from '../libc/memory.ts'
import { signatures } from '../libc/signatures.ts'
import type { FunctionName } from '../libc/signatures.ts'
import { wrapLibc } from '../libc/wrap.ts'
import { mean } from './statistics/describe.ts'

/** Calls in one sample: enough that reading the clock does not count. */
const CALLS_PER_SAMPLE = 25
/** How long each function is sampled. */
const SAMPLING_MS = 5

/** The cost of a call grows with its arguments, in a straight line. */
export interface CallTax {
  /** A call without arguments, in nanoseconds. */
  readonly baseNs: number
  /** What each argument adds. */
  readonly perArgumentNs: number
}

/**
 * Measures the tax with libc functions that do next to nothing when told to: a few instructions, no system
 * call. The median of samples is taken, because a sample may meet a collection or another process.
 */
export async function measureCallTax(libc: Libc): Promise<CallTax> {
  const { Bench } = await import('tinybench')
  const scratch = new Memory(8)
  const { fn } = libc
  const probes: readonly (readonly [arity: number, call: () => unknown])[] = [
    [0, () => fn.getpagesize()],
    [1, () => fn.strlen(scratch.address)],
    [3, () => fn.memset(scratch.address, 0, 0)],
    [4, () => fn.memccpy(scratch.address, scratch.address, 0, 0)],
  ]
  const bench = new Bench({ time: SAMPLING_MS, warmupTime: SAMPLING_MS / 2 })
  for (const [arity, call] of probes) {
    bench.add(String(arity), () => {
      for (let i = 0; i < CALLS_PER_SAMPLE; i++) call()
    })
  }
  const points = bench.runSync().map(({ name, result }) => {
    if (result.state !== 'completed') throw new Error(`the call tax could not be measured: ${result.state}`)
    return [Number(name), (result.latency.p50 * 1e6) / CALLS_PER_SAMPLE] as const
  })
  return fitLine(points)
}

/** Least squares. Exported for its test. */
export function fitLine(points: readonly (readonly [x: number, y: number])[]): CallTax {
  const meanX = mean(points.map(([x]) => x))
  const meanY = mean(points.map(([, y]) => y))
  const covariance = mean(points.map(([x, y]) => (x - meanX) * (y - meanY)))
  const variance = mean(points.map(([x]) => (x - meanX) ** 2))
  const perArgumentNs = covariance / variance
  return { baseNs: meanY - perArgumentNs * meanX, perArgumentNs }
}

/** A Libc whose calls are counted, by function. */
export interface CallCounter {
  readonly libc: Libc
  readonly counts: Map<FunctionName, number>
}

/** Wraps every function of a Libc so that its calls are counted. */
export function countCalls(libc: Libc): CallCounter {
  const counts = new Map<FunctionName, number>()
  const counting = wrapLibc(libc, (name, native) => (...args) => {
    counts.set(name, (counts.get(name) ?? 0) + 1)
    return native(...args)
  })
  return { libc: counting, counts }
}

/** The tax of counted calls altogether, in nanoseconds. */
export function taxOf(counts: ReadonlyMap<FunctionName, number>, tax: CallTax): number {
  let sum = 0
  for (const [name, count] of counts) {
    sum += count * (tax.baseNs + tax.perArgumentNs * signatures[name].args.length)
  }
  return sum
}
