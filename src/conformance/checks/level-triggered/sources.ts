import { MSG } from '../../../libc/constants/linux.ts'
import { sys } from '../../../libc/libc.ts'
import { Memory } from '../../../libc/memory.ts'
import { NULL } from '../../../libc/signatures.ts'
import {
  accept,
  add,
  call,
  close,
  closeAll,
  connect,
  drain,
  epoll,
  listener,
  pipe,
  read,
  socket,
  socketOption,
  socketpair,
  tcp,
  wait,
  write,
} from '../../build.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import { beginConnecting, bindLoopback } from '../../operations/sockets.ts'
import { ARRIVAL } from '../../patience.ts'
import type { Name, Step } from '../../steps.ts'

export const sources: readonly Check[] = [
  epollCheck({
    id: 'epoll.lt.peek-keeps-ready',
    statement: 'Peeking at data, even at a part of it, leaves IN reported: of streams and of datagrams.',
    source: 'Miri short_peek; recv(2)',
    steps: [
      ...(['stream', 'dgram', 'seqpacket'] as const).flatMap((type) => [
        socketpair('a', 'b', type),
        ...peekingAt('a', 'b'),
        closeAll(),
      ]),
      tcp('b', 'a'),
      ...peekingAt('a', 'b'),
    ],
  }),
  epollCheck({
    id: 'epoll.lt.rcvlowat',
    statement:
      'A TCP socket with SO_RCVLOWAT of 10 is not readable at 5 bytes, is at 10, and at once when it is lowered.',
    level: 'de-facto',
    source: 'socket(7), Linux 2.6.28; gVisor; measured',
    steps: [
      tcp('c', 's'),
      socketOption('s', 'RCVLOWAT', 10),
      epoll('ep'),
      add('ep', 's', 'IN'),
      write('c', 5),
      wait('ep', {}, { timeoutMs: 30 }),
      write('c', 5),
      wait('ep', { s: 'IN' }, ARRIVAL),
      read('s', 5),
      wait('ep', {}),
      socketOption('s', 'RCVLOWAT', 1),
      wait('ep', { s: 'IN' }),
    ],
  }),
  epollCheck({
    id: 'epoll.lt.datagrams-queue',
    statement: 'A socket stays readable until the last of its datagrams, or of its packets, was received.',
    source: 'epoll(7); unix(7)',
    steps: (['dgram', 'seqpacket'] as const).flatMap((type) => [
      socketpair(`a ${type}`, `b ${type}`, type),
      epoll(`ep ${type}`),
      add(`ep ${type}`, `a ${type}`, 'IN'),
      write(`b ${type}`, 1),
      write(`b ${type}`, 1),
      wait(`ep ${type}`, { [`a ${type}`]: 'IN' }),
      read(`a ${type}`, 8, 1),
      wait(`ep ${type}`, { [`a ${type}`]: 'IN' }),
      read(`a ${type}`, 8, 1),
      wait(`ep ${type}`, {}),
    ]),
  }),
  epollCheck({
    id: 'epoll.lt.zero-length-datagram',
    statement:
      'An empty UDP datagram makes a socket readable; receiving its 0 bytes makes it unreadable again.',
    source: 'gVisor; udp(7); measured',
    run(machine) {
      machine.run(socket('u', 'inet', 'dgram'), epoll('ep'), add('ep', 'u', 'IN|OUT'))
      machine.begin('bind the socket to loopback and connect it to itself')
      bindLoopback(machine.libc, machine.fd('u'), 'inet')
      beginConnecting(machine.libc, machine.fd('u'), machine.fd('u'))
      machine.run(
        wait('ep', { u: 'OUT' }),
        call('send', ['$u', 0, 0, 0], 0),
        // OUT is there already, so only a second look can tell that the datagram has arrived.
        call('poll', [NULL, 0, 10], 0),
        wait('ep', { u: 'IN|OUT' }, ARRIVAL),
        call('recv', ['$u', { bytes: 8 }, 8, 0], 0),
        wait('ep', { u: 'OUT' }),
      )
    },
  }),
  epollCheck({
    id: 'epoll.lt.listener-pending',
    statement:
      'A listener is not ready when idle, and is IN while connections are pending, also ones whose client has gone.',
    source: 'gVisor; libkqueue; accept(2)',
    differs: 'kqueue tells how many connections are pending (libkqueue: always 1); epoll does not.',
    steps: [
      listener('l', 'unix'),
      epoll('ep'),
      add('ep', 'l', 'IN|OUT'),
      wait('ep', {}),
      socket('c1', 'unix'),
      connect('c1', 'l'),
      wait('ep', { l: 'IN' }),
      socket('c2', 'unix'),
      connect('c2', 'l'),
      close('c2'),
      accept('s1', 'l'),
      wait('ep', { l: 'IN' }),
      accept('s2', 'l'),
      wait('ep', {}),
    ],
  }),
  epollCheck({
    id: 'epoll.lt.splice-tee-vmsplice',
    statement:
      'Data that enters a pipe by splice, tee or vmsplice is reported like written data, also edge-triggered.',
    level: 'de-facto',
    source: 'splice(2); kernel pipe regressions; measured',
    bugs: ['LWN 864947: wake-ups of pipes changed in Linux 5.5, and again in 5.14'],
    run(machine) {
      const vector = new Memory(16)
      const text = new Memory(8)
      vector.view.setBigUint64(0, BigInt(text.address), true)
      vector.view.setBigUint64(8, 4n, true)
      machine.run(
        pipe('fromR', 'fromW'),
        pipe('r', 'w'),
        epoll('level'),
        epoll('edge'),
        add('level', 'r', 'IN'),
        add('edge', 'r', 'IN|ET'),
      )
      const arrived = [
        wait('level', { r: 'IN' }),
        wait('edge', { r: 'IN' }),
        wait('edge', {}),
        drain('r'),
      ] as const
      machine.run(write('fromW', 4), call('tee', ['$fromR', '$w', 4, 0], 4), ...arrived)
      machine.run(call('splice', ['$fromR', NULL, '$w', NULL, 4, 0], 4), ...arrived)
      machine.begin('vmsplice into the pipe')
      machine.expect(sys(machine.libc, 'vmsplice', machine.fd('w'), vector.address, 1, 0), 4, 'vmsplice')
      machine.run(...arrived)
    },
  }),
  epollCheck({
    id: 'epoll.lt.loopback-send-notifies',
    statement: 'What is sent over loopback TCP is reported to the peer without another call by the sender.',
    source: 'StarryOS tcp-send-no-epoll-notify',
    bugs: ['StarryOS: what was sent over loopback was not noticed until the sender made another call'],
    steps: [
      tcp('c', 's'),
      epoll('ep'),
      add('ep', 's', 'IN'),
      add('ep', 'c', 'IN'),
      write('c', 3),
      wait('ep', { s: 'IN' }, ARRIVAL),
      read('s', 3),
      write('s', 3),
      wait('ep', { c: 'IN' }, ARRIVAL),
    ],
  }),
]

/** One socket looks at what the other has sent, before it takes it. */
function peekingAt(to: Name, from: Name): readonly Step[] {
  return [
    epoll('ep'),
    add('ep', to, 'IN'),
    write(from, 4),
    wait('ep', { [to]: 'IN' }, ARRIVAL),
    call('recv', [`$${to}`, { bytes: 2 }, 2, MSG.PEEK], 2),
    wait('ep', { [to]: 'IN' }),
    call('recv', [`$${to}`, { bytes: 8 }, 8, MSG.PEEK], 4),
    wait('ep', { [to]: 'IN' }),
    wait('ep', { [to]: 'IN' }),
    read(to, 4),
    wait('ep', {}),
  ]
}
