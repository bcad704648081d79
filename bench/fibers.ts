/**
 * Holds fibers against async functions and `setImmediate`, and many that are parked against few: `npm run bench:fibers`.
 * Exits with 1 where a fiber is slower than either, where a wake costs more than 1.5 times as much with 100,000 fibers
 * on 10,000 descriptors as with 10 on 10, or where a parked fiber has a kilobyte or more.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { openLibc } from '../src/libc/libc.ts'
import { contests } from './fibers/contests.ts'
import { bytesPerFiber, Parked } from './fibers/parked.ts'
import { spawnings } from './fibers/spawning.ts'

const ROUNDS = 21
const WARMUP_ROUNDS = 5
const WAKES = 2000
const MOST_RATIO = 1.5
const MOST_BYTES = 1024
const PARKED = 100_000

const libc = openLibc()

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN
}

/** Runs every one in each round, in turn, so that what disturbs one disturbs all; medians, in nanoseconds each. */
async function medians(
  runs: Readonly<Record<string, () => void | Promise<void>>>,
  operations: number,
): Promise<Record<string, number>> {
  const samples = new Map(Object.keys(runs).map((name) => [name, [] as number[]]))
  for (let round = -WARMUP_ROUNDS; round < ROUNDS; round++) {
    for (const [name, run] of Object.entries(runs)) {
      const start = process.hrtime.bigint()
      await run()
      const ns = Number(process.hrtime.bigint() - start) / operations
      if (round >= 0) samples.get(name)?.push(ns)
    }
  }
  return Object.fromEntries([...samples].map(([name, all]) => [name, median(all)]))
}

function verdict(isGood: boolean, text: string): string {
  if (!isGood) process.exitCode = 1
  return isGood ? '' : `  ${text}`
}

for (const { name, operations, fiber, rivals, others = {} } of [...spawnings(libc), ...contests(libc)]) {
  const all = await medians({ fiber, ...rivals, ...others }, operations)
  process.stdout.write(`${name}\n`)
  for (const [rival, ns] of Object.entries(all)) {
    const isFair = rival in rivals
    const slower = verdict(!isFair || (all['fiber'] ?? NaN) <= ns, 'FASTER THAN A FIBER')
    process.stdout.write(`  ${rival.padEnd(42)} ${ns.toFixed(1).padStart(8)} ns each${slower}\n`)
  }
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
const bytes = bytesPerFiber(libc, PARKED, collect)
process.stdout.write(
  `memory of a parked fiber\n  ${bytes.toFixed(0)} bytes${verdict(bytes < MOST_BYTES, `MORE THAN ${MOST_BYTES}`)}\n`,
)

const few = new Parked(libc, 10, 10)
const many = new Parked(libc, PARKED, PARKED / 10)
const woken = await medians({ few: () => few.wake(WAKES), many: () => many.wake(WAKES) }, WAKES)
const ratio = (woken['many'] ?? NaN) / (woken['few'] ?? NaN)
process.stdout.write('wake by a descriptor, over epoll, with its write and its read\n')
process.stdout.write(`  10 fibers on 10          ${(woken['few'] ?? NaN).toFixed(0).padStart(8)} ns\n`)
process.stdout.write(
  `  ${PARKED} fibers on ${PARKED / 10} ${(woken['many'] ?? NaN).toFixed(0).padStart(8)} ns, ${ratio.toFixed(2)} times${verdict(ratio <= MOST_RATIO, `MORE THAN ${MOST_RATIO}`)}\n`,
)
few[Symbol.dispose]()
many[Symbol.dispose]()
