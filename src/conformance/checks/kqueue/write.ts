import type { Check } from '../../check.ts'
import {
  blocked,
  close,
  connect,
  drain,
  fill,
  join,
  listener,
  pipe,
  read,
  socket,
  bind,
  socketpair,
  tcp,
  thread,
  write,
} from '../../build.ts'
import { kqueueCheck } from '../../define.ts'
import { Failure } from '../../check.ts'
import type { Machine } from '../../machine.ts'
import { KeventCall } from '../../operations/kevent-call.ts'
import { abiOf } from '../../operations/kevent-words.ts'
import { ARRIVAL, WOKEN } from '../../patience.ts'
import { change, events, kev, kqueue, requireSystem, told } from '../../steps/kevents.ts'

/** EVFILT_EMPTY where it is: FreeBSD has it since version 11, NetBSD since 10. */
const EMPTY = { freebsd: -13, netbsd: 9 } as const

/** EVFILT_WRITE, and what else tells of room. */
export const writing: readonly Check[] = [
  kqueueCheck({
    id: 'kq.write.data-space',
    statement:
      'The data of a WRITE event of a pipe is how much fits: less after each write, and nothing comes once it is full.',
    source: 'kqueue(2), EVFILT_WRITE; libkqueue',
    run(machine) {
      machine.run(pipe('r', 'w'), kqueue('kq'), change('kq', kev('WRITE', 'w', 'ADD')))
      expectSpaceShrinks(machine, 'w')
      machine.run(
        fill('w'),
        events('kq', []),
        drain('r'),
        events('kq', [told('WRITE', 'w', { data: { least: 512 } })]),
      )
    },
  }),
  kqueueCheck({
    id: 'kq.write.data-space.socket',
    statement:
      'The data of a WRITE event of a socket is how much fits: less after each write, and nothing comes once it is full.',
    source: 'kqueue(2), EVFILT_WRITE: "data will contain the amount of space remaining in the write buffer"',
    why: 'Programs write so many bytes and expect that none is refused.',
    run(machine) {
      machine.run(socketpair('a', 'b'), kqueue('kq'), change('kq', kev('WRITE', 'a', 'ADD')))
      expectSpaceShrinks(machine, 'a')
      machine.run(
        fill('a'),
        events('kq', []),
        drain('b'),
        events('kq', [told('WRITE', 'a', { data: { least: 512 } })]),
      )
    },
  }),
  kqueueCheck({
    id: 'kq.write.eof-on-reader-close',
    statement:
      'A pipe or socket whose reader closes is writable with EV_EOF, full or not, and whoever is blocked is woken.',
    kind: 'thread',
    source: 'kqueue(2), EVFILT_WRITE; libkqueue; NetBSD tests',
    differs: 'FreeBSD ends the registration of a pipe with this event.',
    threads: 1,
    steps: [
      pipe('r', 'w'),
      pipe('r2', 'w2'),
      socketpair('a', 'b'),
      kqueue('kq'),
      change('kq', [kev('WRITE', 'w', 'ADD|ONESHOT'), kev('WRITE', 'a', 'ADD|ONESHOT')]),
      close('r'),
      close('b'),
      events('kq', [told('WRITE', 'w', { state: 'EOF' }), told('WRITE', 'a', { state: 'EOF' })]),
      fill('w2'),
      change('kq', kev('WRITE', 'w2', 'ADD|ONESHOT')),
      events('kq', []),
      thread('waiter', events('kq', [told('WRITE', 'w2', { state: 'EOF' })], WOKEN)),
      blocked('waiter'),
      close('r2'),
      join('waiter'),
    ],
  }),
  kqueueCheck({
    id: 'kq.write.pipe-buf',
    statement: 'A full pipe of which a few bytes were read is not writable before PIPE_BUF bytes fit.',
    level: 'de-facto',
    source: 'NetBSD tests; pipe(7)',
    why: 'A write of up to PIPE_BUF bytes is one piece: a pipe that is writable must take it.',
    steps: [
      requireSystem('writability by PIPE_BUF', 'freebsd', 'freebsd11', 'netbsd', 'libkqueue'),
      pipe('r', 'w'),
      kqueue('kq'),
      change('kq', kev('WRITE', 'w', 'ADD')),
      fill('w'),
      events('kq', []),
      read('r', 100),
      events('kq', []),
      read('r', 8192, 8192),
      events('kq', [told('WRITE', 'w', { data: { least: 4096 } })]),
      write('w', 4096),
    ],
  }),
  kqueueCheck({
    id: 'kq.write.lowat',
    statement: 'With NOTE_LOWAT of more than its buffer holds a socket is never writable.',
    level: 'quirk',
    source: 'libkqueue; kqueue(2), NOTE_LOWAT',
    differs: 'libkqueue does not look at it: Linux has no SO_SNDLOWAT.',
    steps: [
      socketpair('a', 'b'),
      kqueue('kq'),
      change('kq', kev('WRITE', 'a', 'ADD', { fflags: 'LOWAT', data: 1_000_000_000 })),
      events('kq', { otherwise: [], libkqueue: [told('WRITE', 'a')] }),
    ],
  }),
  kqueueCheck({
    id: 'kq.write.listen',
    statement: 'A listening socket is never writable, with and without connections that wait.',
    level: 'de-facto',
    source: 'libkqueue',
    steps: [
      listener('l', 'inet'),
      kqueue('kq'),
      change('kq', kev('WRITE', 'l', 'ADD')),
      events('kq', []),
      socket('c', 'inet'),
      connect('c', 'l', 'EINPROGRESS'),
      events('kq', [], { timeoutMs: 20 }),
    ],
  }),
  kqueueCheck({
    id: 'kq.write.udp',
    statement: 'A UDP socket is writable at once, without being connected.',
    source: 'libkqueue',
    steps: [
      socket('u', 'inet', 'dgram'),
      kqueue('kq'),
      change('kq', kev('WRITE', 'u', 'ADD')),
      events('kq', [told('WRITE', 'u')]),
      change('kq', kev('READ', 'u', 'ADD')),
      events('kq', [told('WRITE', 'u')]),
    ],
  }),
  kqueueCheck({
    id: 'kq.write.on-read-end',
    statement: 'WRITE on the end of a pipe that is read from is accepted and says nothing.',
    level: 'quirk',
    source: 'NetBSD tests',
    steps: [
      pipe('r', 'w'),
      kqueue('kq'),
      change('kq', kev('WRITE', 'r', 'ADD')),
      events('kq', []),
      write('w', 1),
      events('kq', []),
    ],
  }),
  kqueueCheck({
    id: 'kq.write.clear-per-read',
    statement: 'With EV_CLEAR a socket that never was full is writable anew each time the peer has read.',
    level: 'quirk',
    source: 'epoll-shim',
    differs: 'These are more edges than epoll has over most sockets.',
    steps: [
      socketpair('a', 'b'),
      kqueue('kq'),
      change('kq', kev('WRITE', 'a', 'ADD|CLEAR')),
      events('kq', [told('WRITE', 'a')]),
      events('kq', []),
      write('a', 100),
      read('b', 100),
      events('kq', [told('WRITE', 'a')]),
      events('kq', []),
      write('a', 100),
      read('b', 100),
      events('kq', [told('WRITE', 'a')]),
    ],
  }),
  kqueueCheck({
    id: 'kq.two-kqueues',
    statement:
      'A descriptor in two kqueues is reported by both, each with its own udata, and what one does is nothing to the other.',
    source: 'kqueue(2); libkqueue',
    steps: [
      pipe('r', 'w'),
      kqueue('kq'),
      kqueue('kq2'),
      change('kq', kev('READ', 'r', 'ADD|CLEAR', { label: 'one' })),
      change('kq2', kev('READ', 'r', 'ADD', { label: 'two' })),
      write('w', 1),
      events('kq', [told('READ', 'r', { label: 'one', data: 1 })]),
      events('kq2', [told('READ', 'r', { label: 'two', data: 1 })]),
      events('kq', []),
      events('kq2', [told('READ', 'r', { label: 'two', data: 1 })]),
      change('kq2', kev('READ', 'r', 'DELETE')),
      write('w', 1),
      events('kq', [told('READ', 'r', { label: 'one', data: 2 })]),
      events('kq2', []),
    ],
  }),
  kqueueCheck({
    id: 'kq.connect-refused',
    statement: 'A connection that is refused is READ and WRITE with EV_EOF, and fflags is ECONNREFUSED.',
    kind: 'thread',
    source: 'mio; FreeBSD tests',
    steps: [
      socket('nobody', 'inet'),
      bind('nobody', 'inet'),
      socket('c1', 'inet'),
      socket('c2', 'inet'),
      kqueue('kq'),
      connect('c1', 'nobody', 'EINPROGRESS'),
      change('kq', kev('WRITE', 'c1', 'ADD|CLEAR')),
      events('kq', [told('WRITE', 'c1', { state: 'EOF', fflags: 'ECONNREFUSED' })], ARRIVAL),
      connect('c2', 'nobody', 'EINPROGRESS'),
      change('kq', kev('READ', 'c2', 'ADD|CLEAR')),
      events('kq', [told('READ', 'c2', { state: 'EOF', fflags: 'ECONNREFUSED' })], ARRIVAL),
    ],
  }),
  kqueueCheck({
    id: 'kq.empty',
    statement: 'EVFILT_EMPTY fires when nothing is left to be sent, and not while something is.',
    level: 'quirk',
    source: 'NetBSD and FreeBSD tests',
    differs: 'FreeBSD and NetBSD have it.',
    run(machine) {
      machine.run(requireSystem('EVFILT_EMPTY', 'freebsd', 'netbsd'))
      const filter = abiOf(machine.libc).name === 'netbsd' ? EMPTY.netbsd : EMPTY.freebsd
      machine.run(
        tcp('client', 'server'),
        kqueue('kq'),
        change('kq', kev(filter, 'client', 'ADD')),
        events('kq', [told(filter, 'client')], ARRIVAL),
        fill('client'),
        events('kq', []),
        drain('server'),
        events('kq', [told(filter, 'client')], ARRIVAL),
      )
    },
  }),
]

/** Writes twice, and fails unless the room that is reported is some, and less each time. */
function expectSpaceShrinks(machine: Machine, writer: string): void {
  const call = new KeventCall(machine, 'kq', [], { room: 2 })
  const spaces: bigint[] = []
  for (const bytes of [0, 1000, 3000]) {
    if (bytes > 0) machine.run(write(writer, bytes))
    machine.begin(`kevent tells the room in ${writer}`)
    const [event] = call.events()
    if (event === undefined) throw new Failure(`WRITE ${writer}`, 'no events')
    spaces.push(event.data)
  }
  const [first = 0n, second = 0n, third = 0n] = spaces
  if (first > 1n && second < first && third < second) return
  throw new Failure(
    'data is the room that is left: less after 1000 bytes, and less again after 3000 more',
    `data ${spaces.join(', then ')}`,
  )
}
