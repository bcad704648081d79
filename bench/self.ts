/**
 * Measures evloop's own hot paths, mostly without a kernel: `npm run bench:self`. Exits with 1 where something that must
 * not grow with the number of registrations does.
 */
import { Bench } from 'tinybench'
import { openLibc } from '../src/libc/libc.ts'
import { allGroups } from './self/cases.ts'

const NS_PER_MS = 1e6
/** How long each case is sampled. */
const SAMPLING_MS = 400

for (const group of allGroups(openLibc())) {
  const bench = new Bench({ time: SAMPLING_MS, warmupTime: SAMPLING_MS / 2 })
  for (const one of group.cases) bench.add(one.name, () => one.run())
  process.stdout.write(`${group.name}\n`)
  let firstNs: number | undefined
  const tasks = bench.runSync()
  for (const one of group.cases) one.close?.()
  for (const [index, { name, result }] of tasks.entries()) {
    if (result.state !== 'completed') throw new Error(`${name}: ${result.state}`)
    const ns = (result.latency.p50 * NS_PER_MS) / (group.cases[index]?.operations ?? 1)
    firstNs ??= ns
    const grown = group.limit !== undefined && ns > firstNs * group.limit
    if (grown) process.exitCode = 1
    const verdict = grown ? `  NOT CONSTANT: more than ${group.limit} times the first` : ''
    process.stdout.write(`  ${name.padEnd(12)} ${ns.toFixed(1).padStart(8)} ns per ${group.unit}${verdict}\n`)
  }
}
