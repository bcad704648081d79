import { Interest, INTERRUPTED, ReadinessBatch } from '../../../backends/backend.ts'
import { backends } from '../../../backends/index.ts'
import { add, counter, epoll, eventfd, mod, signal } from '../../build.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { epollCheck, classicCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { waitForEvents } from '../../operations/calls.ts'
import type { Name } from '../../steps.ts'

/** A wait with room for `max`, told as the names of what it returned, in order. */
type ShortWait = (max: number) => Name[]

const names = (prefix: string, count: number): Name[] =>
  Array.from({ length: count }, (_, i) => `${prefix}${i}`)

/** Who comes when there is not room for all. */
export const turns: readonly Check[] = [
  classicCheck({
    id: 'batch.limit-respected',
    statement:
      'With 13 descriptors ready and 5 quiet, waits with room for 3 that drain what they get return 3, 3, 3, 3 and 1, each of the 13 once.',
    source: 'LTP epoll_wait13; epoll_wait(2)',
    run(machine) {
      const ready = names('ready', 13)
      const short = watch(machine, [...ready, ...names('quiet', 5)], 'IN')
      machine.run(...ready.map((fd) => signal(fd)))
      takeInThrees(machine, ready, short, (fd) => machine.run(counter(fd, '1')))
      if (machine.backend !== 'epoll') return
      // Edges are taken by the wait itself.
      machine.run(epoll('edges'), ...ready.map((fd) => add('edges', fd, 'IN|ET')))
      machine.run(...ready.map((fd) => signal(fd)))
      const edges: ShortWait = (max) => waitForEvents(machine, 'edges', max, 0).map(([label]) => label)
      takeInThrees(machine, ready, edges, () => undefined)
    },
  }),
  epollCheck({
    id: 'batch.lt-rotation',
    statement:
      'Level-triggered entries that stay ready take turns: 7 of them come 3 times each in 7 waits with room for 3.',
    level: 'de-facto',
    source: 'LTP epoll_wait14; Gramine; measured',
    bugs: ['Mellanox/libvma#236: those at the end of the list were never returned'],
    run(machine) {
      const fds = names('e', 7)
      const short = watch(machine, fds, 'IN')
      machine.run(...fds.map((fd) => signal(fd)))
      machine.begin('epoll_wait(ep, 3 events, 0 ms), 7 times, with 7 entries that stay ready')
      const seen = Array.from({ length: 7 }, () => short(3)).flat()
      machine.expect(countsOf(fds, seen), fds.map((fd) => `${fd} 3 times`).join(', '), 'events')
    },
  }),
  epollCheck({
    id: 'batch.fifo-order',
    statement:
      'Events come in the order in which they became ready, for entries that were ready already in the order of ADD; MOD does not move one.',
    level: 'quirk',
    source: 'gVisor AllWritable; measured',
    run(machine) {
      const fds = names('e', 4)
      const order = (ep: Name): string =>
        waitForEvents(machine, ep, 8, 0)
          .map(([label]) => label)
          .join(' ')
      machine.run(...fds.map((fd) => eventfd(fd)), epoll('ep'), ...fds.map((fd) => add('ep', fd, 'IN')))
      machine.run(...['e2', 'e0', 'e3', 'e1'].map((fd) => signal(fd)))
      machine.run(mod('ep', 'e2', 'IN'), mod('ep', 'e3', 'IN'))
      machine.begin('epoll_wait(ep) after writes to e2, e0, e3, e1 and MOD of e2, e3')
      machine.expect(order('ep'), 'e2 e0 e3 e1', 'order')
      machine.run(epoll('late'), ...['e3', 'e1', 'e0', 'e2'].map((fd) => add('late', fd, 'IN')))
      machine.begin('epoll_wait(late) of entries that were ready when added: e3, e1, e0, e2')
      machine.expect(order('late'), 'e3 e1 e0 e2', 'order')
    },
  }),
  classicCheck({
    id: 'batch.starvation',
    statement:
      'However many are ready all the time, one that becomes ready is returned in its turn, also where a wait has room for one.',
    level: 'de-facto',
    source: 'libvma issue 236; epoll(7)',
    bugs: ['Mellanox/libvma#236: what the library itself watched starved what the kernel watched'],
    run(machine) {
      const busy = names('busy', 3)
      // Added first, last and in the middle: a scan that always starts at one end starves the other.
      const quiet = ['first', 'middle', 'last']
      const short = watch(machine, ['first', 'busy0', 'busy1', 'middle', 'busy2', 'last'], 'IN')
      machine.run(...busy.map((fd) => signal(fd)))
      for (let round = 0; round < 3; round++) {
        for (const [turn, fd] of quiet.entries()) {
          // Let the turn be another one each time.
          for (let i = 0; i < round + turn; i++) short(1)
          machine.run(signal(fd))
          machine.begin(`waits with room for 1 until ${fd} comes, with ${busy.length} that are always ready`)
          expectWithin(fd, short, busy.length + 1)
          machine.run(counter(fd, '1'))
        }
      }
      machine.run(...busy.map((fd) => counter(fd, '1')))
      machine.begin('a wait when nothing is ready any more')
      machine.expect(short(8).join(' '), '', 'events')
    },
  }),
]

