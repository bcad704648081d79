/** What the threads of `bench:pool` run. What they count is in memory that all threads of the process share. */
import { getEnvironmentData } from 'node:worker_threads'
import type { Routine } from '../../src/runtime/fiber.ts'
import type { PoolThread } from '../../src/runtime/pool/thread.ts'

/** Where the counts are, among the data that threads are given when they start. */
export const COUNTS = 'evloop bench:pool'

/** For each job: how often it has begun, and 1 where its effect is there. */
export interface Counts {
  readonly runs: Int32Array
  readonly effects: Int32Array
}

const counts = getEnvironmentData(COUNTS) as unknown as Counts | undefined

/** The small job: says that it has run, and has its effect, which is there once however often it is made. */
export function count(index: number): number {
  if (counts === undefined) throw new TypeError('this thread was given no counts')
  Atomics.add(counts.runs, index, 1)
  Atomics.store(counts.effects, index, 1)
  return index
}

/** The same, with arguments and a result that travel by messages. */
export function countByMessage({ index }: { readonly index: number }): { readonly done: number } {
  return { done: count(index) }
}

/** Its thread exits before it has done anything. */
export function exitBefore(): never {
  process.exit(1)
}

/** Its thread exits when it has done everything, and before it can say so. */
export function exitAfter(index: number): never {
  count(index)
  process.exit(1)
}

/** Its thread dies of an error that nobody catches. */
export function* throwUncaught(here: PoolThread, index: number): Routine<number> {
  here.scheduler.spawn(() => {
    throw new Error('thrown on purpose')
  })
  yield here.scheduler.suspend()
  return count(index)
}
