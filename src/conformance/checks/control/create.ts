import { orUnsupported } from '../../../errors.ts'
import { EPOLL_CLOEXEC, EPOLL_CTL, F, FD_CLOEXEC, O } from '../../../libc/constants/linux.ts'
import { sys } from '../../../libc/libc.ts'
import { descriptorLimit, setDescriptorLimit } from '../../../libc/limits.ts'
import { add, call, pipe, wait, write } from '../../build.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { resultOf } from '../../native-call.ts'
import { RawEvents } from './raw-events.ts'

const INT_MAX = 0x7fffffff

/** How many descriptors the full-table check leaves free before it takes them all. */
const ROOM = 8

/** How often a creation is tried that must fail, to see that the failures take nothing. */
const RETRIES = 100

const CYCLES = 2000

/** How many of the next numbers are compared: one that leaks may not be the lowest. */
const LOOK_AHEAD = 4

export const create: readonly Check[] = [
  epollCheck({
    id: 'epoll.create.size-positive',
    statement: 'epoll_create takes any positive size, and the size limits nothing.',
    source: 'epoll_create(2); LTP epoll_create01; measured',
    differs: 'Since Linux 2.6.8 the size is ignored; it must only be positive.',
    steps: [
      call('epoll_create', [1], 'ok', 'one'),
      call('epoll_create', [INT_MAX], 'ok', 'huge'),
      pipe('r', 'w'),
      write('w', 1),
      ...['one', 'huge'].flatMap((ep) => [
        add(ep, 'r', 'IN'),
        add(ep, 'w', 'OUT'),
        wait(ep, { r: 'IN', w: 'OUT' }),
      ]),
    ],
  }),
  epollCheck({
    id: 'epoll.create.size-nonpositive',
    statement: 'epoll_create refuses a size of 0 or less with EINVAL.',
    source: 'epoll_create(2); LTP epoll_create02; StarryOS; measured',
    steps: [
      call('epoll_create', [1], 'ok', 'ep'),
      call('epoll_create', [0], 'EINVAL'),
      call('epoll_create', [-1], 'EINVAL'),
      call('epoll_create', [-INT_MAX - 1], 'EINVAL'),
    ],
  }),
  epollCheck({
    id: 'epoll.create.size-is-not-flags',
    statement:
      'The size of epoll_create is not taken for flags: with the value of EPOLL_CLOEXEC, the descriptor is not close-on-exec.',
    source: 'FEX-Emu/FEX#151; measured',
    bugs: ['FEX-Emu/FEX#151: epoll_create was made from epoll_create1, and its size became flags'],
    steps: [
      call('epoll_create', [EPOLL_CLOEXEC], 'ok', 'ep'),
      call('fcntl', ['$ep', F.GETFD, 0], 0),
      call('epoll_create', [EPOLL_CLOEXEC + 1], 'ok', 'ep2'),
      call('fcntl', ['$ep2', F.GETFD, 0], 0),
    ],
  }),
  epollCheck({
    id: 'epoll.create1.cloexec',
    statement:
      'epoll_create1 sets close-on-exec with EPOLL_CLOEXEC and only then; the descriptor is open for reading and writing.',
    source: 'epoll_create1(2); LTP epoll_create1_01; measured',
    why: 'Without close-on-exec a program that is started keeps the epoll, and the entries of it, alive.',
    bugs: ['FEX-Emu/FEX#151: epoll_create and epoll_create1 were mixed up'],
    run(machine) {
      machine.run(
        call('epoll_create1', [EPOLL_CLOEXEC], 'ok', 'closing'),
        call('fcntl', ['$closing', F.GETFD, 0], FD_CLOEXEC),
        call('epoll_create1', [0], 'ok', 'staying'),
        call('fcntl', ['$staying', F.GETFD, 0], 0),
      )
      for (const name of ['closing', 'staying']) {
        machine.begin(`fcntl(${name}, F_GETFL)`)
        const flags = sys(machine.libc, 'fcntl', machine.fd(name), F.GETFL, 0)
        machine.expect(flags & (O.ACCMODE | O.NONBLOCK), O.RDWR, 'access mode and O_NONBLOCK')
      }
    },
  }),
  epollCheck({
    id: 'epoll.create1.bad-flags',
    statement: 'epoll_create1 refuses flags other than EPOLL_CLOEXEC with EINVAL.',
    source: 'epoll_create1(2); LTP epoll_create1_02; measured',
    steps: [-1, EPOLL_CLOEXEC + 1, 42, O.NONBLOCK].map((flags) => call('epoll_create1', [flags], 'EINVAL')),
  }),
  epollCheck({
    id: 'epoll.create.emfile',
    statement:
      'With all descriptors in use, creation fails with EMFILE, however often, and succeeds as soon as one is closed.',
    source: 'epoll_create(2); LTP epoll_create; measured',
    descriptors: ROOM + 1,
    run(machine) {
      leaveRoom(machine, ROOM)
      machine.begin('epoll_create1 until no descriptor is left')
      const made: number[] = []
      let result = resultOf(machine.libc, 'epoll_create1', EPOLL_CLOEXEC)
      while (typeof result === 'number') {
        machine.bind(`ep${made.length}`, result)
        made.push(result)
        if (made.length > ROOM) throw new Failure('EMFILE at the limit', `${result}, which is past it`)
        result = resultOf(machine.libc, 'epoll_create1', EPOLL_CLOEXEC)
      }
      machine.expect(result, 'EMFILE', 'epoll_create1')
      machine.begin(`epoll_create1, ${RETRIES} times more`)
      for (let i = 0; i < RETRIES; i++) {
        machine.expect(resultOf(machine.libc, 'epoll_create1', 0), 'EMFILE', 'epoll_create1')
      }
      machine.begin('epoll_create1 after one close')
      machine.closeFd('ep0')
      const again = resultOf(machine.libc, 'epoll_create1', EPOLL_CLOEXEC)
      if (typeof again === 'number') machine.bind('again', again)
      machine.expect(again, machine.fd('ep0'), 'epoll_create1')
    },
  }),
  epollCheck({
    id: 'epoll.create.no-leak',
    statement: `Creating, using and closing an epoll ${CYCLES} times always succeeds, and leaves no descriptor behind.`,
    source: 'mio; libuv',
    bugs: ['sysprog21/elfuse#5: filters of one-shot entries were left behind'],
    descriptors: LOOK_AHEAD + 2,
    run(machine) {
      const { libc } = machine
      const event = new RawEvents(1)
      machine.run(pipe('r', 'w'))
      machine.begin(`epoll_create1, epoll_ctl(ADD), close, ${CYCLES} times`)
      const before = nextNumbers(machine).join(', ')
      for (let i = 0; i < CYCLES; i++) {
        const ep = resultOf(libc, 'epoll_create1', EPOLL_CLOEXEC)
        if (typeof ep === 'string')
          throw new Failure('epoll_create1 gives a descriptor', `${ep} in cycle ${i}`)
        const added = resultOf(libc, 'epoll_ctl', ep, EPOLL_CTL.ADD, machine.fd('r'), event.address)
        const closed = resultOf(libc, 'close', ep)
        machine.expect(added, 0, 'epoll_ctl')
        machine.expect(closed, 0, 'close')
      }
      machine.expect(nextNumbers(machine).join(', '), before, 'the next descriptors get the numbers')
    },
  }),
]

/** The numbers that the next descriptors get, lowest first. */
function nextNumbers(machine: Machine): number[] {
  const { libc } = machine
  const fds = Array.from({ length: LOOK_AHEAD }, () => sys(libc, 'epoll_create1', EPOLL_CLOEXEC))
  for (const fd of fds) sys(libc, 'close', fd)
  return fds
}

/** Lowers the limit of descriptors until the end of the check, so that no more than so many can be made. */
function leaveRoom(machine: Machine, room: number): void {
  machine.begin('lower the limit of descriptors')
  const { soft, hard } = orUnsupported('limit of descriptors', () => descriptorLimit(machine.libc))
  const [lowest = 0] = nextNumbers(machine)
  orUnsupported('limit of descriptors', () => setDescriptorLimit(machine.libc, lowest + room, hard))
  machine.cleanups.push(() => setDescriptorLimit(machine.libc, soft, hard))
}
