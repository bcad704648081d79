import { sys } from '../../../libc/libc.ts'
import { Memory } from '../../../libc/memory.ts'
import { add, epoll, eventfd, pipe } from '../../build.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { counterOf } from '../../operations/events.ts'
import { WOKEN } from '../../patience.ts'
import { race } from '../../threads/race.ts'
import { RacingWaiter, untilAsleep } from '../../threads/racing-waiter.ts'

const THREADS = 4

/** Less than other races: what comes of it is only told. */
const RACE_MS = 100

export const consumers: readonly Check[] = [
  epollCheck({
    id: 'epoll.wake.late-read',
    statement: `Of ${THREADS} level-triggered waiters that read as soon as they wake, one to all wake for a byte, and one of them reads it.`,
    level: 'quirk',
    kind: 'race',
    source: 'Shadow late read',
    differs: 'Anything from one to all: who wakes late may find the byte gone, and sleeps on.',
    threads: THREADS,
    run: (machine) => herdOf(machine, 'waiters'),
  }),
  epollCheck({
    id: 'epoll.wake.early-read',
    statement: `Of ${THREADS} level-triggered waiters, none to all wake for a byte that its writer takes back at once, and none of them without an event.`,
    level: 'quirk',
    kind: 'race',
    source: 'Shadow early read',
    threads: THREADS,
    run: (machine) => herdOf(machine, 'the writer'),
  }),
]

/** Writes a byte to waiters that all sleep, again and again; it is they who read it, or the writer itself. */
function herdOf(machine: Machine, reader: 'waiters' | 'the writer'): void {
  const { libc } = machine
  machine.run(
    pipe('r', 'w'),
    eventfd('release'),
    epoll('ep'),
    add('ep', 'r', 'IN'),
    add('ep', 'release', 'IN'),
  )
  const byte = new Memory(8, { shared: true })
  machine.keep(byte)
  const [r, w, release] = [machine.fd('r'), machine.fd('w'), machine.fd('release')]
  const one = counterOf(1n)
  const read = { fn: 'read', args: [r, byte.address, 1] } as const
  const waiters = Array.from(
    { length: THREADS },
    () => new RacingWaiter(machine, 'ep', WOKEN.timeoutMs, reader === 'waiters' ? [read] : []),
  )
  const histogram = Array.from({ length: THREADS + 1 }, () => 0)
  machine.begin(`${THREADS} threads wait in ep, a byte is written to w, and ${reader} read it`)
  race(
    machine,
    (round) => {
      for (const waiter of waiters) waiter.start()
      untilAsleep(waiters)
      sys(libc, 'write', w, one.address, 1)
      if (reader === 'the writer') sys(libc, 'read', r, byte.address, 1)
      untilAsleep(waiters)
      sys(libc, 'write', release, one.address, 8)
      const ends = waiters.map((waiter) => waiter.end())
      sys(libc, 'read', release, byte.address, 8)
      const woken = ends.filter(({ got }) => got === 'r IN').length
      const others = ends.map(({ got }) => got).filter((got) => got !== 'r IN' && got !== 'release IN')
      if (others.length > 0)
        throw new Failure('r IN, or release IN', `${others.join(', ')}, in round ${round}`)
      histogram[woken] = (histogram[woken] ?? 0) + 1
      if (reader === 'the writer') return
      const reads = ends.filter(({ calls }) => (calls.succeeded[1] ?? 0) > 0).length
      if (woken === 0 || reads !== 1) {
        throw new Failure(
          'at least one wakes, and one reads the byte',
          `${woken} woke, ${reads} read, in round ${round}`,
        )
      }
    },
    RACE_MS,
  )
  const told = histogram
    .map((times, n) => `${n}: ${times}`)
    .filter((_, n) => n > 0 || reader === 'the writer')
  machine.note = `${machine.note}; how many woke, and how often: ${told.join(', ')}`
}
