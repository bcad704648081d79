import { read, pipe, thread, blocked, join, write } from '../../build.ts'
import type { Check } from '../../check.ts'
import { pollCheck } from '../../define.ts'
import { softDescriptorLimit } from '../../operations/descriptor-limit.ts'
import { WOKEN } from '../../patience.ts'
import { entry, pollEntries } from '../../steps/arrays.ts'
import type { PollEntry } from '../../steps/arrays.ts'

/** Beyond what implementations put on their stack, or into sets of 1024 bits. */
const MANY = 1500

/** The ends of pieces that arrays are handled in. */
const AT_PIECES = [0, 29, 30, 255, 256, 257, 511, 512, 1023, 1024, 1025]

export const pollManyEntries: readonly Check[] = [
  pollCheck({
    id: 'poll.many-entries',
    statement: `In an array of ${MANY} entries each is looked at, also the last, and also for who is blocked.`,
    kind: 'thread',
    threads: 1,
    source: 'poll(2); measured',
    why: 'The kernel handles arrays in pieces, and others copy them to a buffer of a fixed size, or to sets of 1024 bits: what does not fit is never reported.',
    run(machine) {
      // One descriptor may stand there often; as many entries as there may be descriptors are allowed.
      const count = Math.min(MANY, softDescriptorLimit(machine))
      const withReady = (...ready: readonly number[]): PollEntry[] =>
        Array.from({ length: count }, (_, i) =>
          ready.includes(i) ? entry('r', 'IN', 'IN') : entry('quiet', 'IN'),
        )
      const last = count - 1
      machine.run(
        pipe('r', 'w'),
        pipe('quiet', 'other'),
        pollEntries(withReady()),
        thread('waiter', pollEntries(withReady(last), WOKEN)),
        blocked('waiter'),
        write('w', 1),
        join('waiter'),
        pollEntries(withReady(last)),
        pollEntries(withReady(...AT_PIECES.filter((at) => at < last), last)),
        read('r', 1),
        pollEntries(withReady(), { timeoutMs: 2 }),
      )
    },
  }),
]
