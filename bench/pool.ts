/**
 * Counts that a pool runs each of 1,000,000 small jobs exactly once, over 1, 2 and 4 threads, and once more while its
 * threads are killed at random, exit, and die of errors: `npm run bench:pool [jobs]`. Exits with 1 where a job has not
 * run, has run twice, or is not told as it went.
 *
 * With threads that die, what is counted is what a pool promises: a job that resolves has run once; one that is told to
 * have lost its thread has run once or not at all, and is given to the pool again here, because its effect is such that
 * it may be made twice. At the end, every effect is there.
 */
import { openLibc } from '../src/libc/libc.ts'
import { describeTally, tallyOf } from './pool/tally.ts'

const jobs = Number(process.argv[2] ?? 1_000_000)
const libc = openLibc()

for (const threads of [1, 2, 4]) {
  for (const withFaults of [false, true]) {
    const tally = await tallyOf(libc, { jobs, threads, withFaults, seed: threads })
    process.stdout.write(
      `${threads} ${withFaults ? 'threads that die' : 'threads'}: ${describeTally(tally)}\n`,
    )
    for (const problem of tally.problems) process.stdout.write(`  ${problem}\n`)
    if (tally.problems.length > 0) process.exitCode = 1
  }
}
