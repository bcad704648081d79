import type { Check } from '../../check.ts'
import { drain, fill, pipe, read, socketpair, tcp, write } from '../../build.ts'
import { kqueueCheck } from '../../define.ts'
import { Failure } from '../../check.ts'
import type { Machine } from '../../machine.ts'
import { KeventCall } from '../../operations/kevent-call.ts'
import { abiOf } from '../../operations/kevent-words.ts'
import { ARRIVAL } from '../../patience.ts'
import { change, events, kev, kqueue, requireSystem, told } from '../../steps/kevents.ts'

/** EVFILT_EMPTY where it is: FreeBSD has it since version 11, NetBSD since 10. */
const EMPTY = { freebsd: -13, netbsd: 9 } as const

/** EVFILT_WRITE and EVFILT_EMPTY: how much room there is. */
export const spaces: readonly Check[] = [
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
