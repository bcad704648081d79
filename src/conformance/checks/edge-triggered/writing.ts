import { UnsupportedError } from '../../../errors.ts'
import { sys } from '../../../libc/libc.ts'
import { Memory } from '../../../libc/memory.ts'
import { add, epoll, pipe, socketOption, socketpair, tcp, wait } from '../../build.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { pollfdFor } from '../../operations/events.ts'
import { ARRIVAL } from '../../patience.ts'

/** More than fits into a pipe, or into sockets whose buffers were made small. */
const TOO_MUCH = 4 * 1024 * 1024
const SMALL_BUFFER = 64 * 1024

export const writing: readonly Check[] = [
  epollCheck({
    id: 'epoll.et.space-after-short-write',
    statement:
      'A write that took only a part is enough: when the reader has made room, OUT is an event, though EAGAIN was not seen.',
    source: 'Miri readiness_after_short_write; epoll(7)',
    run(machine) {
      const ends = [
        // Half a pipe is room enough. A socket is reported when the larger part of its buffer is free.
        { writer: 'w', reader: 'r', open: [pipe('r', 'w')], share: 1 / 2, arrival: {} },
        {
          writer: 'a',
          reader: 'b',
          open: [socketpair('a', 'b'), socketOption('a', 'SNDBUF', SMALL_BUFFER)],
          share: 1,
          arrival: {},
        },
        {
          writer: 'c',
          reader: 's',
          open: [
            tcp('c', 's'),
            socketOption('c', 'SNDBUF', SMALL_BUFFER),
            socketOption('s', 'RCVBUF', SMALL_BUFFER),
          ],
          share: 1,
          arrival: ARRIVAL,
        },
      ]
      machine.run(epoll('ep'))
      for (const { writer, reader, open, share, arrival } of ends) {
        machine.run(...open, add('ep', writer, 'OUT|ET'), wait('ep', { [writer]: 'OUT' }))
        machine.begin(`write too much to ${writer}`)
        const written = sys(machine.libc, 'write', machine.fd(writer), new Memory(TOO_MUCH).address, TOO_MUCH)
        if (written === TOO_MUCH) throw new UnsupportedError('a short write', `${writer} takes everything`)
        machine.begin(`read ${share === 1 ? 'all' : 'half'} of it from ${reader}`)
        readExactly(machine, reader, Math.floor(written * share))
        machine.run(wait('ep', { [writer]: 'OUT' }, arrival))
      }
    },
  }),
]

/** Reads so many bytes, which are all on their way. */
function readExactly(machine: Machine, name: string, bytes: number): void {
  const buffer = new Memory(bytes)
  const pollfd = pollfdFor(machine, name)
  for (let left = bytes; left > 0;) {
    if (sys(machine.libc, 'poll', pollfd.address, 1, ARRIVAL.timeoutMs) === 0) {
      throw new Failure(`${bytes} bytes arrive at ${name}`, `${left} of them do not`)
    }
    left -= sys(machine.libc, 'read', machine.fd(name), buffer.address, left)
  }
}
