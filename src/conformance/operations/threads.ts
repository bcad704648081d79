import { Failure } from '../check.ts'
import { LONGEST_WAIT_MS } from '../patience.ts'
import type { ThreadStep } from '../steps.ts'
import type { Operations } from './index.ts'
import { conclude } from './native.ts'

export const threadOperations: Operations<ThreadStep['op']> = {
  thread(machine, { thread, step }) {
    machine.start(thread, step)
  },
  blocked(machine, { thread }) {
    if (!machine.thread(thread).thread.waitUntilBlocked()) {
      // The step's own expectation says more about what went wrong, so it is tried first.
      finish(machine, thread)
      throw new Failure(`${thread} blocks in its call`, `${thread} returned at once`)
    }
  },
  join: (machine, { thread }) => finish(machine, thread),
}

function finish(machine: Parameters<typeof threadOperations.join>[0], name: string): void {
  const { thread, pending } = machine.thread(name)
  const result = thread.join(LONGEST_WAIT_MS)
  if (result === undefined) throw new Failure(`${name} returns`, `${name} is still in its call`)
  conclude(machine, pending, result)
}
