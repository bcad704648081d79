/** Random programs for fast-check: descriptors of all kinds that a world in user space has, and what can be done to them. */
import fc from 'fast-check'
import type { Operation } from '../conformance/differential/program.ts'
import { EPOLL, POLL } from '../libc/constants/linux.ts'

/** Programs have so many descriptors at the most times; others are closed, or never were open. */
const place = fc.nat(9)

/** What a program may write at once: a little, around a page, and more than a pipe or a socket takes. */
const bytes = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(1, 2, 8, 100) },
  { weight: 3, arbitrary: fc.constantFrom(0, 4095, 4096, 4097, 3777, 9000) },
  { weight: 2, arbitrary: fc.constantFrom(65536, 40_000, 150_000, 250_000) },
)

const bit = (value: number, chance = 0.5): fc.Arbitrary<number> =>
  fc.double({ min: 0, max: 1, noNaN: true }).map((drawn) => (drawn < chance ? value : 0))

const sum = (...bits: readonly fc.Arbitrary<number>[]): fc.Arbitrary<number> =>
  fc.tuple(...bits).map((values) => values.reduce((all, value) => (all | value) >>> 0, 0))

const events = sum(
  bit(EPOLL.IN, 0.7),
  bit(EPOLL.OUT),
  bit(EPOLL.RDHUP, 0.3),
  bit(EPOLL.RDNORM, 0.1),
  bit(EPOLL.WRBAND, 0.1),
  bit(EPOLL.PRI, 0.1),
  bit(EPOLL.ET, 0.4),
  bit(EPOLL.ONESHOT, 0.15),
  bit(EPOLL.EXCLUSIVE, 0.07),
)

const polled = fc.constantFrom(
  POLL.IN | POLL.OUT | POLL.PRI | POLL.RDHUP | POLL.RDNORM | POLL.WRNORM | POLL.RDBAND | POLL.WRBAND,
  POLL.IN,
  POLL.OUT,
  0,
)

const operations: readonly fc.WeightedArbitrary<Operation>[] = [
  { weight: 2, arbitrary: fc.record({ op: fc.constant('pipe' as const), packets: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant('socketpair' as const),
      type: fc.constantFrom('stream' as const, 'dgram' as const, 'seqpacket' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant('eventfd' as const),
      initial: fc.constantFrom(0, 1, 5),
      semaphore: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('epoll' as const) }) },
  {
    weight: 8,
    arbitrary: fc.record({ op: fc.constantFrom('write' as const, 'read' as const), fd: place, bytes }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant('shutdown' as const),
      fd: place,
      how: fc.constantFrom('RD' as const, 'WR' as const, 'RDWR' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constantFrom('close' as const, 'dup' as const), fd: place }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('dup2' as const), fd: place, to: place }) },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant('resize' as const),
      fd: place,
      bytes: fc.constantFrom(1, 4096, 8192, 65536, 131072),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('error' as const), fd: place }) },
  {
    weight: 8,
    arbitrary: fc.record({
      op: fc.constant('ctl' as const),
      ep: place,
      command: fc.constantFrom(
        'ADD' as const,
        'ADD' as const,
        'ADD' as const,
        'MOD' as const,
        'DEL' as const,
      ),
      fd: place,
      events,
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ op: fc.constant('wait' as const), ep: place, max: fc.constantFrom(1, 2, 16, 0) }),
  },
  { weight: 4, arbitrary: fc.record({ op: fc.constant('poll' as const), fd: place, events: polled }) },
]

/** Begins with an epoll and something to watch, so that most programs have both. */
const beginning = fc.tuple(
  fc.constant<Operation>({ op: 'epoll' }),
  fc.oneof(...operations.slice(0, 4)),
  fc.oneof(...operations.slice(0, 4)),
)

/** A program of so many operations at the most. */
export function randomProgram(maxLength: number): fc.Arbitrary<Operation[]> {
  const rest = fc.array(fc.oneof(...operations), { maxLength })
  return fc.tuple(beginning, rest).map(([first, others]) => [...first, ...others])
}
