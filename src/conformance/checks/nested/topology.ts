import {
  add,
  close,
  closeAll,
  del,
  drain,
  dup,
  epoll,
  pipe,
  poll,
  socketpair,
  wait,
  write,
} from '../../build.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { resultOf } from '../../native-call.ts'
import { encodeEvent } from '../../operations/events.ts'
import { EPOLL, EPOLL_CTL } from '../../../libc/constants/linux.ts'
import type { Step } from '../../steps.ts'

/** So many epolls may be in each other: five. */
const DEEPEST = 5

export const topology: readonly Check[] = [
  epollCheck({
    id: 'epoll.nest.depth-report',
    statement:
      'In a chain of two to five epolls, each in the next, the last reports what becomes ready at the other end.',
    source: 'LTP epoll_wait09; epoll(7)',
    steps: [2, 3, 4, DEEPEST].flatMap((depth) => [
      socketpair('a', 'b'),
      ...chain('a', depth),
      wait(`ep${depth}`, {}),
      write('b', 1),
      poll({ [`ep${depth}`]: 'IN' }, { [`ep${depth}`]: 'IN' }),
      ...[...Array(depth).keys()]
        .reverse()
        .map((i) => wait(`ep${i + 1}`, { [i === 0 ? 'a' : `ep${i}`]: 'IN' })),
      drain('a'),
      wait(`ep${depth}`, {}),
      close('b'),
      wait(`ep${depth}`, { [`ep${depth - 1}`]: 'IN' }),
      closeAll(),
    ]),
  }),
  epollCheck({
    id: 'epoll.nest.depth-limit',
    statement:
      'A chain of epolls may be five deep; what would make it deeper fails with ELOOP, and changes nothing.',
    source: 'epoll_ctl(2); LTP epoll_ctl04; StarryOS topology',
    why: 'Every level is a call within a call of the one who writes: without the limit a program can exhaust the stack of the kernel, or of the emulator.',
    differs: 'ELOOP, or EINVAL on older kernels. gVisor looks only at what is below the epoll that is added.',
    run(machine) {
      const last = `ep${DEEPEST}`
      machine.run(socketpair('a', 'b'), ...chain('a', DEEPEST), epoll('too much'))
      machine.begin(`add ${last}, which is ${DEEPEST} deep, to another epoll`)
      const result = addResult(machine, 'too much', last)
      if (result !== 'ELOOP' && result !== 'EINVAL') {
        throw new Failure('epoll_ctl gives ELOOP (EINVAL on older kernels)', `epoll_ctl gives ${result}`)
      }
      machine.run(
        write('b', 1),
        wait('too much', {}),
        del('too much', last, 'ENOENT'),
        wait(last, { [`ep${DEEPEST - 1}`]: 'IN' }),
        add('too much', `ep${DEEPEST - 1}`, 'IN'),
        wait('too much', { [`ep${DEEPEST - 1}`]: 'IN' }),
      )
    },
  }),
  epollCheck({
    id: 'epoll.nest.cycle',
    statement:
      'Epolls cannot watch each other, nor in a ring of three: ELOOP. One cannot watch itself: EINVAL. Nothing is added.',
    source: 'epoll_ctl(2); LTP epoll_ctl05 and epoll_ctl07; gVisor',
    why: 'A ring that is let in makes the next write run in circles: a dead lock, or a stack that overflows.',
    steps: [
      pipe('r', 'w'),
      ...['A', 'B', 'C'].map((ep) => epoll(ep)),
      ...['A', 'B', 'C'].map((ep) => add(ep, ep, 'IN', { label: 'refused', expect: 'EINVAL' })),
      add('A', 'B', 'IN'),
      add('B', 'A', 'IN', { label: 'refused', expect: 'ELOOP' }),
      add('B', 'A', 'IN|ET', { label: 'refused', expect: 'ELOOP' }),
      add('B', 'C', 'IN'),
      add('C', 'A', 'IN', { label: 'refused', expect: 'ELOOP' }),
      add('C', 'B', 'IN', { label: 'refused', expect: 'ELOOP' }),
      del('B', 'A', 'ENOENT'),
      del('C', 'A', 'ENOENT'),
      add('C', 'r', 'IN'),
      wait('A', {}),
      write('w', 1),
      wait('C', { r: 'IN' }),
      wait('B', { C: 'IN' }),
      wait('A', { B: 'IN' }),
      // Without the edge that closes the ring it is none.
      del('A', 'B'),
      add('C', 'A', 'IN'),
      wait('A', {}),
      wait('C', { r: 'IN' }),
    ],
  }),
  epollCheck({
    id: 'epoll.nest.dup-edge-cycle',
    statement:
      'An epoll that is watched through two descriptors cannot watch back until both entries are deleted: ELOOP until then.',
    level: 'de-facto',
    source: 'StarryOS topology; measured',
    steps: [
      epoll('A'),
      epoll('B'),
      dup('B', 'copy'),
      add('A', 'B', 'IN'),
      add('A', 'copy', 'IN'),
      add('B', 'A', 'IN', { expect: 'ELOOP' }),
      add('copy', 'A', 'IN', { expect: 'ELOOP' }),
      del('A', 'B'),
      add('B', 'A', 'IN', { expect: 'ELOOP' }),
      del('A', 'copy'),
      add('B', 'A', 'IN'),
      add('A', 'B', 'IN', { expect: 'ELOOP' }),
      add('A', 'copy', 'IN', { expect: 'ELOOP' }),
      // B and its copy are one epoll, so A is in it by either name, and is taken out by either.
      add('copy', 'A', 'IN', { expect: 'EEXIST' }),
      del('copy', 'A'),
      del('B', 'A', 'ENOENT'),
      add('A', 'B', 'IN'),
    ],
  }),
]

/** Epolls `ep1` to `ep<depth>`: the first watches a descriptor, and each other the one before it. */
export function chain(fd: string, depth: number): Step[] {
  return [...Array(depth).keys()].flatMap((i) => [
    epoll(`ep${i + 1}`),
    add(`ep${i + 1}`, i === 0 ? fd : `ep${i}`, 'IN'),
  ])
}

/** Adds a descriptor to an epoll, and says what comes of it. */
export function addResult(machine: Machine, ep: string, fd: string): number | string {
  const event = encodeEvent(EPOLL.IN, machine.labels.data(fd))
  return resultOf(machine.libc, 'epoll_ctl', machine.fd(ep), EPOLL_CTL.ADD, machine.fd(fd), event.address)
}
