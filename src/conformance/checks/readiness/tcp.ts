import {
  accept,
  bind,
  close,
  connect,
  drain,
  fill,
  listener,
  read,
  recvOob,
  requireState,
  reset,
  sendOob,
  settle,
  settleSent,
  shutdown,
  socket,
  socketOption,
  soError,
  tcp,
  write,
} from '../../build.ts'
import type { Name, Step } from '../../steps.ts'
import type { Readiness } from './inquiry.ts'
import type { ReadinessRow } from './matrix.ts'

const create = [tcp('c', 's')]

const silent: Readiness = { fd: 's', revents: '0', withoutEvents: '0', select: '' }
const writable: Readiness = { fd: 's', revents: 'OUT', withoutEvents: '0', select: 'w' }
const readable: Readiness = { fd: 's', revents: 'IN|OUT', withoutEvents: '0', select: 'rw' }
const pending: Readiness = { fd: 'l', revents: 'IN', withoutEvents: '0', select: 'r' }
/** The end of the data is something to read. */
const atEnd: Readiness = { ...readable, revents: 'IN|OUT|RDHUP' }
const hungUp: Readiness = { fd: 's', revents: 'IN|OUT|HUP|RDHUP', withoutEvents: 'HUP', select: 'rw' }
/** The same with an error that nobody has fetched. */
const failed: Readiness = { ...hungUp, revents: 'IN|OUT|ERR|HUP|RDHUP', withoutEvents: 'ERR|HUP' }
const unconnected: Readiness = { fd: 'c', revents: 'OUT|HUP', withoutEvents: 'HUP', select: 'rw' }

/** Makes a connection that the listener has in its queue, for certain: it acknowledges what it is sent. */
const queue = (client: Name): Step[] => [
  connect(client, 'l', 'EINPROGRESS'),
  settle(client, 'ESTABLISHED'),
  write(client, 1),
  settleSent(client),
]

/** A full queue: Linux lets one connection more into it than the backlog says, and ignores all others. */
const unresponsive = [listener('l', 'inet', 0), socket('queued', 'inet'), ...queue('queued')]

/** Leaves a connection attempt without an answer. */
const connectInVain: Step[] = [connect('c', 'l', 'EINPROGRESS'), requireState('c', 'SYN_SENT')]

