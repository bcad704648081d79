import { Failure } from '../../check.ts'
import { LONGEST_WAIT_MS } from '../../patience.ts'
import type { WaiterThread } from '../../threads/thread-pool.ts'

/** Waits until all threads have made their rounds. Fails if one hangs, or was refused a call. */
export function joinAll(threads: readonly WaiterThread[], rounds: number): void {
  for (const thread of threads) {
    const result = thread.join(LONGEST_WAIT_MS)
    if (result === undefined) throw new Failure('every thread returns', 'a thread is still in its call')
    if (result.rejected) {
      throw new Failure(
        `${rounds} successful calls`,
        `call ${result.rounds} gives ${result.result}, errno ${result.errno}`,
      )
    }
  }
}
