import { EV } from '../../../backends/kqueue/abi.ts'
import type { Kevent } from '../../../backends/kqueue/codec.ts'
import { UnsupportedError } from '../../../errors.ts'
import { socketpair, write } from '../../build.ts'
import type { Check } from '../../check.ts'
import { Failure } from '../../check.ts'
import { kqueueCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { KeventCall } from '../../operations/kevent-call.ts'
import { abiOf, filterName } from '../../operations/kevent-words.ts'
import { change, kev, kqueue } from '../../steps/kevents.ts'
import type { KeventChange } from '../../steps/kevents.ts'

/** How many user events a process may well have. */
const MANY = 8192

/** How many are changed, or retrieved, with a call. */
const PORTION = 256

const trigger = (ident: number) => kev('USER', ident, '', { fflags: 'TRIGGER' })

/** Calls with many changes, or too little room. */
export const bulk: readonly Check[] = [
  kqueueCheck({
    id: 'kq.receipt-short-eventlist',
    statement: 'With room for fewer receipts than were asked for, no more are written than fit.',
    level: 'de-facto',
    source: 'FreeBSD tests; libkqueue',
    differs:
      'FreeBSD and macOS return those that fit; libkqueue fails with EFAULT after it has written them.',
    run(machine) {
      machine.run(kqueue('kq'))
      const changes = [1, 2, 3].map((ident) => kev('USER', ident, 'ADD|RECEIPT'))
      const call = new KeventCall(machine, 'kq', changes, { room: 2 })
      machine.begin('kevent with 3 changes that want receipts, room for 2')
      const result = call.result()
      // What it returns differs; that it writes no more than fits is held against the guard behind the room.
      const events = call.eventsOf(typeof result === 'number' ? result : 0)
      const strange = events.filter(({ flags, data }) => (flags & EV.ERROR) === 0 || data !== 0n)
      machine.expect(strange.length, 0, 'entries that are no receipts')
      machine.run(change('kq', trigger(1)))
    },
  }),
  kqueueCheck({
    id: 'kq.changelist-gt-eventlist',
    statement:
      'Of 100 changes with room for one event all are made, one event at the most is returned, and none is lost.',
    source: 'kqueue(2); libkqueue',
    run(machine) {
      machine.run(kqueue('kq'))
      const idents = Array.from({ length: 100 }, (_, i) => i)
      const changes = idents.flatMap((ident) => [kev('USER', ident, 'ADD|CLEAR'), trigger(ident)])
      machine.begin('kevent with 200 changes, room for 1')
      const first = new KeventCall(machine, 'kq', changes, { room: 1 }).events()
      machine.expect(first.length, 1, 'events with room for one')
      const rest = collect(machine, PORTION)
      expectEachOnce([...first, ...rest], 100)
    },
  }),
  kqueueCheck({
    id: 'kq.max-per-call',
    statement: 'Of 10 pending events with room for 3 come 3, 3, 3 and 1: each once.',
    source: 'kqueue(2); libkqueue',
    run(machine) {
      machine.run(kqueue('kq'))
      const idents = Array.from({ length: 10 }, (_, i) => i)
      machine.run(
        change(
          'kq',
          idents.map((ident) => kev('USER', ident, 'ADD|CLEAR')),
        ),
        change('kq', idents.map(trigger)),
      )
      machine.begin('kevent with room for 3, five times')
      const calls = [1, 2, 3, 4, 5].map(() => new KeventCall(machine, 'kq', [], { room: 3 }).events())
      machine.expect(calls.map(({ length }) => length).join(', '), '3, 3, 3, 1, 0', 'events of each call')
      expectEachOnce(calls.flat(), 10)
    },
  }),
  kqueueCheck({
    id: 'kq.max-per-call.one-descriptor',
    statement:
      'READ and WRITE of one descriptor, both ready, come one by one, each once, where there is room for one.',
    source: 'mheily/libkqueue#89',
    bugs: ['mheily/libkqueue#89: the second of two events of a descriptor was lost where the array was full'],
    run(machine) {
      machine.run(
        socketpair('a', 'b'),
        kqueue('kq'),
        write('b', 1),
        change('kq', [kev('READ', 'a', 'ADD|CLEAR'), kev('WRITE', 'a', 'ADD|CLEAR')]),
      )
      machine.begin('kevent with room for 1, three times')
      const got = [1, 2, 3].flatMap(() => new KeventCall(machine, 'kq', [], { room: 1 }).events())
      const filters = got.map(({ filter }) => String(filterName(abiOf(machine.libc), filter)))
      machine.expect(filters.toSorted().join(' and '), 'READ and WRITE', 'events of the descriptor')
    },
  }),
  kqueueCheck({
    id: 'kq.8192-knotes',
    statement: 'Of 8192 user events, each triggered once, each is reported exactly once.',
    source: 'libkqueue',
    takesMs: 800,
    run(machine) {
      machine.run(kqueue('kq'))
      machine.begin(`add and trigger ${MANY} user events`)
      for (let first = 0; first < MANY; first += PORTION) {
        const idents = Array.from({ length: PORTION }, (_, i) => first + i)
        succeed(
          machine,
          idents.map((ident) => kev('USER', ident, 'ADD|CLEAR')),
        )
        succeed(machine, idents.map(trigger))
      }
      machine.begin(`retrieve ${MANY} user events`)
      expectEachOnce(collect(machine, PORTION), MANY)
    },
  }),
]

/** Makes changes. Unsupported where a kqueue that is a library, and needs a descriptor for each, has no more. */
function succeed(machine: Machine, changes: readonly KeventChange[]): void {
  const result = new KeventCall(machine, 'kq', changes).result()
  if (result === 'EMFILE') {
    throw new UnsupportedError(`${MANY} user events`, 'there are not enough descriptors')
  }
  if (result !== 0) throw new Failure('kevent gives 0', `kevent gives ${result}`)
}

/** All that is pending, so many at a time. */
function collect(machine: Machine, room: number): Kevent[] {
  const call = new KeventCall(machine, 'kq', [], { room })
  const all: Kevent[] = []
  // One more than there can be, so that events that never end do not keep it going.
  for (let i = 0; i <= MANY / room; i++) {
    const some = call.events()
    if (some.length === 0) break
    all.push(...some)
  }
  return all
}

/** Fails unless the events are those of the identifiers from 0 on, each once. */
function expectEachOnce(events: readonly { readonly ident: bigint }[], count: number): void {
  const times = new Map<bigint, number>()
  for (const { ident } of events) times.set(ident, (times.get(ident) ?? 0) + 1)
  const wrong: string[] = []
  for (let ident = 0n; ident < BigInt(count); ident++) {
    const came = times.get(ident) ?? 0
    if (came !== 1) wrong.push(`USER ${ident} ${came === 0 ? 'never' : `${came} times`}`)
  }
  if (wrong.length === 0 && events.length === count) return
  const more = wrong.length > 5 ? `, and ${wrong.length - 5} more` : ''
  throw new Failure(
    `each of ${count} events once`,
    `${events.length} events: ${wrong.slice(0, 5).join(', ') || 'others than those'}${more}`,
  )
}
