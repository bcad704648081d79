import {
  add,
  blocked,
  close,
  drain,
  epoll,
  fill,
  join,
  pipe,
  read,
  thread,
  wait,
  write,
} from '../../build.ts'
import { UnsupportedError } from '../../../errors.ts'
import { F } from '../../../libc/constants/linux.ts'
import { lastError } from '../../../libc/libc.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { pageSize } from '../../operations/pages.ts'
import { WOKEN } from '../../patience.ts'

export const pipes: readonly Check[] = [
  epollCheck({
    id: 'epoll.et.out-edge',
    statement:
      'The write end of a pipe is reported when added, and when a reader makes room in a full pipe, once; writes, and reads while there is room, are no event.',
    source: 'LTP epoll_wait06; measured',
    bugs: ['rcore-os/tgoskits#910: an endless loop of OUT'],
    steps: [
      pipe('r', 'w'),
      epoll('ep'),
      add('ep', 'w', 'OUT|ET'),
      wait('ep', { w: 'OUT' }),
      wait('ep', {}),
      write('w', 100),
      wait('ep', {}),
      read('r', 50),
      wait('ep', {}),
      read('r', 50),
      wait('ep', {}),
      fill('w'),
      wait('ep', {}),
      drain('r'),
      wait('ep', { w: 'OUT' }),
      wait('ep', {}),
      wait('ep', {}, { timeoutMs: 10 }),
    ],
  }),
  epollCheck({
    id: 'epoll.et.out-edge-granularity',
    statement:
      'A pipe that was filled byte by byte has room again, and is reported, when a whole page of it was read.',
    level: 'quirk',
    source: 'LTP; NetBSD kqueue tests; epoll-shim; measured',
    differs: 'Linux gives room by whole pages, NetBSD and FreeBSD by PIPE_BUF or a low-water mark.',
    run(machine) {
      const page = pageSize(machine)
      machine.run(pipe('r', 'w'), epoll('ep'))
      // Two pages, so that there are not too many bytes to write one by one.
      machine.begin('make the pipe two pages large')
      resizePipe(machine, 'w', 2 * page)
      machine.run(
        add('ep', 'w', 'OUT|ET'),
        wait('ep', { w: 'OUT' }),
        fill('w', 1),
        read('r', page - 1),
        wait('ep', {}),
        read('r', 1),
        wait('ep', { w: 'OUT' }),
        wait('ep', {}),
      )
    },
  }),
  epollCheck({
    id: 'epoll.et.pipe-grow-signals',
    statement: 'Making a full pipe larger (F_SETPIPE_SZ) is an event of its write end.',
    level: 'quirk',
    source: 'fcntl(2); measured',
    differs: 'Pipes can be made larger on Linux only.',
    run(machine) {
      const page = pageSize(machine)
      machine.run(pipe('r', 'w'), epoll('ep'))
      machine.begin('make the pipe one page large')
      resizePipe(machine, 'w', page)
      machine.run(add('ep', 'w', 'OUT|ET'), wait('ep', { w: 'OUT' }), fill('w'), wait('ep', {}))
      machine.begin('make the pipe two pages large')
      resizePipe(machine, 'w', 2 * page)
      machine.run(wait('ep', { w: 'OUT' }), wait('ep', {}))
    },
  }),
  epollCheck({
    id: 'epoll.et.hup-edge',
    statement:
      'The writer closing while data is unread is one event, IN and HUP; reading that data afterwards is none.',
    source: 'Shadow threads_eof; measured',
    bugs: ['shadow/shadow#2181, #3576: HUP and RDHUP were missing'],
    differs: 'At the end of file with data Linux reports IN and HUP; kqueue READ with EV_EOF.',
    steps: [
      pipe('r', 'w'),
      epoll('ep'),
      add('ep', 'r', 'IN|ET'),
      write('w', 10),
      wait('ep', { r: 'IN' }),
      close('w'),
      wait('ep', { r: 'IN|HUP' }),
      wait('ep', {}),
      read('r', 5),
      wait('ep', {}),
      read('r', 5),
      read('r', 1, 0),
      wait('ep', {}),
    ],
  }),
  epollCheck({
    id: 'epoll.et.writer-err-edge',
    statement:
      'The last reader closing is one event of the writer, OUT and ERR, and wakes one that is blocked.',
    kind: 'thread',
    source: 'LTP epoll_wait12; google/gvisor#10066 (a hang in Tokio and asyncio)',
    bugs: [
      'google/gvisor#10066: the writer was not told, and Tokio and asyncio hung',
      'rust-lang/miri#3816: no ERR',
    ],
    differs: 'epoll-shim reports ERR without OUT. FreeBSD drops the entry of a writer at that moment.',
    threads: 1,
    steps: [
      pipe('r1', 'w1'),
      pipe('r2', 'w2'),
      epoll('ep1'),
      epoll('ep2'),
      add('ep1', 'w1', 'OUT|ET'),
      wait('ep1', { w1: 'OUT' }),
      close('r1'),
      wait('ep1', { w1: 'OUT|ERR' }),
      wait('ep1', {}),
      add('ep2', 'w2', 'OUT|ET'),
      wait('ep2', { w2: 'OUT' }),
      thread('waiter', wait('ep2', { w2: 'OUT|ERR' }, WOKEN)),
      blocked('waiter'),
      close('r2'),
      join('waiter'),
      wait('ep2', {}),
    ],
  }),
]

/** Sets how much a pipe holds. A user whose pipes hold too much already may not make one larger. */
function resizePipe(machine: Machine, name: string, bytes: number): void {
  const size = machine.libc.fn.fcntl(machine.fd(name), F.SETPIPE_SZ, bytes)
  if (size === bytes) return
  const reason = size === -1 ? lastError(machine.libc, 'F_SETPIPE_SZ').message : `it becomes ${size}`
  throw new UnsupportedError(`a pipe of ${bytes} bytes`, reason)
}