export const tcpRows: readonly ReadinessRow[] = [
  {
    id: 'ready.tcp.unconnected',
    statement: 'A TCP socket that was never connected, bound or not, reports OUT and HUP.',
    level: 'de-facto',
    source: 'epoll-shim; nanovms/nanos#1508',
    create: [socket('c', 'inet')],
    ...unconnected,
    also: [{ steps: [bind('c', 'inet')], ...unconnected }],
  },
  {
    id: 'ready.tcp.connecting',
    statement: 'A TCP socket whose connection attempt has got no answer yet is not ready.',
    source: 'connect(2); gVisor; mio',
    create: [...unresponsive, socket('c', 'inet')],
    transition: connectInVain,
    ...silent,
    fd: 'c',
  },
  {
    id: 'ready.tcp.connected',
    statement: 'A TCP socket that has connected is writable, and nothing else.',
    source: 'connect(2); mio',
    create: [listener('l', 'inet'), socket('c', 'inet')],
    transition: [connect('c', 'l', 'EINPROGRESS'), settle('c', 'ESTABLISHED')],
    ...writable,
    fd: 'c',
    also: [{ steps: [soError('c', '0')], ...writable, fd: 'c' }],
  },
  {
    id: 'ready.tcp.refused',
    statement:
      'After a refused connection attempt everything is reported; once ECONNREFUSED was fetched, all but ERR.',
    source: 'epoll-shim; Miri; google/gvisor#6666',
    create: [socket('closed', 'inet'), bind('closed', 'inet'), socket('c', 'inet')],
    transition: [connect('c', 'closed', 'EINPROGRESS'), settle('c', 'CLOSE')],
    ...failed,
    fd: 'c',
    also: [{ steps: [soError('c', 'ECONNREFUSED')], ...hungUp, fd: 'c' }],
  },
  {
    id: 'ready.tcp.listener-idle',
    statement: 'A TCP listener that nobody connects to is not ready, not even for writing.',
    source: 'libkqueue',
    create: [listener('l', 'inet')],
    ...silent,
    fd: 'l',
  },
  {
    id: 'ready.tcp.listener-pending',
    statement:
      'A TCP listener is readable while a connection waits in its queue, also when its client has gone.',
    source: 'accept(2); gVisor',
    create: [listener('l', 'inet'), socket('c', 'inet')],
    transition: queue('c'),
    ...pending,
    also: [
      { steps: [shutdown('c', 'WR'), settle('c', 'FIN_WAIT2'), close('c')], ...pending },
      { steps: [accept('s', 'l')], ...silent, fd: 'l' },
    ],
  },
  {
    id: 'ready.tcp.listener-shut-rd',
    statement: 'A TCP listener that was shut down for reading is like an unconnected socket: OUT and HUP.',
    level: 'de-facto',
    source: 'gVisor',
    create: [listener('c', 'inet')],
    transition: [shutdown('c', 'RD')],
    ...unconnected,
  },
  {
    id: 'ready.tcp.data',
    statement: 'A TCP socket with data is readable and writable, until the data is read.',
    source: 'gVisor',
    create,
    // What arrives may be acknowledged before readers are woken; asking for the state lets that end too.
    transition: [write('c', 1), settleSent('c'), settle('s', 'ESTABLISHED')],
    ...readable,
    also: [
      // A little that the peer has not read leaves the sender writable.
      { steps: [], ...writable, fd: 'c' },
      { steps: [read('s', 1)], ...writable },
    ],
  },
  {
    id: 'ready.tcp.snd-full',
    statement: 'A TCP socket that takes no more because the peer does not read is not ready.',
    source: 'gVisor',
    // A send buffer of a given size does not grow by itself.
    create: [...create, socketOption('s', 'SNDBUF', 1 << 18)],
    transition: [fill('s', 1 << 16)],
    ...silent,
  },
  {
    id: 'ready.tcp.peer-fin',
    statement:
      'After the peer has closed, or shut its writing down, a TCP socket reports IN and RDHUP, not HUP.',
    source: 'mio; Shadow',
    create,
    transition: [shutdown('c', 'WR'), settle('s', 'CLOSE_WAIT')],
    otherTransitions: [[close('c'), settle('s', 'CLOSE_WAIT')]],
    ...atEnd,
  },
  {
    id: 'ready.tcp.self-shut-wr',
    statement: 'A TCP socket that was shut down for writing is still OUT, and nothing else.',
    source: 'gVisor',
    create,
    transition: [shutdown('s', 'WR'), settle('s', 'FIN_WAIT2')],
    ...writable,
  },
  {
    id: 'ready.tcp.both-fin',
    statement: 'When both ends have shut their writing down, a TCP socket reports HUP, whoever came first.',
    source: 'gVisor; emscripten-core/emscripten#27279',
    create,
    transition: [shutdown('c', 'WR'), settle('s', 'CLOSE_WAIT'), shutdown('s', 'WR')],
    otherTransitions: [
      [shutdown('s', 'WR'), settle('s', 'FIN_WAIT2'), shutdown('c', 'WR'), settle('s', 'CLOSE', 'TIME_WAIT')],
    ],
    ...hungUp,
  },
  {
    id: 'ready.tcp.self-shut-rd',
    statement: 'A TCP socket that was shut down for reading reports IN and RDHUP; its peer does not notice.',
    source: 'LTP epoll_wait05; gVisor',
    create,
    transition: [shutdown('s', 'RD')],
    ...atEnd,
    also: [{ steps: [], ...writable, fd: 'c' }],
  },
  {
    id: 'ready.tcp.self-shut-rdwr',
    statement: 'A TCP socket that was shut down for both directions reports HUP and RDHUP.',
    source: 'Miri; emscripten-core/emscripten#27279',
    create,
    transition: [shutdown('s', 'RDWR')],
    ...hungUp,
  },
  {
    id: 'ready.tcp.rst',
    statement: 'After a reset by the peer everything is reported; once ECONNRESET was fetched, all but ERR.',
    source: 'gVisor',
    create,
    transition: [reset('c'), settle('s', 'CLOSE')],
    ...failed,
    also: [{ steps: [soError('s', 'ECONNRESET')], ...hungUp }],
  },
  {
    id: 'ready.tcp.write-after-peer-close',
    statement:
      'A write to a peer that has closed is answered by a reset: everything is reported, and the error is EPIPE.',
    level: 'de-facto',
    source: 'measured',
    create,
    transition: [close('c'), settle('s', 'CLOSE_WAIT'), write('s', 1), settle('s', 'CLOSE')],
    ...failed,
    also: [
      { steps: [soError('s', 'EPIPE')], ...hungUp },
      { steps: [write('s', 1, 'EPIPE')], ...hungUp },
    ],
  },
  {
    id: 'ready.tcp.oob',
    statement: 'An urgent byte is PRI and not IN, until it is received.',
    source: 'tcp(7); epoll-shim; gVisor',
    create,
    transition: [sendOob('c'), settleSent('c')],
    fd: 's',
    revents: 'OUT|PRI',
    withoutEvents: '0',
    select: 'wx',
    also: [{ steps: [recvOob('s')], ...writable }],
  },
  {
    id: 'ready.tcp.oob-inline',
    statement: 'An urgent byte that stays in the stream (SO_OOBINLINE) is IN and PRI, until it is read.',
    source: 'tcp(7); epoll-shim',
    create: [...create, socketOption('s', 'OOBINLINE', 1)],
    transition: [sendOob('c'), settleSent('c')],
    fd: 's',
    revents: 'IN|OUT|PRI',
    withoutEvents: '0',
    select: 'rwx',
    also: [{ steps: [drain('s')], ...writable }],
  },
  {
    id: 'ready.tcp.backlog-reset',
    statement:
      'When a listener closes, a client that was not accepted is reset; once ECONNRESET was fetched, ERR is gone.',
    source: 'gVisor',
    create: [listener('l', 'inet'), socket('c', 'inet'), ...queue('c')],
    transition: [close('l'), settle('c', 'CLOSE')],
    ...failed,
    fd: 'c',
    also: [{ steps: [soError('c', 'ECONNRESET')], ...hungUp, fd: 'c' }],
  },
  {
    id: 'ready.tcp.shutdown-connecting',
    statement:
      'A shutdown of a connection attempt wakes its waiters with OUT, ERR and HUP; once ECONNRESET was fetched, ERR is gone.',
    level: 'de-facto',
    source: 'gVisor',
    create: [...unresponsive, socket('c', 'inet'), ...connectInVain],
    transition: [shutdown('c', 'RDWR')],
    fd: 'c',
    revents: 'OUT|ERR|HUP',
    withoutEvents: 'ERR|HUP',
    select: 'rw',
    also: [{ steps: [soError('c', 'ECONNRESET')], ...unconnected }],
    wakes: true,
  },
]
