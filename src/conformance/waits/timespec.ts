import { write } from '../build.ts'
import type { Machine } from '../machine.ts'
import { PROMPT_MS, WOKEN } from '../patience.ts'
import type { WaitFunction } from './functions.ts'
import { readable, Wait, watchPipe } from './wait.ts'
import type { Timeout } from './wait.ts'
import { withThreads } from './waiting-thread.ts'

const SECOND = 1_000_000_000n

/** Not an interval of time, whatever is ready. */
const NO_TIMES: readonly Timeout[] = [
  { seconds: -1n, rest: 0n },
  { seconds: -(2n ** 63n), rest: 0n },
  { seconds: 0n, rest: -1n },
  { seconds: 1n, rest: -(2n ** 63n) },
  { seconds: 0n, rest: SECOND },
  { seconds: 1n, rest: SECOND + 1n },
  { seconds: -1n, rest: SECOND },
]

/**
 * Fails unless what is no time is refused, whether something is ready or not, and the next wait works. The calls are
 * made by a thread, because they may block.
 */
export function expectTimespecChecked(machine: Machine, fn: WaitFunction): void {
  watchPipe(machine)
  withThreads(machine, 1, (thread) => {
    const attempt = (): void => {
      for (const timeout of NO_TIMES) thread.expectOf(new Wait(machine, fn, timeout), 'EINVAL', PROMPT_MS)
    }
    attempt()
    machine.run(write('w', 1))
    attempt()
    thread.expectOf(new Wait(machine, fn, { ms: WOKEN.timeoutMs }), readable('r'), PROMPT_MS)
  })
}
