import { NULL } from '../../../libc/signatures.ts'
import { bind, call, connect, netlink, shutdown, socket, write } from '../../build.ts'
import type { Step } from '../../steps.ts'
import { settleReady } from '../../steps/sources.ts'
import type { ReadinessRow } from './matrix.ts'
import { atEnd, hungUp, readersGone, readWritable, writable } from './states.ts'

/** A receiver, and a sender that is connected to it. */
const create = [
  socket('r', 'inet', 'dgram'),
  bind('r', 'inet'),
  socket('s', 'inet', 'dgram'),
  connect('s', 'r'),
]

/** A port that is taken, by a socket that hears only itself: others find it closed, and nobody else gets it. */
const closedPort: Step[] = [socket('p', 'inet', 'dgram'), bind('p', 'inet'), connect('p', 'p')]

export const udpRows: readonly ReadinessRow[] = [
  {
    id: 'ready.udp.fresh',
    statement: 'A UDP socket that nothing was sent to is writable, and nothing else.',
    source: 'gVisor',
    create: [socket('u', 'inet', 'dgram')],
    fd: 'u',
    ...writable,
    also: [{ steps: [bind('u', 'inet')], fd: 'u', ...writable }],
  },
  {
    id: 'ready.udp.data',
    statement: 'A UDP socket with a datagram is readable and writable, until that is received.',
    source: 'udp(7)',
    create,
    before: writable,
    transition: [write('s', 3), settleReady('r', 'IN')],
    fd: 'r',
    wake: 'PRI',
    ...readWritable,
    also: [
      // What a receiver has no room for is lost: the datagram is gone as a whole.
      { steps: [call('recv', ['$r', { bytes: 1 }, 1, 0], 1)], fd: 'r', ...writable },
      { steps: [], fd: 's', ...writable },
    ],
  },
  {
    id: 'ready.udp.zero-length',
    statement: 'A datagram of no bytes makes a UDP socket readable like any other.',
    source: 'udp(7); measured',
    create,
    before: writable,
    transition: [call('send', ['$s', NULL, 0, 0], 0), settleReady('r', 'IN')],
    fd: 'r',
    wake: 'PRI',
    ...readWritable,
    also: [{ steps: [call('recv', ['$r', { bytes: 8 }, 8, 0], 0)], fd: 'r', ...writable }],
  },
  {
    id: 'ready.udp.icmp-unreach',
    statement:
      'A connected UDP socket whose peer has no such port reports ERR, until ECONNREFUSED was received.',
    level: 'de-facto',
    source: 'udp(7); measured',
    create: [...closedPort, socket('u', 'inet', 'dgram'), connect('u', 'p')],
    before: writable,
    transition: [write('u', 1), settleReady('u', '0')],
    fd: 'u',
    ...readersGone,
    also: [{ steps: [call('recv', ['$u', { bytes: 8 }, 8, 0], 'ECONNREFUSED')], fd: 'u', ...writable }],
  },
  {
    id: 'ready.udp.shut-rd',
    statement: 'A connected UDP socket that was shut down for reading reports IN and RDHUP besides OUT.',
    level: 'de-facto',
    source: 'gVisor',
    create,
    reads: 'nothing',
    before: writable,
    transition: [shutdown('s', 'RD')],
    fd: 's',
    ...atEnd,
  },
  {
    id: 'ready.udp.shut-rdwr',
    statement: 'A connected UDP socket that was shut down for both directions reports HUP and RDHUP.',
    level: 'de-facto',
    source: 'gVisor',
    create,
    reads: 'nothing',
    before: writable,
    transition: [shutdown('s', 'RDWR')],
    fd: 's',
    ...hungUp,
  },
]

export const netlinkRows: readonly ReadinessRow[] = [
  {
    id: 'ready.netlink.fresh',
    statement: 'A netlink socket that nothing was sent to is writable, and nothing else.',
    source: 'Shadow; measured',
    create: [netlink('n')],
    fd: 'n',
    ...writable,
  },
]
