import { bind, close, connect, drain, fill, shutdown, socket, socketpair, write } from '../../build.ts'
import type { ReadinessRow } from './matrix.ts'
import { atEnd, hungUp, nothing, readWritable, writable } from './states.ts'

const create = [socketpair('a', 'b', 'dgram')]

/** A sender whose receiver is not connected back to it, so that the receiver's queue has a limit. */
const oneWay = [
  socket('b', 'unix', 'dgram'),
  bind('b', 'unix'),
  socket('a', 'unix', 'dgram'),
  connect('a', 'b'),
]

export const unixDgramRows: readonly ReadinessRow[] = [
  {
    id: 'ready.unix-dgram.fresh',
    statement: 'A unix datagram socket that nothing was sent to is writable, and nothing else.',
    source: 'gVisor',
    create,
    fd: 'a',
    ...writable,
  },
  {
    id: 'ready.unix-dgram.data',
    statement: 'A unix datagram socket with a datagram is readable and writable, until that is received.',
    source: 'unix(7)',
    create,
    before: writable,
    transition: [write('b', 1)],
    fd: 'a',
    wake: 'PRI',
    ...readWritable,
    also: [
      { steps: [], fd: 'b', ...writable },
      { steps: [drain('a')], fd: 'a', ...writable },
    ],
  },
  {
    id: 'ready.unix-dgram.peer-closed',
    statement: 'A unix datagram socket shows nothing of the close or shutdown of its peer: it stays OUT.',
    source: 'gVisor',
    differs: 'Some BSDs report EV_EOF.',
    create,
    before: writable,
    transition: [close('b')],
    otherTransitions: [[shutdown('b', 'WR')], [shutdown('b', 'RD')], [shutdown('b', 'RDWR')]],
    fd: 'a',
    ...writable,
  },
  {
    id: 'ready.unix-dgram.self-shut-rd',
    statement: 'A unix datagram socket that was shut down for reading reports IN and RDHUP besides OUT.',
    level: 'de-facto',
    source: 'measured',
    create,
    reads: 'nothing',
    before: writable,
    transition: [shutdown('a', 'RD')],
    fd: 'a',
    ...atEnd,
  },
  {
    id: 'ready.unix-dgram.self-shut-rdwr',
    statement: 'A unix datagram socket that was shut down for both directions reports HUP and RDHUP.',
    level: 'de-facto',
    source: 'measured',
    create,
    reads: 'nothing',
    before: writable,
    transition: [shutdown('a', 'RDWR')],
    fd: 'a',
    ...hungUp,
  },
  {
    id: 'ready.unix-dgram.peer-full',
    statement: 'A unix datagram socket whose receiver takes no more is not ready.',
    source: 'unix(7); measured',
    create: oneWay,
    before: writable,
    transition: [fill('a', 512)],
    fd: 'a',
    ...nothing,
  },
  {
    id: 'ready.unix-dgram.peer-drained',
    statement: 'A unix datagram socket whose receiver took no more is writable again once that has read.',
    source: 'unix(7); measured',
    create: [...oneWay, fill('a', 512)],
    before: nothing,
    transition: [drain('b')],
    fd: 'a',
    ...writable,
  },
  {
    id: 'ready.unix-dgram.snd-full',
    statement: 'A unix datagram socket whose send buffer is full is not ready until its peer reads.',
    source: 'unix(7); measured',
    create,
    before: writable,
    transition: [fill('a')],
    fd: 'a',
    ...nothing,
    also: [{ steps: [drain('b')], fd: 'a', ...writable }],
  },
]