/** Makes eventfds and watches them, by epoll itself, or by the Poller of a backend that has no kernel object. */
function watch(machine: Machine, fds: readonly Name[], mask: string): ShortWait {
  machine.run(...fds.map((fd) => eventfd(fd)))
  if (machine.backend === 'epoll') {
    machine.run(epoll('ep'), ...fds.map((fd) => add('ep', fd, mask)))
    return (max) => waitForEvents(machine, 'ep', max, 0).map(([label]) => label)
  }
  const poller = backends[machine.backend].open(machine.libc)
  machine.pollers.set('p', poller)
  for (const [index, fd] of fds.entries()) poller.add(machine.fd(fd), Interest.READ, BigInt(index))
  return (max) => {
    const batch = new ReadinessBatch(max)
    const count = poller.wait(batch, 0)
    if (count === INTERRUPTED) throw new Failure('events or none', 'the wait was interrupted')
    return Array.from({ length: count }, (_, i) => fds[Number(batch.token(i))] ?? `token ${batch.token(i)}`)
  }
}

function takeInThrees(
  machine: Machine,
  ready: readonly Name[],
  short: ShortWait,
  drain: (fd: Name) => void,
): void {
  const seen: Name[] = []
  for (const count of [3, 3, 3, 3, 1, 0]) {
    machine.begin(`a wait with room for 3 when ${ready.length - seen.length} are left`)
    const batch = short(3)
    machine.expect(batch.length, count, 'events')
    seen.push(...batch)
    for (const fd of batch) drain(fd)
  }
  machine.expect(countsOf(ready, seen), ready.map((fd) => `${fd} once`).join(', '), 'events')
}

/** How often each came; what is none of them is named as well. */
function countsOf(fds: readonly Name[], seen: readonly Name[]): string {
  const times = (fd: Name): string => {
    const count = seen.filter((name) => name === fd).length
    return count === 1 ? 'once' : `${count} times`
  }
  const others = [...new Set(seen)].filter((fd) => !fds.includes(fd))
  return [...fds, ...others].map((fd) => `${fd} ${times(fd)}`).join(', ')
}

function expectWithin(fd: Name, short: ShortWait, waits: number): void {
  const seen: Name[] = []
  while (seen.length < waits) {
    const batch = short(1)
    if (batch.length === 0)
      throw new Failure('an event while something is ready', `none after ${seen.join(', ')}`)
    seen.push(...batch)
    if (batch.includes(fd)) return
  }
  throw new Failure(`${fd} within ${waits} waits`, `${seen.join(', ')}`)
}
