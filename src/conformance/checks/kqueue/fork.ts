import { UnsupportedError } from '../../../errors.ts'
import { NULL } from '../../../libc/signatures.ts'
import { SharedMemory } from '../../../libc/shared-memory.ts'
import { eventfd } from '../../build.ts'
import type { Check } from '../../check.ts'
import { Failure } from '../../check.ts'
import { kqueueCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { counterOf, pollfdFor, timespecOf } from '../../operations/events.ts'
import { canForkCalls, forkCalls, signalCall } from '../../operations/forked-calls.ts'
import { abiOf } from '../../operations/kevent-words.ts'
import { WOKEN } from '../../patience.ts'
import { change, events, kev, kqueue, told } from '../../steps/kevents.ts'

/** What stands where the copy would write an event. */
const UNTOUCHED = 0xa5

/** What becomes of a kqueue in a process that is forked. */
export const forks: readonly Check[] = [
  kqueueCheck({
    id: 'kq.fork',
    statement:
      'A process that is forked does not have the kqueue: it gets no event of it, and its parent still does.',
    level: 'quirk',
    kind: 'thread',
    source: 'kqueue(2): "The queue is not inherited by a child created with fork(2)"; libkqueue',
    differs: 'FreeBSD 15 passes it on where KQUEUE_CPONFORK asks for it. An epoll is inherited.',
    run: expectNotInherited,
  }),
]

/**
 * The copy is made by daemon(3), which forks as any program does, so that what a library does in fork(2) is done;
 * the copy that calls it is one of clone(2), past all that, and ends at once.
 */
function expectNotInherited(machine: Machine): void {
  const { libc } = machine
  if (!canForkCalls(machine) || !libc.has('daemon')) {
    throw new UnsupportedError('fork', 'C has no contexts, or no daemon')
  }
  const { size } = abiOf(libc).kevent
  using seen = new SharedMemory(libc, size)
  for (let at = 0; at < size; at++) seen.view.setUint8(at, UNTOUCHED)
  machine.run(
    eventfd('done'),
    kqueue('kq'),
    change('kq', [kev('USER', 7, 'ADD'), kev('USER', 7, '', { fflags: 'TRIGGER' })]),
    events('kq', [told('USER', 7)]),
  )
  const atOnce = timespecOf(0)
  machine.keep(atOnce)
  machine.begin('fork; the child calls kevent')
  forkCalls(machine, 'child', [
    { fn: 'daemon', args: [1, 1] },
    { fn: 'kevent', args: [machine.fd('kq'), NULL, 0, seen.address, 1, atOnce.address] },
    signalCall(machine, 'done', 1n),
  ])
  const pollfd = pollfdFor(machine, 'done')
  if (libc.fn.poll(pollfd.address, 1, WOKEN.timeoutMs) !== 1) {
    throw new UnsupportedError('fork', 'the child did not get so far as to say so')
  }
  libc.fn.read(machine.fd('done'), counterOf(0n).address, 8)
  const bytes = Array.from({ length: size }, (_, at) => seen.view.getUint8(at))
  if (bytes.some((byte) => byte !== UNTOUCHED)) {
    throw new Failure('kevent gives no event in the child', 'kevent gives the event in the child')
  }
  machine.run(events('kq', [told('USER', 7)]))
}
