/** An epoll in two processes: a fork that makes calls, or where that cannot be, a process that makes steps. */
import { readFileSync } from 'node:fs'
import { EFD, EPOLL, EPOLL_CTL } from '../../../libc/constants/linux.ts'
import { layouts } from '../../../libc/layouts.ts'
import { SharedMemory } from '../../../libc/shared-memory.ts'
import {
  add,
  call,
  close,
  counter,
  del,
  epoll,
  eventfd,
  exitPeer,
  inPeer,
  joinPeer,
  mod,
  peer,
  pipe,
  poll,
  postToPeer,
  read,
  signal,
  sleep,
  wait,
  write,
} from '../../build.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { encodeEvent } from '../../operations/events.ts'
import { awaitCall, canForkCalls, forkCalls, signalCall } from '../../operations/forked-calls.ts'
import type { ForkedCall } from '../../operations/forked-calls.ts'
import { WOKEN } from '../../patience.ts'
import type { Step } from '../../steps.ts'
import { endProcess } from '../../steps/processes.ts'
import { sleepSync } from '../../../sleep.ts'

/** Enough for a process to get into its wait. If it is late, the event is there already: the result is the same. */
const INTO_WAIT_MS = 50

export const inheritance: Check = epollCheck({
  id: 'epoll.fd.inherit-fork',
  statement:
    'A process that inherits an epoll descriptor shares the epoll: it changes entries, waits, adds and is woken; its entries are of its own open files, and go with them.',
  kind: 'thread',
  source: 'epoll(7); StarryOS; measured',
  differs:
    'An epoll is shared with a child process. A kqueue is not inherited (FreeBSD 15 can copy it), a ring is inherited and may be unusable, and shims break.',
  bugs: ['Gramine: parent and child took turns with the events of one epoll'],
  run(machine) {
    machine.run(pipe('r', 'w'), epoll('ep'), add('ep', 'r', 'IN'))
    if (canForkCalls(machine)) shareWithFork(machine)
    else machine.run(...shareWithPeer)
  },
})

/** What a fork finds is seen in memory that is shared with it; what it does is seen in the epoll. */
function shareWithFork(machine: Machine): void {
  const { size, offsets } = layouts.epoll_event
  const seen = new SharedMemory(machine.libc, 2 * size)
  machine.cleanups.push(() => seen.close())
  machine.run(eventfd('go', 0, 0), eventfd('done'), eventfd('probe'))
  const number = machine.fd('probe')
  // The next descriptor gets this number, there as here.
  machine.run(close('probe'))
  const [ep, r, w] = [machine.fd('ep'), machine.fd('r'), machine.fd('w')]
  const control = (command: 'ADD' | 'MOD', fd: number, label: string): ForkedCall => {
    const event = encodeEvent(EPOLL.IN, machine.labels.data(label))
    machine.keep(event)
    return { fn: 'epoll_ctl', args: [ep, EPOLL_CTL[command], fd, event.address] }
  }
  const turn = [signalCall(machine, 'done', 1n), awaitCall(machine, 'go')]
  const one = signalCall(machine, 'w', 1n)
  machine.begin('fork a process that changes an entry, waits, reads, and adds a file of its own')
  forkCalls(machine, 'child', [
    control('MOD', r, 'renamed there'),
    { fn: 'epoll_wait', args: [ep, seen.address, 2, WOKEN.timeoutMs] },
    ...turn,
    { fn: 'read', args: [r, seen.at(size), 1] },
    ...turn,
    // Another open file behind the number that is w here.
    { fn: 'eventfd', args: [0, EFD.NONBLOCK] },
    { fn: 'dup2', args: [number, w] },
    control('ADD', w, 'of the child'),
    ...turn,
    one,
    ...turn,
  ])
  const told = poll({ done: 'IN' }, { done: 'IN' }, WOKEN.timeoutMs)
  waitUntilAsleep(machine.processes.get('child') ?? 0)
  machine.run(write('w', 1), told, counter('done', '1'))
  machine.begin('what the wait of the child returned')
  const data = seen.view.getBigUint64(offsets.data, true)
  machine.expect(machine.labels.label(data), 'renamed there', 'label')
  machine.expect(seen.view.getUint32(offsets.events, true), EPOLL.IN, 'mask')
  machine.run(wait('ep', { 'renamed there': 'IN' }), signal('go'), told, counter('done', '1'))
  // The child has read what was in the pipe.
  machine.run(wait('ep', {}), signal('go'), told, counter('done', '1'))
  machine.run(wait('ep', {}), signal('go'), told, counter('done', '1'))
  machine.run(...afterAdding, endProcess('child'), ...afterTheEnd('renamed there'))
}

/** A process that sleeps has got into its call; one that does not within a while may be late, which is as well. */
function waitUntilAsleep(pid: number): void {
  for (let tries = 0; tries < INTO_WAIT_MS; tries++) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      if (tries > 0 && stat.slice(stat.lastIndexOf(')') + 2).startsWith('S')) return
    } catch {
      // Without /proc the time has to do.
    }
    sleepSync(1)
  }
}

/** The entry of the child and one of ours have the same number and are two. */
const afterAdding: readonly Step[] = [
  wait('ep', { 'of the child': 'IN' }),
  add('ep', 'w', 'OUT', { label: 'of the parent' }),
  wait('ep', { 'of the child': 'IN', 'of the parent': 'OUT' }),
  del('ep', 'w'),
  del('ep', 'w', 'ENOENT'),
  wait('ep', { 'of the child': 'IN' }),
]

/** With the child, all descriptors of its open file are gone, and with them its entry. */
const afterTheEnd = (label: string): readonly Step[] => [
  wait('ep', {}),
  write('w', 1),
  wait('ep', { [label]: 'IN' }),
]

const shareWithPeer: readonly Step[] = [
  peer('child', ['ep', 'r', 'w']),
  // The child sees the entry of the parent, and is woken by it.
  ...inPeer('child', add('ep', 'r', 'IN', { expect: 'EEXIST' }), mod('ep', 'r', 'IN'), wait('ep', {})),
  postToPeer('child', wait('ep', { r: 'IN' }, WOKEN)),
  sleep(INTO_WAIT_MS),
  write('w', 1),
  joinPeer('child'),
  wait('ep', { r: 'IN' }),
  ...inPeer('child', read('r', 1)),
  wait('ep', {}),
  // The child has another open file behind the number that is w in the parent: that is what it adds.
  ...inPeer(
    'child',
    pipe('r2', 'w2'),
    call('dup2', ['$r2', '$w'], 'ok'),
    add('ep', 'w', 'IN', { label: 'of the child' }),
  ),
  wait('ep', {}),
  ...inPeer('child', write('w2', 1)),
  ...afterAdding,
  exitPeer('child'),
  ...afterTheEnd('r'),
]
