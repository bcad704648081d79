import { MSG } from '../../../libc/constants/linux.ts'
import { layouts } from '../../../libc/layouts.ts'
import { Memory } from '../../../libc/memory.ts'
import {
  add,
  call,
  close,
  del,
  epoll,
  eventfd,
  pipe,
  shutdown,
  signal,
  socketpair,
  wait,
  write,
} from '../../build.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { formatMask } from '../../masks.ts'
import { resultOf } from '../../native-call.ts'
import type { Step } from '../../steps.ts'
import { EVENT } from './arguments.ts'
import { RawEvents } from './raw-events.ts'

/**
 * Every bit that poll and epoll share and that may be asked for: IN, PRI, OUT, RDNORM, RDBAND, WRNORM, WRBAND
 * and RDHUP. All numbers here are written out, so that none comes from a table of this program.
 */
const SHARED_BITS = 0x23c7

export const constants: readonly Check[] = [
  epollCheck({
    id: 'epoll.abi.constants',
    statement:
      'The bits are those of poll (IN 1, PRI 2, OUT 4, ERR 8, HUP 0x10 …), and flags and operations have the numbers of the header.',
    source: '<sys/epoll.h>; epoll-shim; nanovms/nanos#1508 (EXCLUSIVE); WASIX (ADD is 0)',
    bugs: ['nanovms/nanos#1508: EXCLUSIVE had a wrong number', 'apache/nuttx#5937: masks had 8 bits'],
    differs: 'WASIX counts operations from ADD = 0. On FreeBSD, POLLRDHUP is 0x4000.',
    run(machine) {
      machine.run(
        eventfd('e', 1),
        pipe('r', 'w'),
        epoll('ep'),
        // Operations: ADD is 1, DEL is 2, MOD is 3.
        call('epoll_ctl', ['$ep', 1, '$r', EVENT], 0),
        call('epoll_ctl', ['$ep', 1, '$r', EVENT], 'EEXIST'),
        call('epoll_ctl', ['$ep', 3, '$r', EVENT], 0),
        call('epoll_ctl', ['$ep', 2, '$r', EVENT], 0),
        call('epoll_ctl', ['$ep', 3, '$r', EVENT], 'ENOENT'),
        // IN is 1, and OUT is 4.
        ...entry('0x5', wait('ep', { e: '0x5' })),
        ...entry('0x1', wait('ep', { e: '0x1' })),
        ...entry('0x4', wait('ep', { e: '0x4' })),
        // WAKEUP (1 << 29) is never reported, and changes nothing in what is.
        ...entry('0x20000001', wait('ep', { e: '0x1' }), wait('ep', { e: '0x1' })),
        // ONESHOT (1 << 30) ends with its event, ET (1 << 31) waits for the next.
        ...entry('0x40000001', wait('ep', { e: '0x1' }), signal('e'), wait('ep', {})),
        ...entry(
          '0x80000001',
          wait('ep', { e: '0x1' }),
          wait('ep', {}),
          signal('e'),
          wait('ep', { e: '0x1' }),
        ),
      )
      expectExclusive(machine)
      expectPollBits(machine)
    },
  }),
]

/** Steps with an entry of this mask, which is deleted after them. */
const entry = (mask: string, ...steps: readonly Step[]): Step[] => [
  add('ep', 'e', mask),
  ...steps,
  del('ep', 'e'),
]

/**
 * EXCLUSIVE is 1 << 28: no other flag makes an entry that cannot be modified. A kernel that takes it and
 * ignores it has the right number, and fails the checks of exclusive entries.
 */
function expectExclusive(machine: Machine): void {
  const event = new RawEvents(1)
  const control = (operation: number): number | string =>
    resultOf(machine.libc, 'epoll_ctl', machine.fd('ep'), operation, machine.fd('e'), event.address)
  for (let flag = 10; flag < 32; flag++) {
    machine.begin(`add an entry with the flag 1 << ${flag}, and modify it`)
    event.set(0, 2 ** flag + 1, 0n)
    // Whether flags without a meaning are accepted is another check.
    if (control(1) !== 0) continue
    event.set(0, 1, 0n)
    const modified = control(3)
    if (flag !== 28) machine.expect(modified, 0, 'epoll_ctl(MOD)')
    machine.expect(control(2), 0, 'epoll_ctl(DEL)')
  }
}

/** Puts descriptors into states that set the other bits too, and compares epoll with poll in each. */
function expectPollBits(machine: Machine): void {
  machine.run(
    epoll('all'),
    pipe('readable', 'writable'),
    write('writable', 1),
    pipe('hungUp', 'w1'),
    close('w1'),
    pipe('r2', 'broken'),
    close('r2'),
    socketpair('a', 'b'),
    write('b', 1),
    socketpair('c', 'd'),
  )
  for (const name of ['readable', 'writable', 'hungUp', 'broken', 'a', 'b']) expectSameBits(machine, name)
  machine.run(shutdown('b', 'WR'))
  expectSameBits(machine, 'a')
  machine.begin('send an urgent byte through a unix socket')
  const sent = resultOf(machine.libc, 'send', machine.fd('d'), new Memory(1).address, 1, MSG.OOB)
  // Linux has it since 5.15, and only if it is built in.
  if (sent === 1) expectSameBits(machine, 'c')
  else machine.note = `PRI was not tried: a unix socket gives ${sent} for an urgent byte`
}

/** With every bit asked for, epoll must report what poll reports, to the number. */
function expectSameBits(machine: Machine, name: string): void {
  const { libc } = machine
  const { size, offsets } = layouts.pollfd
  const asked = new Memory(size)
  const events = new RawEvents(1)
  machine.run(add('all', name, String(SHARED_BITS)))
  machine.begin(`poll and epoll_wait of ${name}, with every bit asked for`)
  asked.view.setInt32(offsets.fd, machine.fd(name), true)
  asked.view.setUint16(offsets.events, SHARED_BITS, true)
  machine.expect(resultOf(libc, 'poll', asked.address, 1, 0), 1, 'poll')
  machine.expect(resultOf(libc, 'epoll_wait', machine.fd('all'), events.address, 1, 0), 1, 'epoll_wait')
  const polled = asked.view.getUint16(offsets.revents, true)
  machine.expect(formatMask(events.mask(0)), formatMask(polled), 'mask')
  machine.run(del('all', name))
}
