import { close, drain, read, write } from '../../build.ts'
import { settleReady } from '../../steps/sources.ts'
import { flushInput, packetMode, pty, slave, typeText } from '../../steps/terminals.ts'
import type { State } from './inquiry.ts'
import type { ReadinessRow } from './matrix.ts'
import { readWritable, writable } from './states.ts'

/** A master and its slave. The line discipline is the usual one: whole lines, and an echo. */
const create = [pty('m'), slave('s', 'm')]

/** No slave is open any more. The master is told by HUP, and not by an error. */
const slavesGone: State = { revents: 'OUT|HUP', withoutEvents: 'HUP', select: 'rw' }

export const ptyRows: readonly ReadinessRow[] = [
  {
    id: 'ready.pty.master-no-slave-yet',
    statement: 'The master of a pseudo terminal whose slave was never opened is writable, and has no HUP.',
    source: 'gVisor',
    create: [pty('m')],
    fd: 'm',
    ...writable,
  },
  {
    id: 'ready.pty.master-data',
    statement: 'The master of a pseudo terminal is readable while it has what the slave has written.',
    source: 'gVisor',
    create,
    before: writable,
    transition: [write('s', 1), settleReady('m', 'IN')],
    fd: 'm',
    ...readWritable,
    also: [
      { steps: [], fd: 's', ...writable },
      { steps: [drain('m')], fd: 'm', ...writable },
    ],
  },
  {
    id: 'ready.pty.canon-no-newline',
    statement: 'The slave of a pseudo terminal is not readable for half a line.',
    source: 'termios(3); gVisor',
    create,
    before: writable,
    // The line discipline has seen it all once the echo is there.
    transition: [typeText('m', 'half'), settleReady('m', 'IN')],
    fd: 's',
    ...writable,
  },
  {
    id: 'ready.pty.canon-line',
    statement: 'The slave of a pseudo terminal is readable once a line is complete, until that is read.',
    source: 'termios(3); gVisor',
    create: [...create, typeText('m', 'half'), settleReady('m', 'IN')],
    before: writable,
    transition: [typeText('m', ' and half\n'), settleReady('s', 'IN')],
    fd: 's',
    ...readWritable,
    also: [{ steps: [drain('s')], fd: 's', ...writable }],
  },
  {
    id: 'ready.pty.last-slave-closed',
    statement: 'The master of a pseudo terminal reports HUP when the last slave has closed, and not before.',
    source: 'gVisor; google/gvisor#9951',
    bugs: ['google/gvisor#9951: no HUP when the slave had closed', 'sysprog21/elfuse#278: no hang-up'],
    create: [...create, slave('s2', 'm'), close('s')],
    before: writable,
    transition: [close('s2')],
    fd: 'm',
    ...slavesGone,
  },
  {
    id: 'ready.pty.last-slave-closed-data',
    statement: 'What the last slave has written before it closed is IN besides HUP, until it is read.',
    source: 'gVisor; measured',
    create: [...create, write('s', 1), settleReady('m', 'IN')],
    before: readWritable,
    transition: [close('s')],
    fd: 'm',
    revents: 'IN|OUT|HUP',
    withoutEvents: 'HUP',
    select: 'rw',
    also: [{ steps: [read('m', 1), read('m', 1, 'EIO')], fd: 'm', ...slavesGone }],
  },
  {
    id: 'ready.pty.slave-reopen-clears',
    statement: 'The HUP of a master goes away when its slave is opened again.',
    level: 'de-facto',
    source: 'measured',
    create: [...create, close('s')],
    before: slavesGone,
    transition: [slave('s2', 'm')],
    fd: 'm',
    ...writable,
  },
  {
    id: 'ready.pty.slave-master-gone',
    statement: 'Once its master has closed, the slave of a pseudo terminal reports IN, OUT, ERR and HUP.',
    source: 'measured',
    level: 'de-facto',
    // HUP comes before the rest.
    arrives: 'bit by bit',
    create,
    before: writable,
    transition: [close('m')],
    fd: 's',
    revents: 'IN|OUT|ERR|HUP',
    withoutEvents: 'ERR|HUP',
    select: 'rw',
  },
  {
    id: 'ready.pty.packet-mode',
    statement:
      'In packet mode a master reports PRI when the slave flushes its input, until it has read that.',
    level: 'de-facto',
    source: 'ioctl_tty(2), TIOCPKT; gVisor',
    create: [...create, packetMode('m')],
    before: writable,
    transition: [flushInput('s')],
    fd: 'm',
    revents: 'IN|OUT|PRI',
    withoutEvents: '0',
    select: 'rwx',
    also: [{ steps: [read('m', 1)], fd: 'm', ...writable }],
  },
]
