import { expect, it } from 'vitest'
import {
  add,
  blocked,
  call,
  del,
  drain,
  epoll,
  eventfd,
  join,
  mod,
  pipe,
  poll,
  read,
  select,
  settle,
  tcp,
  thread,
  wait,
  write,
} from './build.ts'
import { stepWords } from './step-words.ts'
import { change, events, kev, kevent, kqueue, told } from './steps/kevents.ts'
import type { Step } from './steps.ts'
import { cancelByFd, pollUpdate } from './rings/requests.ts'
import { completions, enter, pollByRing, setupRing, submit } from './steps/rings.ts'

it.each<[Step, string]>([
  [pipe('r', 'w'), 'pipe: r, w'],
  [kqueue('kq'), 'kqueue: kq'],
  [
    change('kq', kev('TIMER', 7, 'ADD|ONESHOT', { fflags: 'SECONDS', data: 1, label: 'other' }), 'EINVAL'),
    'kevent(kq, [TIMER 7 EV_ADD|ONESHOT fflags SECONDS data 1 udata of "other"], room 0, 0 ms) gives EINVAL',
  ],
  [
    events('kq', [told('READ', 'r', { state: 'EOF', data: { least: 2 } })], { timeoutMs: null }),
    'kevent(kq, no timeout) gives READ r, EV_EOF, data >= 2',
  ],
  [
    kevent('kq', [], { otherwise: [], macos: 'EBADF' }, { time: { seconds: -1, nanoseconds: 5 } }),
    'kevent(kq, -1 s and 5 ns) gives no events; on macos EBADF',
  ],
  [tcp('c', 's'), 'a TCP connection: c, s'],
  [eventfd('e', 3), 'eventfd(3): e'],
  [epoll('ep'), 'epoll_create1: ep'],
  [add('ep', 'r', 'IN|ET'), 'epoll_ctl(ep, ADD, r, IN|ET)'],
  [
    add('ep', 'r', 'IN', { label: 'again', expect: 'EEXIST' }),
    'epoll_ctl(ep, ADD, r, IN, as again) gives EEXIST',
  ],
  [mod('ep', 'r', '0'), 'epoll_ctl(ep, MOD, r, 0)'],
  [del('ep', 'r', 'ENOENT'), 'epoll_ctl(ep, DEL, r) gives ENOENT'],
  [wait('ep', {}), 'epoll_wait(ep, 0 ms) reports nothing'],
  [
    wait('ep', { r: 'IN', w: 'OUT|ERR' }, { timeoutMs: 30, max: 2 }),
    'epoll_wait(ep, 30 ms, room for 2) reports r IN, w OUT|ERR',
  ],
  [poll({ r: 'IN' }, { r: 'IN' }, 5), 'poll(r IN, 5 ms) reports r IN'],
  [select({ r: 'rwx' }, {}), 'select(r rwx, 0 ms) reports nothing'],
  [write('w', 2), 'write 2 bytes to w'],
  [write('w', 1, 'EPIPE'), 'write 1 byte to w gives EPIPE'],
  [read('r', 4, 'EAGAIN'), 'read 4 bytes from r gives EAGAIN'],
  [drain('r'), 'read r until it is empty'],
  [
    call('epoll_ctl', ['$ep', 1, '$r', 'bad-pointer'], 'EFAULT'),
    'epoll_ctl(ep, 1, r, bad-pointer) gives EFAULT',
  ],
  [setupRing('ring'), 'io_uring_setup(16 entries): ring'],
  [
    setupRing('ring', { entries: 1, completions: 2, flags: ['SQPOLL'] }),
    'io_uring_setup(1 entries and room for 2 completions, SQPOLL): ring',
  ],
  [
    submit('ring', pollUpdate('u', 'p', { events: 'IN', multi: true }), cancelByFd('c', 'r')),
    'submit to ring: u = POLL_REMOVE(target p, events IN, poll ADD_MULTI|UPDATE_EVENTS); c = ASYNC_CANCEL(fd r, cancel ALL|FD)',
  ],
  [
    completions('ring', { p: ['IN more', 'ECANCELED'], t: 'ETIME' }, { atLeastMs: 5 }),
    'completions of ring: p IN more, then ECANCELED; t ETIME, the last not before 5 ms',
  ],
  [completions('ring', {}, { by: 'looking only' }), 'completions of ring, without a call: none'],
  [
    enter('ring', 2, { timeoutMs: 5, expect: 'ETIME' }),
    'io_uring_enter(ring, 2 completions, 5 ms) gives ETIME',
  ],
  [pollByRing({ r: 'IN' }, { r: 'IN|HUP' }), 'polls of a ring (r IN, 0 ms) report r IN|HUP'],
  [thread('t', wait('ep', { r: 'IN' })), 'thread t begins: epoll_wait(ep, 0 ms) reports r IN'],
  [blocked('t'), 'wait until thread t sleeps in it'],
  [join('t'), 'thread t returns with that'],
  // What has no words of its own is told as it stands.
  [settle('c', 'ESTABLISHED'), 'settle fd c, states ["ESTABLISHED"]'],
])('%j is told as %j', (step, words) => {
  expect(stepWords(step)).toBe(words)
})
