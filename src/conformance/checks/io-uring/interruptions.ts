/** What a completion does to waits that have nothing to do with its ring, of the thread that has submitted it. */
import { layouts } from '../../../libc/layouts.ts'
import { Memory } from '../../../libc/memory.ts'
import { NULL } from '../../../libc/signatures.ts'
import { epoll, eventfd, pipe } from '../../build.ts'
import type { Check } from '../../check.ts'
import { ringCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { resultOf } from '../../native-call.ts'
import { eventBuffer, pollfdFor, timespecOf } from '../../operations/events.ts'
import { LONGEST_WAIT_MS, WOKEN } from '../../patience.ts'
import type { SetupFlag } from '../../rings/abi.ts'
import { pollAdd } from '../../rings/requests.ts'
import { completions, setupRing, submit } from '../../steps/rings.ts'

/** The completion comes while the wait lasts, and the wait goes on after it. */
const SOON_MS = 20
const WAIT_MS = 80

/** Made when it is first used: to have memory is to have chosen a binding. */
let memory: Memory | undefined
const byte = (): Memory => (memory ??= new Memory(1, { shared: true }))

export const interruptions: readonly Check[] = [
  ringCheck({
    id: 'iou.signal-eintr.epoll-wait',
    statement:
      'A poll of a ring that completes ends an epoll_wait of the thread that has submitted it with EINTR, though there is no signal.',
    level: 'quirk',
    kind: 'thread',
    source: 'axboe/liburing#468; measured (Linux 6.18)',
    why: 'A loop that takes EINTR for a signal runs its handlers for nothing; one that ends with it ends for nothing.',
    bugs: ['axboe/liburing#468: on Linux 5.15 work of io_uring made unrelated waits of epoll return EINTR'],
    differs:
      'With IORING_SETUP_DEFER_TASKRUN the wait sleeps on. poll and select are begun again by the kernel.',
    threads: 1,
    run(machine) {
      machine.run(epoll('ep'))
      expectDuringWait(machine, [], 'EINTR', () => waitForNothing(machine, WOKEN.timeoutMs))
    },
  }),
  ringCheck({
    id: 'iou.signal-eintr.deferred',
    statement:
      'With IORING_SETUP_DEFER_TASKRUN a poll of a ring that completes does not end an epoll_wait of the thread that has submitted it.',
    level: 'de-facto',
    kind: 'thread',
    source: 'io_uring_setup(2), IORING_SETUP_DEFER_TASKRUN; measured (Linux 6.18)',
    threads: 1,
    run(machine) {
      const flags: readonly SetupFlag[] = ['SINGLE_ISSUER', 'DEFER_TASKRUN']
      machine.run(epoll('ep'))
      expectDuringWait(machine, flags, 0, () => waitForNothing(machine, WAIT_MS))
    },
  }),
  ringCheck({
    id: 'iou.signal-eintr.other-waits',
    statement:
      'A poll of a ring that completes ends no poll, ppoll or select of the thread that has submitted it.',
    level: 'de-facto',
    kind: 'thread',
    source: 'signal(7); measured (Linux 6.18)',
    threads: 1,
    run(machine) {
      const { libc } = machine
      machine.run(eventfd('quiet'))
      const quiet = pollfdFor(machine, 'quiet')
      expectDuringWait(machine, [], 0, () => resultOf(libc, 'poll', quiet.address, 1, WAIT_MS))
      const time = timespecOf(WAIT_MS)
      expectDuringWait(machine, [], 0, () => resultOf(libc, 'ppoll', quiet.address, 1, time.address, NULL))
      const left = new Memory(layouts.timeval.size)
      left.view.setBigInt64(8, BigInt(WAIT_MS) * 1000n, true)
      expectDuringWait(machine, [], 0, () => resultOf(libc, 'select', 0, NULL, NULL, NULL, left.address))
    },
  }),
]

/** Has a poll of this thread complete while it waits for something else, and looks what the wait gave. */
function expectDuringWait(
  machine: Machine,
  flags: readonly SetupFlag[],
  expected: number | string,
  wait: () => number | string,
): void {
  machine.run(pipe('r', 'w'), setupRing('ring', { flags }), submit('ring', pollAdd('p', 'r', 'IN')))
  const thread = machine.acquireThread()
  machine.begin('wait, while another thread makes a poll of this one complete')
  const [writer, count] = [machine.fd('w'), 1]
  thread.post({
    calls: [
      { fn: 'poll', args: [NULL, 0, SOON_MS] },
      { fn: 'write', args: [writer, byte().address, count] },
    ],
    rounds: 1,
  })
  const result = wait()
  thread.join(LONGEST_WAIT_MS)
  machine.giveThreadBack(thread)
  machine.expect(result, expected, 'the wait gives')
  machine.run(completions('ring', { p: 'IN' }))
  for (const fd of ['r', 'w', 'ring']) machine.closeFd(fd)
}

function waitForNothing(machine: Machine, timeoutMs: number): number | string {
  return resultOf(machine.libc, 'epoll_wait', machine.fd('ep'), eventBuffer(1).address, 1, timeoutMs)
}
