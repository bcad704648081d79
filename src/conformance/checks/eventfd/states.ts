import { EFD } from '../../../libc/constants/linux.ts'
import { blocked, close, counter, dup, eventfd, join, signal, thread } from '../../build.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import { WOKEN } from '../../patience.ts'
import { inquiryOf } from '../readiness/inquiry.ts'
import type { Readiness } from '../readiness/inquiry.ts'
import { readinessCheck } from '../readiness/matrix.ts'
import { complete } from '../../steps/rings.ts'
import { visitOfProcess, writesOfProcess } from './other-process.ts'
import { runUnblocking } from './unblock.ts'
import { ALMOST_FULL, FULL, MAX } from './values.ts'

const empty: Readiness = { fd: 'e', revents: 'OUT', withoutEvents: '0', select: 'w' }
const between: Readiness = { fd: 'e', revents: 'IN|OUT', withoutEvents: '0', select: 'rw' }
const full: Readiness = { fd: 'e', revents: 'IN', withoutEvents: '0', select: 'r' }
/** No write leads here: only the kernel's own additions. */
const overflown: Readiness = { fd: 'e', revents: 'IN|ERR', withoutEvents: 'ERR', select: 'rw' }

/** What the counter's value makes ready, and who is woken by it. */
export const states: readonly Check[] = [
  readinessCheck({
    id: 'eventfd.readiness',
    statement: 'A counter of 0 is OUT, one up to 2^64-3 is IN and OUT, one of 2^64-2 is IN.',
    source: 'eventfd(2); gVisor; LTP; wasmerio/wasmer#6578; measured',
    bugs: [
      'wasmerio/wasmer#6578: readiness was changed by edges, and said no where there was something to read',
    ],
    create: [eventfd('e')],
    ...empty,
    also: [
      { steps: [signal('e', '0')], ...empty },
      { steps: [signal('e', '1')], ...between },
      { steps: [counter('e', '1'), signal('e', ALMOST_FULL)], ...between },
      { steps: [signal('e', '1')], ...full },
      { steps: [counter('e', FULL)], ...empty },
    ],
  }),
  readinessCheck({
    id: 'eventfd.semaphore',
    statement: 'With EFD_SEMAPHORE a read takes 1; it stays readable until the last, and then is EAGAIN.',
    source: 'eventfd(2); LTP; wasmer wasix eventfd-semaphore-read',
    create: [eventfd('e', 0, EFD.SEMAPHORE | EFD.NONBLOCK)],
    before: empty,
    transition: [signal('e', '3')],
    ...between,
    also: [
      { steps: [counter('e', '1')], ...between },
      { steps: [counter('e', '1')], ...between },
      { steps: [counter('e', '1')], ...empty },
      { steps: [counter('e', 'EAGAIN')], ...empty },
    ],
  }),
  epollCheck({
    id: 'eventfd.overflow-err',
    statement:
      'A completion that the kernel adds to a full counter makes it 2^64-1, which is IN and ERR until it is read.',
    level: 'de-facto',
    source: 'LTP eventfd06; eventfd(2)',
    backends: ['epoll', 'poll'],
    run(machine) {
      const { watch, ask } = inquiryOf(machine.backend, ['e'], 'IN|OUT')
      // ERR alone wakes nobody on Linux, so who asks for nothing is asked afterwards.
      const withoutEvents = inquiryOf(machine.backend, ['e'], '0')
      machine.run(eventfd('e'), signal('e', FULL), ...watch, ask(full), complete('e'))
      machine.run(ask(overflown), ...withoutEvents.watch, withoutEvents.ask(overflown))
      machine.run(counter('e', MAX), ask(empty), withoutEvents.ask(empty), counter('e', 'EAGAIN'))
    },
  }),
  epollCheck({
    id: 'eventfd.fork-shared',
    statement:
      'A counter is shared with a process that inherits the eventfd: what it reads is gone for both.',
    kind: 'thread',
    source: 'LTP; StarryOS',
    differs: 'Shims over pipes or kqueue have no counter that two processes share.',
    backends: ['epoll', 'poll'],
    run(machine) {
      const { watch, ask } = inquiryOf(machine.backend, ['e'], 'IN|OUT')
      machine.run(eventfd('e', 5), ...watch, ask(between))
      const visit = visitOfProcess(machine, 'e')
      visit.read('5')
      machine.run(ask(empty), counter('e', 'EAGAIN'))
      visit.readNothingAndAdd()
      machine.run(ask(between), counter('e', '6'))
      visit.end()
      machine.run(ask(empty), signal('e', '1'), counter('e', '1'))
    },
  }),
  epollCheck({
    id: 'eventfd.dup-shared',
    statement:
      'A duplicate is the same counter: what is written to one is read from the other, and shows in the readiness of both.',
    source: 'dup(2); eventfd(2)',
    backends: ['epoll', 'poll'],
    steps: (backend) => {
      const { watch, ask } = inquiryOf(backend, ['e'], 'IN|OUT')
      return [
        eventfd('first', 2),
        dup('first', 'e'),
        ...watch,
        ask(between),
        counter('first', '2'),
        ask(empty),
        counter('e', 'EAGAIN'),
        signal('first', '3'),
        ask(between),
        signal('e', '4'),
        counter('first', '7'),
        signal('first', '5'),
        close('first'),
        ask(between),
        counter('e', '5'),
        ask(empty),
      ]
    },
  }),
  epollCheck({
    id: 'eventfd.blocking-wake',
    statement: 'A write of another process wakes a blocked read, which gets its value, and a blocked wait.',
    kind: 'thread',
    source: 'eventfd(2); StarryOS; zephyrproject-rtos/zephyr#59505',
    bugs: ['zephyrproject-rtos/zephyr#59505: poll of an eventfd was not woken by a write'],
    backends: ['epoll', 'poll'],
    threads: 2,
    run(machine) {
      const { watch, ask } = inquiryOf(machine.backend, ['e'], 'IN')
      machine.run(eventfd('e', 0, 0))
      const writes = writesOfProcess(machine, 'e', [42n, 7n])
      runUnblocking(machine, 'e', [
        thread('reader', counter('e', '42')),
        blocked('reader'),
        ...writes[0],
        join('reader'),
        ...watch,
        thread('waiter', ask(full, WOKEN)),
        blocked('waiter'),
        ...writes[1],
        join('waiter'),
        counter('e', '7'),
      ])
    },
  }),
]
