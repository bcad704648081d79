/** Unix stream sockets, and those of packets, which are the same in all of this. */
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
import type { Step } from '../../steps.ts'
import type { ReadinessRow } from './matrix.ts'
import { atEnd, failed, hungUp, nothing, readWritable, unconnected, writable } from './states.ts'

/** Receives what is there, also nothing at all. */
const receive: Step = call('recv', ['$a', { bytes: 8 }, 8, 0], 'ok')

function rowsOf(type: 'stream' | 'seqpacket'): readonly ReadinessRow[] {
  const create = [socketpair('a', 'b', type)]
  const id = (slug: string): string => `ready.unix-${type}.${slug}`
  const a = type === 'stream' ? 'A unix stream socket' : 'A unix seqpacket socket'
  return [
    {
      id: id('fresh'),
      statement: `${a} that is connected, and that nothing was sent to, is writable, and nothing else.`,
      source: 'gVisor',
      create,
      fd: 'a',
      ...writable,
    },
    {
      id: id('data'),
      statement: `${a} with data is readable and writable, until the data is read.`,
      source: 'gVisor',
      create,
      before: writable,
      transition: [write('b', 1)],
      fd: 'a',
      wake: 'PRI',
      ...readWritable,
      also: [
        // A little that the peer has not read leaves the sender writable.
        { steps: [], fd: 'b', ...writable },
        { steps: [drain('a')], fd: 'a', ...writable },
      ],
    },
    {
      id: id('snd-full'),
      statement: `${a} whose send buffer is full is not ready.`,
      source: 'gVisor',
      create,
      before: writable,
      transition: [fill('a')],
      fd: 'a',
      ...nothing,
    },
    {
      id: id('snd-drained'),
      statement: `${a} whose send buffer was full is writable again once its peer has read everything.`,
      source: 'gVisor; unix(7)',
      create: [...create, fill('a')],
      before: nothing,
      transition: [drain('b')],
      fd: 'a',
      ...writable,
    },
    {
      id: id('peer-shut-wr'),
      statement: `${a} whose peer has shut its writing down reports IN and RDHUP, and not HUP.`,
      source: 'gVisor; mio',
      create,
      before: writable,
      transition: [shutdown('b', 'WR')],
      fd: 'a',
      ...atEnd,
    },
    {
      id: id('self-shut-wr'),
      statement: `${a} that was shut down for writing is still OUT, and nothing else.`,
      source: 'gVisor',
      create,
      before: writable,
      transition: [shutdown('a', 'WR')],
      fd: 'a',
      ...writable,
    },
    {
      id: id('peer-shut-rd'),
      statement: `${a} does not show that its peer has shut its reading down: it is only OUT.`,
      source: 'gVisor',
      create,
      before: writable,
      transition: [shutdown('b', 'RD')],
      fd: 'a',
      ...writable,
    },
    {
      id: id('self-shut-rd'),
      statement: `${a} that was shut down for reading reports IN and RDHUP besides OUT.`,
      source: 'LTP epoll_wait05',
      create,
      before: writable,
      transition: [shutdown('a', 'RD')],
      fd: 'a',
      ...atEnd,
    },
    {
      id: id('shut-rdwr'),
      statement: `${a} reports HUP and RDHUP once either end was shut down for both directions.`,
      source: 'gVisor',
      create,
      before: writable,
      transition: [shutdown('b', 'RDWR')],
      otherTransitions: [[shutdown('a', 'RDWR')]],
      fd: 'a',
      ...hungUp,
      also: [{ steps: [], fd: 'b', ...hungUp }],
    },
    {
      id: id('both-shut-wr'),
      statement: `${a} reports HUP and RDHUP once both ends have shut their writing down.`,
      source: 'measured',
      create: [...create, shutdown('a', 'WR')],
      before: writable,
      transition: [shutdown('b', 'WR')],
      fd: 'a',
      ...hungUp,
      also: [{ steps: [], fd: 'b', ...hungUp }],
    },
    {
      id: id('peer-closed'),
      statement: `${a} reports HUP and RDHUP after a clean close of its peer, and no error.`,
      source: 'gVisor; oven-sh/bun#37928',
      bugs: ['microsoft/WSL#271: the hang-up was not reported', 'shadow/shadow#2181: neither HUP nor RDHUP'],
      create,
      before: writable,
      transition: [close('b')],
      otherTransitions: [[write('b', 1), close('b')]],
      fd: 'a',
      ...hungUp,
      also: [
        { steps: [soError('a', '0')], fd: 'a', ...hungUp },
        { steps: [receive], fd: 'a', ...hungUp },
      ],
    },
    {
      id: id('peer-closed-unread'),
      statement: `${a} gets ECONNRESET from a peer that closes without having read all; once fetched, ERR is gone.`,
      source: 'Miri epollerr',
      bugs: ['rust-lang/miri#3816: no ERR'],
      create: [...create, write('a', 1)],
      before: writable,
      transition: [close('b')],
      fd: 'a',
      ...failed,
      also: [{ steps: [soError('a', 'ECONNRESET')], fd: 'a', ...hungUp }],
    },
    {
      id: id('unconnected'),
      statement: `${a} that was never connected reports OUT and HUP.`,
      level: 'de-facto',
      source: 'epoll-shim',
      create: [socket('a', 'unix', type)],
      fd: 'a',
      ...unconnected,
    },
    {
      id: id('listener-closed'),
      statement: `${a} that was not accepted when its listener closed gets ECONNRESET, HUP and RDHUP; once fetched, ERR is gone.`,
      source: 'gVisor',
      create: [listener('l', 'unix', 8, type), socket('a', 'unix', type), connect('a', 'l')],
      before: writable,
      transition: [close('l')],
      fd: 'a',
      ...failed,
      also: [{ steps: [soError('a', 'ECONNRESET')], fd: 'a', ...hungUp }],
    },
    {
      id: id('backlog-full'),
      statement: `${a} that a full backlog has refused (EAGAIN) is as unconnected as before.`,
      level: 'de-facto',
      source: 'measured',
      create: [
        listener('l', 'unix', 0, type),
        socket('queued', 'unix', type),
        connect('queued', 'l'),
        socket('a', 'unix', type),
      ],
      before: unconnected,
      transition: [connect('a', 'l', 'EAGAIN')],
      fd: 'a',
      ...unconnected,
    },
  ]
}

/** Only streams have urgent data. */
const oob: ReadinessRow = {
  id: 'ready.unix-stream.oob',
  statement:
    'An urgent byte makes a unix stream socket readable and PRI; when it was received, OUT alone is left.',
  level: 'de-facto',
  source: 'kernel selftest af_unix msg_oob (Linux 5.15); measured',
  create: [socketpair('a', 'b')],
  reads: 'nothing',
  before: writable,
  transition: [sendOob('b')],
  fd: 'a',
  revents: 'IN|OUT|PRI',
  withoutEvents: '0',
  select: 'rwx',
  also: [
    // Linux goes on saying IN until a read has found that there is nothing.
    {
      steps: [recvOob('a'), call('recv', ['$a', { bytes: 8 }, 8, 0], 'EAGAIN')],
      fd: 'a',
      ...writable,
    },
  ],
}

export const unixStreamRows: readonly ReadinessRow[] = [...rowsOf('stream'), oob]
export const unixSeqpacketRows: readonly ReadinessRow[] = rowsOf('seqpacket')
