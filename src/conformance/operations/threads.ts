import { UnsupportedError } from '../../errors.ts'
import { Failure } from '../check.ts'
import { LONGEST_WAIT_MS } from '../patience.ts'
import type { NativeStep, ThreadStep } from '../steps.ts'
import type { JobResult } from '../threads/job.ts'
import type { Operations } from './index.ts'
import { conclude } from './native.ts'

export const threadOperations: Operations<ThreadStep['op']> = {
  thread(machine, { thread, step }) {
    machine.start(thread, step)
  },
  blocked(machine, { thread }) {
    const { thread: waiter, pending } = machine.thread(thread)
    if (waiter.waitUntilBlocked()) return
    // The step's own expectation says more about what went wrong, so it is tried first.
    const { elapsedNs } = finish(machine, thread)
    if (lastedItsTime(pending.step, elapsedNs)) {
      throw new UnsupportedError(
        'a thread that blocks',
        `the time of ${thread} was over before it was seen asleep: the machine is too busy, or has no /proc`,
      )
    }
    throw new Failure(`${thread} blocks in its call`, `${thread} returned at once`)
  },
  join(machine, { thread }) {
    finish(machine, thread)
  },
}

/** Whether a call has waited for as long as it was told to: it did block, and nobody was quick enough to see it. */
function lastedItsTime(step: NativeStep, elapsedNs: number): boolean {
  const timeoutMs = 'timeoutMs' in step ? (step.timeoutMs ?? 0) : 0
  return timeoutMs > 0 && elapsedNs >= timeoutMs * 1e6
}

function finish(machine: Parameters<typeof threadOperations.join>[0], name: string): JobResult {
  const { thread, pending } = machine.thread(name)
  const result = thread.join(LONGEST_WAIT_MS)
  if (result === undefined) throw new Failure(`${name} returns`, `${name} is still in its call`)
  conclude(machine, pending, result)
  return result
}
