/** Descriptors that are no files and no sockets: eventfd, epoll and io_uring. */
import { add, counter, drain, epoll, eventfd, pipe, signal, write } from '../../build.ts'
import { complete, nop, ring, takeCompletion } from '../../steps/rings.ts'
import { FULL } from '../eventfd/values.ts'
import type { ReadinessRow } from './matrix.ts'
import { nothing, readable, readWritable, writable } from './states.ts'

export const eventfdRows: readonly ReadinessRow[] = [
  {
    id: 'ready.eventfd.0',
    statement: 'An eventfd whose counter is 0 is writable, and nothing else.',
    source: 'eventfd(2); LTP; gVisor',
    bugs: ['wasmerio/wasmer#6578: a ready eventfd was reported as not ready'],
    create: [eventfd('e', 1)],
    before: readWritable,
    transition: [counter('e', '1')],
    fd: 'e',
    ...writable,
  },
  {
    id: 'ready.eventfd.n',
    statement: 'An eventfd whose counter is neither 0 nor full is readable and writable.',
    source: 'eventfd(2); LTP; gVisor',
    bugs: ['zephyrproject-rtos/zephyr#59505: a poll that was blocked was not woken'],
    create: [eventfd('e')],
    before: writable,
    transition: [signal('e', '1')],
    fd: 'e',
    ...readWritable,
  },
  {
    id: 'ready.eventfd.max',
    statement: 'An eventfd whose counter takes no more is readable, and not writable until it is read.',
    source: 'eventfd(2); LTP; gVisor',
    create: [eventfd('e')],
    before: writable,
    transition: [signal('e', FULL)],
    fd: 'e',
    ...readable,
  },
  {
    id: 'ready.eventfd.emptied',
    statement: 'An eventfd whose counter took no more is writable once it was read.',
    source: 'eventfd(2)',
    create: [eventfd('e'), signal('e', FULL)],
    before: readable,
    transition: [counter('e', FULL)],
    fd: 'e',
    ...writable,
  },
  {
    id: 'ready.eventfd.overflow',
    statement: 'An eventfd that the kernel itself has counted past its maximum reports IN and ERR.',
    level: 'de-facto',
    source: 'eventfd(2); LTP eventfd06',
    // There is no transition: ERR wakes nobody on Linux, so nobody watches while it comes.
    create: [eventfd('e'), signal('e', FULL), complete('e')],
    fd: 'e',
    revents: 'IN|ERR',
    withoutEvents: 'ERR',
    select: 'rw',
  },
]

export const epollfdRows: readonly ReadinessRow[] = [
  {
    id: 'ready.epollfd',
    statement: 'An epoll descriptor is readable while one of its entries is ready, and never writable.',
    source: 'epoll(7); gVisor',
    bugs: ['Mellanox/libvma#219: an epoll within another was never ready'],
    create: [pipe('r', 'w'), epoll('inner'), add('inner', 'r', 'IN')],
    before: nothing,
    transition: [write('w', 1)],
    fd: 'inner',
    ...readable,
    also: [{ steps: [drain('r')], fd: 'inner', ...nothing }],
  },
]

export const ringRows: readonly ReadinessRow[] = [
  {
    id: 'ready.iouring',
    statement: 'A ring is writable while it takes requests, and readable while completions wait in it.',
    level: 'de-facto',
    source: 'io_uring(7); axboe/liburing#1145; measured',
    bugs: ['axboe/liburing#1145: a ring in an epoll was never ready'],
    create: [ring('ring')],
    before: writable,
    transition: [nop('ring')],
    fd: 'ring',
    ...readWritable,
    also: [{ steps: [takeCompletion('ring')], fd: 'ring', ...writable }],
  },
]
