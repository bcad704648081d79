import { Interest, Readiness, ReadinessBatch } from '../../../backends/backend.ts'
import { backendNames, backends } from '../../../backends/index.ts'
import { AF, CLOCK, F, FD_SETSIZE, SOCK } from '../../../libc/constants/linux.ts'
import { layouts } from '../../../libc/layouts.ts'
import { Memory } from '../../../libc/memory.ts'
import { NULL } from '../../../libc/signatures.ts'
import type { ArgumentsOf, FunctionName } from '../../../libc/signatures.ts'
import {
  add,
  call,
  del,
  epoll,
  eventfd,
  mod,
  openPoller,
  poll,
  pollerAdd,
  pollerRemove,
  pollerWait,
  select,
  signal,
  wait,
} from '../../build.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { classic } from '../../classic.ts'
import { classicCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { resultOf } from '../../native-call.ts'
import { withDescriptorLimit } from '../../operations/descriptor-limit.ts'

/** What must stand in memory that a failed call may not write to. */
const UNTOUCHED = 0xa5

/** The limit that poll's array is held against: below what it is here, whatever that is. */
const LOW_LIMIT = 32

/** Descriptors: how many there may be, and how large their numbers. */
export const descriptors: readonly Check[] = [
  classicCheck({
    id: 'lim.emfile',
    statement:
      'Without a free descriptor all that makes one fails with EMFILE, pipes leave their array alone and take nothing, and what is there goes on working.',
    source: 'epoll_create(2), eventfd(2), pipe(2); LTP; gVisor',
    run(machine) {
      machine.run(eventfd('e', 1), eventfd('quiet'))
      if (machine.backend === 'epoll') machine.run(epoll('ep'), add('ep', 'e', 'IN'))
      const next = nextFree(machine)
      withDescriptorLimit(machine, next, () => {
        expectNoMore(machine, next)
        useWhatIsThere(machine)
      })
      withDescriptorLimit(machine, next + 1, () => expectNoPair(machine, next))
      // With the limit, everything is as it was.
      machine.run(eventfd('another', 1), poll({ another: 'IN' }, { another: 'IN' }))
      if (machine.backend !== 'epoll') return
      machine.run(epoll('ep2'), add('ep2', 'another', 'IN'), wait('ep2', { another: 'IN' }))
    },
  }),
  {
    id: 'lim.poll-nofile',
    statement:
      'An array of as many entries as there may be descriptors is taken by poll, and a longer one fails with EINVAL, also where no entry is a descriptor.',
    level: 'contract',
    kind: 'det',
    source: 'poll(2): EINVAL; gVisor',
    backends: ['poll'],
    run(machine) {
      machine.run(eventfd('e', 1))
      const entries = new Memory((LOW_LIMIT + 1) * layouts.pollfd.size)
      for (let i = 0; i <= LOW_LIMIT; i++) entries.view.setInt32(i * layouts.pollfd.size, -1, true)
      const ask = (fn: 'poll' | 'ppoll', count: number): number | string =>
        fn === 'poll'
          ? resultOf(machine.libc, 'poll', entries.address, count, 0)
          : resultOf(machine.libc, 'ppoll', entries.address, count, new Memory(16).address, NULL)
      withDescriptorLimit(machine, LOW_LIMIT, () => {
        for (const fn of ['poll', 'ppoll'] as const) {
          if (fn === 'ppoll' && (!machine.libc.has(fn) || ask(fn, 1) === 'ENOSYS')) continue
          for (const [count, expected] of [
            [LOW_LIMIT, 0],
            [LOW_LIMIT + 1, 'EINVAL'],
            [0, 0],
          ] as const) {
            machine.begin(`${fn} of ${count} entries with RLIMIT_NOFILE of ${LOW_LIMIT}`)
            machine.expect(ask(fn, count), expected, fn)
          }
        }
        // A number above the limit that is open already may be asked for.
        machine.run(poll({ e: 'IN' }, { e: 'IN' }))
      })
      machine.begin(`poll of ${LOW_LIMIT + 1} entries with the limit as before`)
      machine.expect(ask('poll', LOW_LIMIT + 1), 0, 'poll')
    },
  },
  {
    id: 'lim.fd-setsize',
    statement: `A descriptor of ${FD_SETSIZE} or more is watched like any other, but select refuses it with an error instead of writing past its sets, and goes on with the others.`,
    level: 'contract',
    kind: 'det',
    source: 'select(2): FD_SETSIZE; libevent; gunicorn',
    backends: backendNames,
    // So that the number is below the limit.
    descriptors: FD_SETSIZE + 32,
    steps: (backend) => [
      eventfd('low'),
      eventfd('e'),
      call('fcntl', ['$e', F.DUPFD_CLOEXEC, FD_SETSIZE], 'ok', 'high'),
      openPoller('p'),
      pollerAdd('p', 'low', 'READ', '1'),
      pollerAdd('p', 'high', 'READ', '2', { expect: backend === 'select' ? 'unsupported' : 'ok' }),
      pollerWait('p', []),
      signal('high'),
      pollerWait('p', backend === 'select' ? [] : [{ token: '2', is: 'READABLE' }]),
      signal('low'),
      pollerWait('p', [
        { token: '1', is: 'READABLE' },
        ...(backend === 'select' ? [] : [{ token: '2', is: 'READABLE' }]),
      ]),
      ...(backend === 'select' ? [] : [pollerRemove('p', 'high')]),
      pollerWait('p', [{ token: '1', is: 'READABLE' }]),
    ],
  },
]

/** A call that makes a descriptor. */
interface Maker {
  readonly what: string
  readonly make: (machine: Machine) => number | string
}

const maker = <N extends FunctionName>(fn: N, ...args: ArgumentsOf<N>): Maker => ({
  what: fn,
  make: ({ libc }) => (libc.has(fn) ? resultOf(libc, fn, ...args) : 'ENOSYS'),
})

/** What old kernels and policies answer to a call that they do not have. */
const ABSENT: readonly (number | string)[] = ['ENOSYS', 'EPERM', 'EACCES']

function expectNoMore(machine: Machine, next: number): void {
  const mask = new Memory(layouts.sigset.size)
  const makers = [
    ...(machine.backend === 'epoll' ? [maker('epoll_create1', 0), maker('epoll_create', 1)] : []),
    maker('eventfd', 0, 0),
    maker('timerfd_create', CLOCK.MONOTONIC, 0),
    maker('signalfd', -1, mask.address, 0),
    maker('inotify_init1', 0),
    maker('socket', AF.UNIX, SOCK.STREAM, 0),
    maker('dup', machine.fd('e')),
  ]
  for (const { what, make } of makers) {
    machine.begin(`${what} with every number below ${next} in use, and RLIMIT_NOFILE of ${next}`)
    const result = make(machine)
    if (typeof result === 'number') machine.libc.fn.close(result)
    if (!ABSENT.includes(result)) machine.expect(result, 'EMFILE', what)
  }
  expectNoPair(machine, next)
}

/** Pipes and pairs of sockets, with no free number or one. */
function expectNoPair(machine: Machine, next: number): void {
  const fds = new Memory(8)
  const makers = [maker('pipe2', fds.address, 0), maker('socketpair', AF.UNIX, SOCK.STREAM, 0, fds.address)]
  for (const { what, make } of makers) {
    machine.begin(`${what} with less than two free descriptors`)
    fds.bytes.fill(UNTOUCHED)
    const result = make(machine)
    if (result === 0) for (const at of [0, 4]) machine.libc.fn.close(fds.view.getInt32(at, true))
    if (ABSENT.includes(result)) continue
    machine.expect(result, 'EMFILE', what)
    if (fds.bytes.some((byte) => byte !== UNTOUCHED)) {
      throw new Failure(
        `${what} leaves the array alone`,
        `[${fds.view.getInt32(0, true)}, ${fds.view.getInt32(4, true)}]`,
      )
    }
  }
  machine.begin('look for the first number that is free')
  machine.expect(nextFree(machine), next, 'the first free number')
}

/** What the next descriptor would be, by asking for the first number that is none. */
function nextFree(machine: Machine): number {
  let fd = 0
  while (machine.libc.fn.fcntl(fd, F.GETFD, 0) !== -1) fd++
  return fd
}

/** Without a new descriptor, what there is can be added, changed, waited for and deleted. */
function useWhatIsThere(machine: Machine): void {
  switch (classic(machine.backend)) {
    case 'epoll':
      machine.run(wait('ep', { e: 'IN' }), add('ep', 'quiet', 'IN'), mod('ep', 'quiet', 'OUT'))
      machine.run(wait('ep', { e: 'IN', quiet: 'OUT' }), del('ep', 'quiet'), wait('ep', { e: 'IN' }))
      return
    case 'poll':
      machine.run(poll({ e: 'IN', quiet: 'IN' }, { e: 'IN' }))
      break
    case 'select':
      machine.run(select({ e: 'r', quiet: 'r' }, { e: 'r' }))
      break
  }
  // These have no object in the kernel, so that a Poller needs no descriptor.
  machine.begin(`open a Poller of ${machine.backend} without a free descriptor`)
  const poller = backends[machine.backend].open(machine.libc)
  machine.pollers.set('p', poller)
  poller.add(machine.fd('e'), Interest.READ, 7n)
  poller.add(machine.fd('quiet'), Interest.READ, 8n)
  const batch = new ReadinessBatch(4)
  machine.expect(poller.wait(batch, 0), 1, 'events')
  machine.expect(batch.token(0), 7n, 'token')
  machine.expect(batch.flags[0] ?? 0, Readiness.READABLE, 'readiness')
}
