import {
  add,
  closeAll,
  connect,
  drain,
  epoll,
  eventfd,
  fill,
  listener,
  pipe,
  read,
  signal,
  socket,
  wait,
  write,
} from '../../build.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import { pageSize } from '../../operations/pages.ts'
import type { Step } from '../../steps.ts'
import { release, waiters, woken } from '../../steps/waiters.ts'
import type { Count, WaiterPlace } from '../../steps/waiters.ts'

const WAITERS = 8
const EPOLLS = names('ep', WAITERS)
const WRITES = 3

/** Epolls, the descriptors of the check, and what lets the waiters go. */
const DESCRIPTORS = WAITERS + 4

export const counts: readonly Check[] = [
  epollCheck({
    id: 'epoll.excl.one-per-write',
    statement:
      'Of eight epolls that watch a descriptor with EPOLLEXCLUSIVE, each with a sleeping thread, a write wakes at least one.',
    kind: 'thread',
    source: 'epoll_ctl(2); LTP epoll_wait16',
    threads: WAITERS,
    descriptors: DESCRIPTORS,
    steps: [
      eventfd('e'),
      ...watching(EPOLLS, 'e', 'IN|EXCLUSIVE'),
      waiters('w', oneIn(EPOLLS)),
      signal('e'),
      woken('w', { 'e IN': [1, WAITERS] }),
      release('w', [0, WAITERS - 1]),
    ],
  }),
  epollCheck({
    id: 'epoll.excl.one-per-write.exactly-one',
    statement: `Of eight epolls with EPOLLEXCLUSIVE, each of ${WRITES} writes wakes exactly one thread more, and the others sleep on.`,
    level: 'de-facto',
    kind: 'thread',
    source: 'LTP epoll_wait16; measured',
    why: 'It is what the flag is for: servers with a process per core put their listener into it so that a connection wakes one of them, not all.',
    differs: 'epoll_ctl(2) promises one or more; Linux wakes one. gVisor takes the flag and wakes all.',
    threads: WAITERS,
    descriptors: DESCRIPTORS,
    steps: [
      eventfd('e'),
      ...watching(EPOLLS, 'e', 'IN|EXCLUSIVE'),
      waiters('w', oneIn(EPOLLS)),
      ...Array.from({ length: WRITES }, () => [signal('e'), woken('w', { 'e IN': 1 })]).flat(),
      release('w', WAITERS - WRITES),
    ],
  }),
  epollCheck({
    id: 'epoll.excl.mixed',
    statement:
      'Of four epolls with EPOLLEXCLUSIVE and four without, a write wakes all four without it and at least one with it.',
    kind: 'thread',
    source: 'epoll_ctl(2)',
    threads: WAITERS,
    descriptors: DESCRIPTORS,
    steps: mixed([1, 4]),
  }),
  epollCheck({
    id: 'epoll.excl.mixed.exactly-one',
    statement:
      'Of four epolls with EPOLLEXCLUSIVE and four without, a write wakes all four without it and exactly one with it.',
    level: 'de-facto',
    kind: 'thread',
    source: 'measured',
    differs: 'gVisor takes the flag and wakes all.',
    threads: WAITERS,
    descriptors: DESCRIPTORS,
    steps: mixed(1),
  }),
  epollCheck({
    id: 'epoll.excl.et',
    statement:
      'Edge-triggered and with EPOLLEXCLUSIVE, one write wakes exactly one of eight epolls, and each of them has it once.',
    level: 'de-facto',
    kind: 'thread',
    source: 'measured',
    differs: 'gVisor takes the flag and wakes all.',
    threads: WAITERS,
    descriptors: DESCRIPTORS,
    steps: [
      pipe('r', 'w'),
      ...watching(EPOLLS, 'r', 'IN|ET|EXCLUSIVE'),
      waiters('w', oneIn(EPOLLS)),
      write('w', 1),
      woken('w', { 'r IN': 1 }),
      release('w', WAITERS - 1),
    ],
  }),
  epollCheck({
    id: 'epoll.excl.out',
    statement:
      'Of four epolls that wait with EPOLLEXCLUSIVE for room in a full pipe, one page read wakes exactly one.',
    level: 'de-facto',
    kind: 'thread',
    source: 'measured',
    threads: 4,
    run(machine) {
      const epolls = names('ep', 4)
      const bytes = pageSize(machine)
      machine.run(
        pipe('r', 'w'),
        fill('w', bytes),
        ...watching(epolls, 'w', 'OUT|EXCLUSIVE'),
        waiters('writers', oneIn(epolls)),
        read('r', bytes),
        woken('writers', { 'w OUT': 1 }),
        release('writers', 3),
      )
    },
  }),
  epollCheck({
    id: 'epoll.excl.listener',
    statement:
      'Of four epolls that watch a listener with EPOLLEXCLUSIVE, each of two connections wakes exactly one more, over TCP and over a unix socket.',
    level: 'de-facto',
    kind: 'thread',
    source: 'epoll_ctl(2); nginx; measured',
    why: 'Listeners of servers with a process per core are what the flag was made for: without it, every connection wakes all of them.',
    differs: 'gVisor takes the flag and wakes all.',
    threads: 4,
    steps: (['inet', 'unix'] as const).flatMap((domain) => [
      listener('l', domain),
      ...watching(names('ep', 4), 'l', 'IN|EXCLUSIVE'),
      waiters('w', oneIn(names('ep', 4))),
      ...['first', 'second'].flatMap((client) => [
        socket(client, domain),
        connect(client, 'l', domain === 'inet' ? 'EINPROGRESS' : 0),
        woken('w', { 'l IN': 1 }),
      ]),
      release('w', 2),
      closeAll(),
    ]),
  }),
  epollCheck({
    id: 'epoll.excl.no-waiter-all-see',
    statement:
      'EPOLLEXCLUSIVE is about wake-ups alone: where nobody sleeps, all epolls report what was written, like any other entry.',
    level: 'quirk',
    source: 'measured',
    steps: [
      pipe('r', 'w'),
      ...watching(['lt1', 'lt2', 'lt3', 'lt4'], 'r', 'IN|EXCLUSIVE'),
      ...watching(['et1', 'et2', 'et3', 'et4'], 'r', 'IN|ET|EXCLUSIVE'),
      write('w', 1),
      ...names('lt', 4).flatMap((ep) => [wait(ep, { r: 'IN' }), wait(ep, { r: 'IN' })]),
      ...names('et', 4).flatMap((ep) => [wait(ep, { r: 'IN' }), wait(ep, {})]),
      drain('r'),
      ...[...names('lt', 4), ...names('et', 4)].map((ep) => wait(ep, {})),
    ],
  }),
]

function names(stem: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${stem}${i + 1}`)
}

/** Epolls that watch one descriptor. */
function watching(epolls: readonly string[], fd: string, mask: string): Step[] {
  return epolls.flatMap((ep) => [epoll(ep), add(ep, fd, mask)])
}

function oneIn(epolls: readonly string[]): WaiterPlace[] {
  return epolls.map((ep) => ({ ep }))
}

/** The two kinds by turns, so that neither comes first; their events tell them apart. */
function mixed(exclusive: Count): Step[] {
  const kinds = EPOLLS.map((ep, i) =>
    i % 2 === 0
      ? add(ep, 'r', 'IN|EXCLUSIVE', { label: 'exclusive' })
      : add(ep, 'r', 'IN', { label: 'shared' }),
  )
  const [least, most] = typeof exclusive === 'number' ? [exclusive, exclusive] : exclusive
  return [
    pipe('r', 'w'),
    ...EPOLLS.map((ep) => epoll(ep)),
    ...kinds,
    waiters('w', oneIn(EPOLLS)),
    write('w', 1),
    woken('w', { 'shared IN': 4, 'exclusive IN': exclusive }),
    release('w', [4 - most, 4 - least]),
  ]
}
