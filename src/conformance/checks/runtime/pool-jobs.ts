/** What the threads of a pool are given to do. `words` are shared with the check. */
import type { Routine } from '../../../runtime/fiber.ts'
import type { PoolThread } from '../../../runtime/pool/thread.ts'

/** Counts, and gives what there was before. */
export function bump(words: Int32Array, word: number): number {
  return Atomics.add(words, word, 1)
}

/** A fiber that says that it has come, keeps its thread until a word is no 0, and says which thread. */
export function* hold(here: PoolThread, words: Int32Array, arrived: number, gate: number): Routine<number> {
  yield here.scheduler.yieldNow()
  Atomics.add(words, arrived, 1)
  Atomics.wait(words, gate, 0)
  return here.thread
}

/** The same, without being a fiber. */
export function block(words: Int32Array, arrived: number, gate: number): void {
  Atomics.add(words, arrived, 1)
  Atomics.wait(words, gate, 0)
}

/** Which thread it is. */
export function* threadOf(here: PoolThread): Routine<number> {
  yield here.scheduler.yieldNow()
  return here.thread
}

/** Waits until a descriptor can be read, and says how many registrations its thread had meanwhile. */
export function* waitFor(here: PoolThread, fd: number, words: Int32Array, arrived: number): Routine<number> {
  const parked = here.scheduler.blockOnFd(fd, 'read')
  const { registrations } = here.scheduler.counts
  Atomics.add(words, arrived, 1)
  yield parked
  return registrations
}

/** Waits until its thread ends, and says so. */
export function* waitForEver(here: PoolThread, words: Int32Array, arrived: number, ended: number): Routine {
  try {
    Atomics.add(words, arrived, 1)
    yield here.scheduler.suspend()
  } finally {
    Atomics.add(words, ended, 1)
  }
}

/** Ends its thread, in the middle of the job. */
export function die(words: Int32Array, word: number): never {
  Atomics.add(words, word, 1)
  process.exit(3)
}
