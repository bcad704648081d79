/**
 * Counts that a pool runs each of 1,000,000 small jobs exactly once, over 1, 2 and 4 threads, and once more while its
 * threads are killed at random, exit, and die of errors: `npm run bench:pool -- [--jobs 1000000] [backend …]`, by default
 * over the best backend that works here. `EVLOOP_KQUEUE_LIB` names a library that brings a kqueue. Exits with 1 where a
 * job has not run, has run twice, or is not told as it went, and where a descriptor or a thread of the process is left.
 *
 * With threads that die, what is counted is what a pool promises: a job that resolves has run once; one that is told to
 * have lost its thread has run once or not at all, and is given to the pool again here, because its effect is such that
 * it may be made twice. At the end, every effect is there.
 */
import { parseArgs } from 'node:util'
import { backendNames, backends, defaultBackend } from '../src/backends/index.ts'
import type { Backend } from '../src/backends/backend.ts'
import { openLibc } from '../src/libc/libc.ts'
import { Leftovers } from './pool/leftovers.ts'
import { describeTally, tallyOf } from './pool/tally.ts'

const { values, positionals } = parseArgs({
  options: { jobs: { type: 'string', default: '1000000' } },
  allowPositionals: true,
})
const libc = openLibc({ lib: process.env['EVLOOP_KQUEUE_LIB'] })
const named = positionals.map((name) => {
  const known = backendNames.find((backend) => backend === name)
  if (known === undefined) throw new RangeError(`no backend ${name}: ${backendNames.join(', ')}`)
  return backends[known]
})
const chosen: readonly (Backend | undefined)[] = named.length > 0 ? named : [defaultBackend(libc)]

for (const backend of chosen) {
  if (backend === undefined) throw new RangeError('no backend works here')
  // What Node, and a library, keep from their first use on is no leftover.
  await tallyOf(libc, { jobs: 1000, threads: 1, backend, withFaults: false, seed: 0 })
  for (const threads of [1, 2, 4]) {
    for (const withFaults of [false, true]) {
      const leftovers = new Leftovers()
      const options = { jobs: Number(values.jobs), threads, backend, withFaults, seed: threads }
      const tally = await tallyOf(libc, options)
      const problems = [...tally.problems, ...(await leftovers.find())]
      const who = `${threads} ${withFaults ? 'threads that die' : 'threads'}`
      process.stdout.write(`${backend.name}, ${who}: ${describeTally(tally)}\n`)
      for (const problem of problems) process.stdout.write(`  ${problem}\n`)
      if (problems.length > 0) process.exitCode = 1
    }
  }
}
