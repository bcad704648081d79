import {
  accept,
  add,
  close,
  epoll,
  listener,
  poll,
  read,
  recvOob,
  sendOob,
  settle,
  shutdown,
  socket,
  socketOption,
  socketpair,
  tcp,
  wait,
  write,
} from '../../build.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { beginConnecting } from '../../operations/sockets.ts'
import { ARRIVAL, QUIET } from '../../patience.ts'
import type { Step, WaitOptions } from '../../steps.ts'

export const sockets: readonly Check[] = [
  epollCheck({
    id: 'epoll.et.own-write-no-edge',
    statement:
      'Writing to a socket that stays writable is no event of that socket, on unix sockets and on TCP.',
    level: 'de-facto',
    source: 'Miri socketpair_both_sides; measured',
    steps: [
      epoll('ep'),
      socketpair('a', 'b'),
      add('ep', 'a', 'IN|OUT|ET'),
      add('ep', 'b', 'IN|OUT|ET'),
      wait('ep', { a: 'OUT', b: 'OUT' }),
      write('a', 5),
      wait('ep', { b: 'IN|OUT' }),
      wait('ep', {}),
      tcp('c', 's'),
      add('ep', 'c', 'IN|OUT|ET'),
      add('ep', 's', 'IN|OUT|ET'),
      wait('ep', { c: 'OUT', s: 'OUT' }),
      write('c', 5),
      wait('ep', { s: 'IN|OUT' }, ARRIVAL),
      wait('ep', {}, QUIET),
    ],
  }),
  epollCheck({
    id: 'epoll.et.unix-peer-read-edge',
    statement:
      'The peer reading all of what one send brought is an event of a unix stream socket, a part of it is not; on TCP neither is.',
    level: 'quirk',
    source: 'Miri test_socketpair_read; measured',
    differs:
      'On Linux the reader of a unix stream frees what one send brought as a whole, and that is an edge. TCP has none.',
    steps: [
      epoll('ep'),
      socketpair('a', 'b'),
      add('ep', 'a', 'IN|OUT|ET'),
      wait('ep', { a: 'OUT' }),
      write('a', 10),
      read('b', 4),
      wait('ep', {}),
      read('b', 6),
      wait('ep', { a: 'OUT' }),
      wait('ep', {}),
      write('b', 1),
      wait('ep', { a: 'IN|OUT' }),
      write('a', 10),
      wait('ep', {}),
      read('b', 10),
      wait('ep', { a: 'IN|OUT' }),
      tcp('c', 's'),
      add('ep', 'c', 'IN|OUT|ET'),
      wait('ep', { c: 'OUT' }),
      write('c', 10),
      poll({ s: 'IN' }, { s: 'IN' }, ARRIVAL.timeoutMs),
      read('s', 10),
      wait('ep', {}, QUIET),
    ],
  }),
  epollCheck({
    id: 'epoll.et.tcp-fin-single-edge',
    statement:
      'The peer shutting down its side is one event, IN, OUT and RDHUP. Closing after that is none on TCP, and HUP on a unix socket.',
    level: 'de-facto',
    source: 'measured',
    bugs: ['shadow/shadow#3576: RDHUP was missing'],
    steps: [
      epoll('ep'),
      socketpair('a', 'b'),
      add('ep', 'a', 'IN|OUT|RDHUP|ET'),
      wait('ep', { a: 'OUT' }),
      shutdown('b', 'WR'),
      wait('ep', { a: 'IN|OUT|RDHUP' }),
      wait('ep', {}),
      close('b'),
      wait('ep', { a: 'IN|OUT|RDHUP|HUP' }),
      wait('ep', {}),
      tcp('c', 's'),
      add('ep', 's', 'IN|OUT|RDHUP|ET'),
      wait('ep', { s: 'OUT' }),
      shutdown('c', 'WR'),
      // A FIN wakes waiters twice, and an epoll_wait in between would rightly see two events.
      settle('s', 'CLOSE_WAIT'),
      wait('ep', { s: 'IN|OUT|RDHUP' }, ARRIVAL),
      wait('ep', {}),
      settle('c', 'FIN_WAIT2'),
      close('c'),
      wait('ep', {}, QUIET),
    ],
  }),
  epollCheck({
    id: 'epoll.et.fin-behind-data',
    statement:
      'The peer shutting down its side, or closing, is an event also while data that was reported is unread.',
    source: 'epoll(7); measured',
    steps: [
      epoll('ep'),
      socketpair('a', 'b'),
      add('ep', 'a', 'IN|RDHUP|ET'),
      write('b', 10),
      wait('ep', { a: 'IN' }),
      shutdown('b', 'WR'),
      wait('ep', { a: 'IN|RDHUP' }),
      close('b'),
      wait('ep', { a: 'IN|RDHUP|HUP' }),
      wait('ep', {}),
      tcp('c', 's'),
      add('ep', 's', 'IN|RDHUP|ET'),
      write('c', 10),
      wait('ep', { s: 'IN' }, ARRIVAL),
      shutdown('c', 'WR'),
      settle('s', 'CLOSE_WAIT'),
      wait('ep', { s: 'IN|RDHUP' }, ARRIVAL),
      wait('ep', {}),
      read('s', 10),
      read('s', 1, 0),
      wait('ep', {}),
    ],
  }),
  epollCheck({
    id: 'epoll.et.listener-single-edge',
    statement:
      'Connections that arrive before the wait are one event of the listener; accepting one of them is none, and the next to arrive is one.',
    source: 'nginx accepts until EAGAIN for this reason; measured',
    why: 'A server that accepts one connection an event leaves the others waiting, until another client comes.',
    run(machine) {
      const connects = (client: string, domain: 'unix' | 'inet', arrival: WaitOptions): void => {
        startConnecting(machine, client, domain)
        machine.run(wait('ep', { [`${domain} listener`]: 'IN' }, arrival))
      }
      machine.run(epoll('ep'), listener('unix listener', 'unix'), add('ep', 'unix listener', 'IN|ET'))
      startConnecting(machine, 'c1', 'unix')
      connects('c2', 'unix', {})
      machine.run(wait('ep', {}), accept('s1', 'unix listener'), wait('ep', {}))
      connects('c3', 'unix', {})
      machine.run(listener('inet listener', 'inet'), add('ep', 'inet listener', 'IN|ET'))
      // Over TCP nobody can tell when the second has arrived, so each is waited for.
      connects('d1', 'inet', ARRIVAL)
      connects('d2', 'inet', ARRIVAL)
      machine.run(wait('ep', {}), accept('t1', 'inet listener'), wait('ep', {}, QUIET))
      connects('d3', 'inet', ARRIVAL)
      machine.run(wait('ep', {}))
    },
  }),
  epollCheck({
    id: 'epoll.et.idle-writable-quiet',
    statement:
      'A connected TCP socket that nothing happens to is reported as writable once, and never again.',
    source: 'StarryOS epollet (1024 phantom events); tgoskits#910',
    differs: 'epoll-shim has additional edges of its write filter.',
    bugs: ['rcore-os/tgoskits#910: every internal wake was reported as OUT, which was ready all the time'],
    steps: [
      epoll('ep'),
      tcp('c', 's'),
      add('ep', 'c', 'IN|OUT|ET'),
      add('ep', 's', 'IN|OUT|ET'),
      wait('ep', { c: 'OUT', s: 'OUT' }),
      ...Array.from({ length: 100 }, () => wait('ep', {})),
      wait('ep', {}, { timeoutMs: 50 }),
    ],
  }),
  epollCheck({
    id: 'epoll.et.oob',
    statement:
      'A byte of urgent TCP data is one event, PRI; with SO_OOBINLINE, where it is data too, IN and PRI.',
    level: 'de-facto',
    source: 'epoll-shim epollpri; tcp(7)',
    differs: 'macOS has no EV_OOBAND but EVFILT_EXCEPT; epoll-shim leaves PRI out on the BSDs.',
    steps: [
      epoll('ep'),
      tcp('c', 's'),
      add('ep', 's', 'IN|PRI|ET'),
      ...urgentByte('c', 's'),
      wait('ep', { s: 'PRI' }),
      wait('ep', {}),
      recvOob('s'),
      wait('ep', {}),
      ...urgentByte('c', 's'),
      wait('ep', { s: 'PRI' }),
      wait('ep', {}),
      tcp('d', 't'),
      socketOption('t', 'OOBINLINE', 1),
      add('ep', 't', 'IN|PRI|ET'),
      ...urgentByte('d', 't'),
      wait('ep', { t: 'IN|PRI' }),
      wait('ep', {}),
    ],
  }),
]

/** A client of the listener of a domain. Over TCP its connection may still be on the way. */
function startConnecting(machine: Machine, client: string, domain: 'unix' | 'inet'): void {
  machine.run(socket(client, domain))
  machine.begin(`connect ${client} to the ${domain} listener`)
  beginConnecting(machine.libc, machine.fd(client), machine.fd(`${domain} listener`))
}

/**
 * Sends a byte of urgent data, and returns when it has arrived as a whole. The kernel wakes waiters twice for
 * it, and an epoll_wait in between would rightly see two events. A socket that is taking data in is locked, so
 * once its state could be asked for, both have happened.
 */
function urgentByte(from: string, to: string): Step[] {
  return [sendOob(from), poll({ [to]: 'PRI' }, { [to]: 'PRI' }, ARRIVAL.timeoutMs), settle(to, 'ESTABLISHED')]
}
