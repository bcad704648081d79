/** signalfd: who sees a signal that is pending. */
import { SIG, SFD } from '../../../libc/constants/linux.ts'
import { layouts } from '../../../libc/layouts.ts'
import { sys } from '../../../libc/libc.ts'
import { Memory } from '../../../libc/memory.ts'
import { signalSet } from '../../../libc/signals.ts'
import {
  add,
  blocked,
  call,
  close,
  counter,
  dup,
  epoll,
  eventfd,
  join,
  poll,
  read,
  signal,
  sleep,
  thread,
  wait,
} from '../../build.ts'
import type { Check } from '../../check.ts'
import { epollCheck, classicCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { WOKEN } from '../../patience.ts'
import type { Name } from '../../steps.ts'
import { blockSignals, raise, signalfd } from '../../steps/sources.ts'
import { askingFor } from './asking.ts'
import { expectFlags } from './flags.ts'
import { watchInChild } from './signalfd-child.ts'
import { signalThread, withBlockedSignal } from './signal-threads.ts'

const SIGINFO = layouts.signalfd_siginfo.size

export const signalfdChecks: readonly Check[] = [
  epollCheck({
    id: 'signalfd.flags',
    statement: 'SFD_NONBLOCK and SFD_CLOEXEC take effect, together and apart.',
    source: 'signalfd(2)',
    run(machine) {
      const mask = signalSet(SIG.URG)
      machine.keep(mask)
      expectFlags(machine, 'signalfd', [-1, mask.address], SFD)
    },
  }),
  epollCheck({
    id: 'signalfd.dup-shared',
    statement:
      'A duplicate of a signalfd is readable and read like the first, also after its mask has changed.',
    source: 'signalfd(2); dup(2)',
    run(machine) {
      machine.run(
        blockSignals('URG', 'CONT'),
        signalfd('s', ['URG']),
        dup('s', 'd'),
        epoll('ep'),
        add('ep', 'd', 'IN'),
        wait('ep', {}),
        raise('URG'),
        wait('ep', { d: 'IN' }),
      )
      expectSignal(machine, 'd', SIG.URG)
      const mask = signalSet(SIG.CONT)
      machine.keep(mask)
      machine.run(
        read('s', SIGINFO, 'EAGAIN'),
        wait('ep', {}),
        call('signalfd', ['$s', mask.address, SFD.NONBLOCK], 'ok'),
        raise('CONT'),
        wait('ep', { d: 'IN' }),
      )
      expectSignal(machine, 's', SIG.CONT)
      machine.run(wait('ep', {}))
    },
  }),
  classicCheck({
    id: 'signalfd.basic',
    statement:
      'A blocked signal that is pending makes a signalfd of it readable; read tells its number and sender once, then EAGAIN; a new mask keeps the descriptor.',
    source: 'signalfd(2); StarryOS; LTP',
    run(machine) {
      const ask = askingFor(machine.backend, 's')
      machine.run(
        blockSignals('URG', 'CONT'),
        signalfd('s', ['URG']),
        ...ask.watch,
        ask.silent(),
        read('s', SIGINFO, 'EAGAIN'),
        // A signal that it is not for is none of its business.
        raise('CONT'),
        ask.silent(2),
        read('s', SIGINFO, 'EAGAIN'),
        raise('URG'),
        ask.readable(),
        ask.readable(),
        read('s', SIGINFO - 1, 'EINVAL'),
        ask.readable(),
      )
      expectSignal(machine, 's', SIG.URG)
      machine.run(read('s', SIGINFO, 'EAGAIN'), ask.silent())
      changeMask(machine, 's', SIG.CONT)
      machine.run(ask.readable())
      expectSignal(machine, 's', SIG.CONT)
      machine.run(raise('URG'), ask.silent(), read('s', SIGINFO, 'EAGAIN'))
      changeMask(machine, 's', SIG.URG, SIG.CONT)
      machine.run(
        raise('CONT'),
        ask.readable(),
        call('read', ['$s', { bytes: 4 * SIGINFO }, 4 * SIGINFO], 2 * SIGINFO),
      )
      machine.run(ask.silent(), read('s', SIGINFO, 'EAGAIN'))
    },
  }),
  epollCheck({
    id: 'signalfd.basic.errors',
    statement:
      'Changing the mask of a descriptor that is no signalfd is EINVAL, of one that is closed EBADF, and unknown flags are EINVAL.',
    source: 'signalfd(2), ERRORS; LTP signalfd4',
    steps: [
      blockSignals('URG'),
      signalfd('s', ['URG']),
      eventfd('e'),
      eventfd('gone'),
      close('gone'),
      call('signalfd', ['$e', { bytes: 128 }, 0], 'EINVAL'),
      call('signalfd', ['$gone', { bytes: 128 }, 0], 'EBADF'),
      call('signalfd', [-1, { bytes: 128 }, 1], 'EINVAL'),
      // What failed has changed nothing.
      raise('URG'),
      call('read', ['$s', { bytes: SIGINFO }, SIGINFO], SIGINFO),
    ],
  }),
  classicCheck({
    id: 'signalfd.in-for-caller-only',
    statement:
      'A signal that is pending for one thread makes a signalfd readable for that thread, and not for another that waits.',
    level: 'de-facto',
    kind: 'thread',
    threads: 1,
    source: 'signalfd(2); epoll-shim; measured',
    why: 'Who hands the waiting to another thread must also send the signals there.',
    run(machine) {
      const ask = askingFor(machine.backend, 's')
      machine.run(blockSignals('URG'), signalfd('s', ['URG']), ...ask.watch)
      withBlockedSignal(machine, 'waiter', () => {
        machine.run(
          thread('waiter', ask.readable(WOKEN.timeoutMs)),
          blocked('waiter'),
          raise('URG'),
          sleep(4),
          blocked('waiter'),
          poll({ s: 'IN' }, { s: 'IN' }),
        )
        signalThread(machine, 'waiter')
        machine.run(join('waiter'), thread('waiter', read('s', SIGINFO)), join('waiter'), read('s', SIGINFO))
        machine.run(read('s', SIGINFO, 'EAGAIN'))
      })
    },
  }),
  classicCheck({
    id: 'signalfd.cross-thread-add',
    statement: 'A signalfd that one thread has registered wakes another, which waits and is sent the signal.',
    level: 'de-facto',
    kind: 'thread',
    threads: 1,
    source: 'rcore-os/tgoskits#1848',
    bugs: [
      'rcore-os/tgoskits#1848: signals of the thread that had registered it counted, and not of the one that waited',
    ],
    run(machine) {
      const ask = askingFor(machine.backend, 's')
      machine.run(blockSignals('URG'), signalfd('s', ['URG']), ...ask.watch)
      withBlockedSignal(machine, 'waiter', () => {
        for (const order of ['while it waits', 'before it waits'] as const) {
          const startWait = (): void => machine.run(thread('waiter', ask.readable(WOKEN.timeoutMs)))
          if (order === 'while it waits') {
            startWait()
            machine.run(blocked('waiter'))
          }
          signalThread(machine, 'waiter')
          if (order === 'before it waits') startWait()
          machine.run(join('waiter'), ask.silent(), read('s', SIGINFO, 'EAGAIN'))
          machine.run(thread('waiter', read('s', SIGINFO)), join('waiter'))
        }
      })
    },
  }),
  epollCheck({
    id: 'signalfd.stolen-readiness',
    statement:
      'A thread that waits in an epoll takes the event of a signal for another thread away: that one’s wait finds nothing, though a read does.',
    level: 'quirk',
    kind: 'thread',
    threads: 1,
    source: 'measured',
    why: 'Signals to a thread that shares its epoll with others can stay unseen.',
    run(machine) {
      machine.run(blockSignals('URG'), signalfd('s', ['URG']), eventfd('other'))
      machine.run(epoll('ep'), add('ep', 's', 'IN'), add('ep', 'other', 'IN'))
      withBlockedSignal(machine, 'waiter', () => {
        machine.run(
          thread('waiter', wait('ep', { other: 'IN' }, WOKEN)),
          blocked('waiter'),
          raise('URG'),
          signal('other'),
          join('waiter'),
          counter('other', '1'),
          wait('ep', {}),
          read('s', SIGINFO),
        )
      })
    },
  }),
  epollCheck({
    id: 'signalfd.fork',
    statement:
      'A process sees its own signals in an inherited signalfd by poll, read and an epoll of its own, and never by an inherited epoll.',
    level: 'quirk',
    kind: 'thread',
    source: 'rcore-os/tgoskits#1848; measured',
    run: (machine) => watchInChild(machine),
  }),
]

/** Reads one signal, and fails unless it is this one, sent by this process. */
function expectSignal(machine: Machine, fd: Name, signal: number): void {
  machine.begin(`read of ${fd}: which signal, and from whom`)
  const info = new Memory(SIGINFO)
  const bytes = sys(machine.libc, 'read', machine.fd(fd), info.address, SIGINFO)
  machine.expect(bytes, SIGINFO, 'read gives')
  const { offsets } = layouts.signalfd_siginfo
  machine.expect(info.view.getUint32(offsets.signo, true), signal, 'ssi_signo')
  machine.expect(info.view.getUint32(offsets.pid, true), process.pid, 'ssi_pid')
}

/** Gives a signalfd another mask, and fails unless it stays the same descriptor. */
function changeMask(machine: Machine, fd: Name, ...signals: readonly number[]): void {
  machine.begin(`signalfd(${fd}, signals ${signals.join(' and ')})`)
  const result = machine.libc.fn.signalfd(machine.fd(fd), signalSet(...signals).address, SFD.NONBLOCK)
  machine.expect(result, machine.fd(fd), 'signalfd gives')
}
