import {
  add,
  closeAll,
  dup,
  epoll,
  eventfd,
  mod,
  poll,
  read,
  select,
  socketpair,
  wait,
  write,
} from '../../build.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { waitForEvents } from '../../operations/calls.ts'
import type { ReportedEvent } from '../../operations/events.ts'
import { expectEvents } from '../../operations/native.ts'
import type { Name } from '../../steps.ts'
import { ManyFiles } from './many-files.ts'
import { classic, classicNames } from '../../classic.ts'

/** More than the arrays of fixed size that implementations collect events in: 16, 32, 64, 128. */
const READY = 140

const names = (count: number): Name[] => Array.from({ length: count }, (_, i) => `e${i}`)
const all = (fds: readonly Name[], what: string): Record<Name, string> =>
  Object.fromEntries(fds.map((fd) => [fd, what]))

/** All that is ready comes in one call that has room for it, each once. */
export const completeness: readonly Check[] = [
  {
    id: 'batch.single-call-completeness',
    statement: `Of ${READY} descriptors that are ready, one call that has room for all returns all, each once.`,
    level: 'contract',
    kind: 'det',
    source: 'gVisor; epoll_wait(2); poll(2); select(2)',
    backends: classicNames,
    descriptors: READY + 8,
    run(machine) {
      switch (classic(machine.backend)) {
        case 'epoll':
          completeInEpoll(machine)
          break
        case 'poll':
          machine.run(...names(READY).map((fd) => eventfd(fd, 1)))
          machine.run(poll(all(names(READY), 'IN|OUT'), all(names(READY), 'IN|OUT')))
          break
        case 'select':
          machine.run(...names(READY).map((fd) => eventfd(fd, 1)))
          machine.run(select(all(names(READY), 'rw'), all(names(READY), 'rw')))
          break
      }
    },
  },
  epollCheck({
    id: 'batch.no-duplicates',
    statement:
      'However often a descriptor becomes ready, and for whatever, one wait returns it once; a duplicate that was added is an entry of its own.',
    source: 'libvma issue 559; StarryOS; wasmer issue 6608',
    bugs: [
      'Mellanox/libvma#559: the same descriptor twice in one return',
      'wasmerio/wasmer#6608: an event for IN and another for OUT; the handler of the second met a descriptor that the first had closed',
    ],
    steps: [
      socketpair('a', 'b'),
      socketpair('c', 'd'),
      epoll('level'),
      epoll('edge'),
      add('level', 'a', 'IN|OUT'),
      add('level', 'c', 'IN'),
      add('edge', 'a', 'IN|OUT|ET'),
      add('edge', 'c', 'IN|ET'),
      // Ready for two reasons, after several writes, and armed anew.
      write('b', 1),
      write('b', 1),
      write('d', 1),
      write('d', 1),
      write('b', 1),
      mod('level', 'a', 'IN|OUT'),
      mod('edge', 'a', 'IN|OUT|ET'),
      wait('level', { a: 'IN|OUT', c: 'IN' }),
      wait('edge', { a: 'IN|OUT', c: 'IN' }),
      wait('level', { a: 'IN|OUT', c: 'IN' }),
      read('a', 3),
      write('b', 1),
      write('b', 1),
      wait('edge', { a: 'IN|OUT' }),
      wait('edge', {}),
      // Two numbers of one open file are two entries, and two events.
      dup('a', 'a2'),
      add('level', 'a2', 'IN'),
      wait('level', { a: 'IN|OUT', a2: 'IN', c: 'IN' }),
    ],
  }),
  epollCheck({
    id: 'batch.remaining-not-lost',
    statement: 'What did not fit into a wait comes in the next ones, edges and one-shot events too.',
    source: 'libkqueue issue 89; unikraft issue 1297; Miri issue 3812',
    bugs: [
      'unikraft/unikraft#1297: edges were lost where maxevents was less than what was ready',
      'rust-lang/miri#3812: all ready entries were taken off the list, and only some returned',
      'mheily/libkqueue#89: the write event of a descriptor was lost on a short list',
    ],
    run(machine) {
      for (const mask of ['IN|ET', 'IN|ONESHOT', 'IN|OUT|ET', 'IN|OUT|ONESHOT']) {
        const fds = ['a', 'b', 'c', 'd', 'e']
        machine.run(epoll('ep'))
        for (const fd of fds) machine.run(socketpair(fd, `peer of ${fd}`), add('ep', fd, mask))
        if (mask.includes('OUT')) expectEach(machine, fds, 'OUT')
        if (mask.includes('ONESHOT')) machine.run(...fds.map((fd) => mod('ep', fd, mask)))
        machine.run(...fds.map((fd) => write(`peer of ${fd}`, 1)))
        expectEach(machine, fds, mask.includes('OUT') ? 'IN|OUT' : 'IN')
        machine.run(closeAll())
      }
    },
  }),
]

function completeInEpoll(machine: Machine): void {
  machine.run(epoll('level'), epoll('edge'))
  const files = new ManyFiles(machine, READY)
  files.add('level', 'IN')
  files.add('edge', 'IN|ET')
  for (let index = 0; index < READY; index++) files.signal(index)
  const each = Array.from({ length: READY }, (_, index) => index)
  for (const [ep, room, expected] of [
    ['level', READY, each],
    ['level', 4 * READY, each],
    ['edge', READY, each],
    ['edge', READY, []],
  ] as const) {
    files.expectEvents(ep, room, expected)
  }
}

/** Waits with little room until nothing comes. Fails unless every descriptor comes once, with this mask. */
function expectEach(machine: Machine, fds: readonly Name[], mask: string): void {
  machine.begin(`epoll_wait(ep, 2 events, 0 ms) until ${fds.length} events have come`)
  const events: ReportedEvent[] = []
  for (let calls = 0; calls <= fds.length; calls++) {
    const batch = waitForEvents(machine, 'ep', 2, 0)
    if (batch.length === 0) break
    events.push(...batch)
  }
  expectEvents(
    events,
    fds.map((fd) => [fd, mask]),
  )
  machine.run(wait('ep', {}))
}
