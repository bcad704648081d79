import {
  call,
  close,
  connect,
  drain,
  fill,
  listener,
  recvOob,
  sendOob,
  shutdown,
  socket,
  socketpair,
  soError,
  write,
} from '../../build.ts'
import type { Readiness } from './inquiry.ts'
import type { ReadinessRow } from './matrix.ts'

const create = [socketpair('a', 'b')]

/** No more data will come, and none can be sent: what poll(2) calls hung up. */
const hungUp: Readiness = {
  fd: 'a',
  revents: 'IN|OUT|HUP|RDHUP',
  withoutEvents: 'HUP',
  select: 'rw',
}
/** The same with an error that nobody has fetched. */
const failed: Readiness = { ...hungUp, revents: 'IN|OUT|ERR|HUP|RDHUP', withoutEvents: 'ERR|HUP' }
const writable: Readiness = { fd: 'a', revents: 'OUT', withoutEvents: '0', select: 'w' }
const readable: Readiness = { fd: 'a', revents: 'IN|OUT', withoutEvents: '0', select: 'rw' }
/** The end of the data is something to read. */
const atEnd: Readiness = { ...readable, revents: 'IN|OUT|RDHUP' }
const unconnected: Readiness = { fd: 'a', revents: 'OUT|HUP', withoutEvents: 'HUP', select: 'rw' }

export const unixStreamRows: readonly ReadinessRow[] = [
  {
    id: 'ready.unix-stream.fresh',
    statement: 'A connected unix stream socket that nothing was sent to is writable, and nothing else.',
    source: 'gVisor',
    create,
    ...writable,
  },
  {
    id: 'ready.unix-stream.data',
    statement: 'A unix stream socket with data is readable and writable, until the data is read.',
    source: 'gVisor',
    create,
    transition: [write('b', 1)],
    ...readable,
    also: [
      // A little that the peer has not read leaves the sender writable.
      { steps: [], ...writable, fd: 'b' },
      { steps: [drain('a')], ...writable },
    ],
  },
  {
    id: 'ready.unix-stream.snd-full',
    statement: 'A unix stream socket whose send buffer is full is not ready until the peer reads.',
    source: 'gVisor',
    create,
    transition: [fill('a')],
    fd: 'a',
    revents: '0',
    withoutEvents: '0',
    select: '',
    also: [{ steps: [drain('b')], ...writable }],
  },
  {
    id: 'ready.unix-stream.peer-shut-wr',
    statement:
      'After the peer has shut its writing down, a unix stream socket reports IN and RDHUP, not HUP.',
    source: 'gVisor; mio',
    create,
    transition: [shutdown('b', 'WR')],
    ...atEnd,
  },
  {
    id: 'ready.unix-stream.self-shut-wr',
    statement: 'A unix stream socket that was shut down for writing is still OUT, and nothing else.',
    source: 'gVisor',
    create,
    transition: [shutdown('a', 'WR')],
    ...writable,
  },
  {
    id: 'ready.unix-stream.peer-shut-rd',
    statement: 'That the peer has shut its reading down does not show in a unix stream socket: only OUT.',
    source: 'gVisor',
    create,
    transition: [shutdown('b', 'RD')],
    ...writable,
  },
  {
    id: 'ready.unix-stream.self-shut-rd',
    statement: 'A unix stream socket that was shut down for reading reports IN and RDHUP besides OUT.',
    source: 'LTP epoll_wait05',
    create,
    transition: [shutdown('a', 'RD')],
    ...atEnd,
  },
  {
    id: 'ready.unix-stream.shut-rdwr',
    statement: 'After one end was shut down for both directions, both ends report HUP and RDHUP.',
    source: 'gVisor',
    create,
    transition: [shutdown('a', 'RDWR')],
    otherTransitions: [[shutdown('b', 'RDWR')]],
    ...hungUp,
    also: [{ steps: [], ...hungUp, fd: 'b' }],
  },
  {
    id: 'ready.unix-stream.both-shut-wr',
    statement: 'When both ends have shut their writing down, both report HUP and RDHUP.',
    source: 'measured',
    create,
    transition: [shutdown('a', 'WR'), shutdown('b', 'WR')],
    otherTransitions: [[shutdown('b', 'WR'), shutdown('a', 'WR')]],
    ...hungUp,
    also: [{ steps: [], ...hungUp, fd: 'b' }],
  },
  {
    id: 'ready.unix-stream.peer-closed',
    statement: 'After a clean close of the peer a unix stream socket reports HUP and RDHUP, and no error.',
    source: 'gVisor; oven-sh/bun#37928',
    create,
    transition: [close('b')],
    otherTransitions: [[write('b', 1), close('b')]],
    ...hungUp,
    also: [
      { steps: [soError('a', '0')], ...hungUp },
      { steps: [call('recv', ['$a', { bytes: 8 }, 8, 0], 'ok')], ...hungUp },
    ],
  },
  {
    id: 'ready.unix-stream.peer-closed-unread',
    statement:
      'A peer that closes without having read what was sent to it is an error, ECONNRESET; once fetched, ERR is gone.',
    source: 'Miri epollerr',
    create: [...create, write('a', 1)],
    transition: [close('b')],
    ...failed,
    also: [{ steps: [soError('a', 'ECONNRESET')], ...hungUp }],
  },
  {
    id: 'ready.unix-stream.unconnected',
    statement: 'A unix stream socket that was never connected reports OUT and HUP.',
    level: 'de-facto',
    source: 'epoll-shim',
    create: [socket('a', 'unix')],
    ...unconnected,
  },
  {
    id: 'ready.unix-stream.listener-closed',
    statement:
      'When a listener closes, a client that was not accepted gets ECONNRESET, HUP and RDHUP; once fetched, ERR is gone.',
    source: 'gVisor',
    create: [listener('l', 'unix'), socket('a', 'unix'), connect('a', 'l')],
    transition: [close('l')],
    ...failed,
    also: [{ steps: [soError('a', 'ECONNRESET')], ...hungUp }],
  },
  {
    id: 'ready.unix-stream.backlog-full',
    statement:
      'After a connect that the full backlog refused (EAGAIN), the socket is as unconnected as before.',
    level: 'de-facto',
    source: 'measured',
    create: [listener('l', 'unix', 0), socket('queued', 'unix'), connect('queued', 'l'), socket('a', 'unix')],
    transition: [connect('a', 'l', 'EAGAIN')],
    ...unconnected,
  },
  {
    id: 'ready.unix-stream.oob',
    statement:
      'An urgent byte makes a unix stream socket readable and PRI; when it was received, OUT alone is left.',
    level: 'de-facto',
    source: 'kernel selftest af_unix msg_oob (Linux 5.15); measured',
    create,
    transition: [sendOob('b')],
    fd: 'a',
    revents: 'IN|OUT|PRI',
    withoutEvents: '0',
    select: 'rwx',
    also: [
      // Linux goes on saying IN until a read has found that there is nothing.
      { steps: [recvOob('a'), call('recv', ['$a', { bytes: 8 }, 8, 0], 'EAGAIN')], ...writable },
    ],
  },
]
