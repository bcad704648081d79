/** What happens while somebody waits, beyond the rows: what must wake nobody, and whose end closes what. */
import type { BackendName } from '../../../backends/index.ts'
import { F } from '../../../libc/constants/linux.ts'
import {
  add,
  bind,
  blocked,
  call,
  close,
  connect,
  epoll,
  eventfd,
  join,
  listener,
  pipe,
  poll,
  read,
  select,
  settle,
  shutdown,
  signal,
  sleep,
  socket,
  socketpair,
  soError,
  tcp,
  thread,
  wait,
  write,
} from '../../build.ts'
import type { Check } from '../../check.ts'
import { classicCheck } from '../../define.ts'
import { ARRIVAL, WOKEN } from '../../patience.ts'
import type { Name, Step } from '../../steps.ts'
import { endProcess, fork } from '../../steps/processes.ts'
import { settleReady } from '../../steps/sources.ts'
import { inquiryOf } from './inquiry.ts'
import { FULL_MASK } from './matrix.ts'
import { failed, hungUp, nothing, unconnected, writable, writersGone } from './states.ts'
import { classic } from '../../classic.ts'

/** How long a wake-up by another thread of an emulator may take to show. */
const LATENCY_MS = 20

/**
 * A thread waits for all of a descriptor that is not there yet, besides an eventfd. What is done must not wake it,
 * and the eventfd must, so that nobody depends on how long anything takes.
 */
function undisturbed(
  backend: BackendName,
  create: readonly Step[],
  fd: Name,
  actions: readonly Step[],
): Step[] {
  const mask = 'IN|PRI|RDHUP'
  const watch = backend === 'epoll' ? [epoll('ep'), add('ep', fd, mask), add('ep', 'e', 'IN')] : []
  const waits = {
    epoll: () => wait('ep', { e: 'IN' }, WOKEN),
    poll: () => poll({ [fd]: mask, e: 'IN' }, { e: 'IN' }, WOKEN.timeoutMs),
    select: () => select({ [fd]: 'rx', e: 'r' }, { e: 'r' }, WOKEN.timeoutMs),
  }
  return [
    ...create,
    eventfd('e'),
    ...watch,
    thread('waiter', waits[classic(backend)]()),
    blocked('waiter'),
    ...actions,
    sleep(LATENCY_MS),
    blocked('waiter'),
    signal('e'),
    join('waiter'),
  ]
}

export const waiting: readonly Check[] = [
  classicCheck({
    id: 'ready.dgram-close-not-woken',
    statement: 'The shutdown and the close of its peer wake nobody who waits for a unix datagram socket.',
    level: 'de-facto',
    kind: 'thread',
    source: 'gVisor',
    threads: 1,
    steps: (backend) =>
      undisturbed(backend, [socketpair('a', 'b', 'dgram')], 'a', [
        shutdown('b', 'WR'),
        shutdown('b', 'RD'),
        close('b'),
      ]),
  }),
  classicCheck({
    id: 'ready.peer-shut-rd-silent.tcp',
    statement: 'A peer that shuts its reading down wakes nobody who waits for a TCP socket.',
    level: 'de-facto',
    kind: 'thread',
    source: 'gVisor',
    threads: 1,
    steps: (backend) => undisturbed(backend, [tcp('c', 's')], 's', [shutdown('c', 'RD')]),
  }),
  classicCheck({
    id: 'ready.peer-shut-rd-silent.unix-stream',
    statement: 'A peer that shuts its reading down wakes nobody who waits for a unix stream socket.',
    level: 'de-facto',
    kind: 'thread',
    source: 'gVisor',
    threads: 1,
    steps: (backend) => undisturbed(backend, [socketpair('a', 'b')], 'a', [shutdown('b', 'RD')]),
  }),
  classicCheck({
    id: 'ready.child-exit-closes',
    statement:
      'The end of a child process that held the last write end of a pipe wakes those who wait for its data, with HUP.',
    kind: 'thread',
    source: 'StarryOS pipe-poll-close; google/gvisor#10066',
    bugs: ['google/gvisor#10066: programs hung that waited for the end of a child on a pipe'],
    threads: 1,
    steps: (backend) => {
      const { watch, ask } = inquiryOf(backend, ['r'], 'IN')
      return [
        pipe('r', 'w'),
        ...watch,
        fork('child'),
        close('w'),
        ask({ fd: 'r', ...nothing }),
        thread('waiter', ask({ fd: 'r', ...writersGone }, WOKEN)),
        blocked('waiter'),
        endProcess('child'),
        join('waiter'),
        ask({ fd: 'r', ...writersGone }),
        read('r', 1, 0),
      ]
    },
  }),
  classicCheck({
    id: 'ready.kernel-ref-delays-close',
    statement:
      'A socket that is closed while another thread is blocked reading from it is open until that read returns.',
    level: 'quirk',
    kind: 'thread',
    source: 'Miri waiting_threads_unblocked_after_socketpair_close; measured',
    threads: 1,
    steps: (backend) => {
      const { watch, ask } = inquiryOf(backend, ['b'], FULL_MASK)
      return [
        socketpair('a', 'b'),
        // The reader must wait.
        call('fcntl', ['$a', F.SETFL, 0], 0),
        ...watch,
        thread('reader', read('a', 1)),
        blocked('reader'),
        close('a'),
        ask({ fd: 'b', ...writable }),
        write('b', 1),
        join('reader'),
        ask({ fd: 'b', ...hungUp }),
      ]
    },
  }),
  classicCheck({
    id: 'ready.connect-async.established',
    statement:
      'A connect that does not wait is OUT once it is established, and nothing else, and SO_ERROR is 0 then.',
    source: 'connect(2); Miri; mio',
    steps: (backend) => {
      const { watch, ask } = inquiryOf(backend, ['c'], 'IN|OUT|PRI|RDHUP')
      return [
        listener('l', 'inet'),
        socket('c', 'inet'),
        connect('c', 'l', 'EINPROGRESS'),
        ...watch,
        ask({ fd: 'c', ...writable }, ARRIVAL),
        soError('c', '0'),
        ask({ fd: 'c', ...writable }),
        write('c', 1),
      ]
    },
  }),
  classicCheck({
    id: 'ready.connect-async.refused',
    statement: 'A connect that does not wait and is refused reports that at once, and SO_ERROR says why.',
    source: 'connect(2); Miri; mio',
    steps: (backend) => {
      const { watch, ask } = inquiryOf(backend, ['c'], FULL_MASK)
      return [
        socket('closed', 'inet'),
        bind('closed', 'inet'),
        socket('c', 'inet'),
        ...watch,
        ask({ fd: 'c', ...unconnected }),
        connect('c', 'closed', 'EINPROGRESS'),
        settle('c', 'CLOSE'),
        settleReady('c', 'IN'),
        ask({ fd: 'c', ...failed }),
        soError('c', 'ECONNREFUSED'),
        ask({ fd: 'c', ...hungUp }),
        soError('c', '0'),
      ]
    },
  }),
]
