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
  mod,
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
    run(machine) {
      machine.run(
        eventfd('e', 1),
        pipe('r', 'w'),
        pipe('r2', 'w2'),
        epoll('ep'),
        // Operations: ADD is 1, DEL is 2, MOD is 3.
        call('epoll_ctl', ['$ep', 1, '$r', EVENT], 0),
        call('epoll_ctl', ['$ep', 1, '$r', EVENT], 'EEXIST'),
        call('epoll_ctl', ['$ep', 3, '$r', EVENT], 0),
        call('epoll_ctl', ['$ep', 2, '$r', EVENT], 0),
        call('epoll_ctl', ['$ep', 3, '$r', EVENT], 'ENOENT'),
        // IN and OUT, then HUP and ERR, which need not be asked for.
        add('ep', 'e', '0x5'),
        wait('ep', { e: '0x5' }),
        mod('ep', 'e', '0x1'),
        wait('ep', { e: '0x1' }),
        mod('ep', 'e', '0x4'),
        wait('ep', { e: '0x4' }),
        del('ep', 'e'),
        add('ep', 'r', '0'),
        add('ep', 'w2', '0'),
        close('w'),
        close('r2'),
        wait('ep', { r: '0x10', w2: '0x8' }),
        del('ep', 'r'),
        del('ep', 'w2'),
        // EXCLUSIVE (1 << 28) is what cannot be modified, WAKEUP (1 << 29) is never reported.
        add('ep', 'e', '0x10000001'),
        wait('ep', { e: '0x1' }),
        mod('ep', 'e', '0x1', { expect: 'EINVAL' }),
        del('ep', 'e'),
        add('ep', 'e', '0x20000001'),
        wait('ep', { e: '0x1' }),
        mod('ep', 'e', '0x10000001', { expect: 'EINVAL' }),
        // ONESHOT (1 << 30) ends with its event, ET (1 << 31) waits for the next.
        mod('ep', 'e', '0x40000001'),
        wait('ep', { e: '0x1' }),
        signal('e'),
        wait('ep', {}),
        mod('ep', 'e', '0x80000001'),
        wait('ep', { e: '0x1' }),
        wait('ep', {}),
        signal('e'),
        wait('ep', { e: '0x1' }),
      )
      expectPollBits(machine)
    },
  }),
]

/** Puts descriptors into states that set the other bits too, and compares epoll with poll in each. */
function expectPollBits(machine: Machine): void {
  machine.run(
    epoll('all'),
    pipe('pr', 'pw'),
    write('pw', 1),
    socketpair('a', 'b'),
    write('b', 1),
    socketpair('c', 'd'),
  )
  for (const name of ['pr', 'pw', 'a', 'b']) expectSameBits(machine, name)
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
