/**
 * Random programs for fast-check. What is drawn says which of the descriptors that are open by then an operation is
 * about, and only then, when it is known which are, it is made an operation: most operations must be about something
 * that is there, or programs would do little but fail. Shrinking works on what is drawn.
 */
import fc from 'fast-check'
import type { Operation, Place } from '../conformance/differential/program.ts'
import { EPOLL, POLL } from '../libc/constants/linux.ts'

/** How many descriptors a program has open at the most. What would make more closes one instead. */
const MOST_OPEN = 10

/** What a descriptor is, as far as it matters to what is done with it. */
type Kind = 'epoll' | 'socket' | 'pipe' | 'counter'

/** One of the descriptors that are open, by a number that is more than there are; or, rarely, any number. */
interface Draw {
  readonly pick: number
  readonly anything: boolean
}

const draw = fc.record<Draw>({
  pick: fc.nat(1000),
  anything: fc.integer({ min: 0, max: 24 }).map((drawn) => drawn === 24),
})

/** The operations, with draws in the place of descriptors. */
type Drawn<O> = O extends Operation
  ? { readonly [K in keyof O]: K extends 'fd' | 'ep' | 'to' ? Draw : O[K] }
  : never
type DrawnOperation = Drawn<Operation>

/** What a program may write at once: a little, around a page, and more than a pipe or a socket takes. */
const bytes = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(1, 2, 8, 100) },
  { weight: 2, arbitrary: fc.constantFrom(0, 4095, 4096, 4097, 3777, 9000) },
  { weight: 3, arbitrary: fc.constantFrom(65536, 40_000, 150_000, 250_000) },
)

const bit = (value: number, percent = 50): fc.Arbitrary<number> =>
  fc.integer({ min: 0, max: 99 }).map((drawn) => (drawn >= 100 - percent ? value : 0))

const sum = (...bits: readonly fc.Arbitrary<number>[]): fc.Arbitrary<number> =>
  fc.tuple(...bits).map((values) => values.reduce((all, value) => (all | value) >>> 0, 0))

const events = sum(
  bit(EPOLL.IN, 70),
  bit(EPOLL.OUT, 40),
  bit(EPOLL.RDHUP, 30),
  bit(EPOLL.RDNORM, 10),
  bit(EPOLL.WRBAND, 10),
  bit(EPOLL.PRI, 5),
  bit(EPOLL.ET, 40),
  bit(EPOLL.ONESHOT, 15),
  bit(EPOLL.EXCLUSIVE, 5),
)

const polled = fc.constantFrom(
  POLL.IN | POLL.OUT | POLL.PRI | POLL.RDHUP | POLL.RDNORM | POLL.WRNORM | POLL.RDBAND | POLL.WRBAND,
  POLL.IN,
  POLL.OUT,
  0,
)

const oneOf = <const T extends readonly string[]>(...names: T): fc.Arbitrary<T[number]> =>
  fc.constantFrom(...names)

const creations: readonly fc.WeightedArbitrary<DrawnOperation>[] = [
  { weight: 2, arbitrary: fc.record({ op: oneOf('pipe'), packets: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({ op: oneOf('socketpair'), type: oneOf('stream', 'dgram', 'seqpacket') }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: oneOf('eventfd'),
      initial: fc.constantFrom(0, 1, 5),
      semaphore: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ op: oneOf('epoll') }) },
]

const operations: readonly fc.WeightedArbitrary<DrawnOperation>[] = [
  ...creations,
  { weight: 12, arbitrary: fc.record({ op: oneOf('write', 'read'), fd: draw, bytes }) },
  { weight: 1, arbitrary: fc.record({ op: oneOf('shutdown'), fd: draw, how: oneOf('RD', 'WR', 'RDWR') }) },
  { weight: 3, arbitrary: fc.record({ op: oneOf('close', 'dup'), fd: draw }) },
  { weight: 1, arbitrary: fc.record({ op: oneOf('dup2'), fd: draw, to: draw }) },
  {
    weight: 1,
    arbitrary: fc.record({
      op: oneOf('resize'),
      fd: draw,
      bytes: fc.constantFrom(1, 4096, 8192, 65536, 131072),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: oneOf('error'), fd: draw }) },
  {
    weight: 14,
    arbitrary: fc.record({
      op: oneOf('ctl'),
      ep: draw,
      command: oneOf('ADD', 'ADD', 'ADD', 'ADD', 'MOD', 'MOD', 'DEL'),
      fd: draw,
      events,
    }),
  },
  {
    weight: 14,
    arbitrary: fc.record({
      op: oneOf('wait'),
      ep: draw,
      max: fc.constantFrom(16, 16, 16, 16, 2, 2, 1, 1, 1, 1, 0),
    }),
  },
  { weight: 5, arbitrary: fc.record({ op: oneOf('poll'), fd: draw, events: polled }) },
]

/** What each kind of operation is best done to; anything that is open where nothing is said. */
const preferred: Partial<Record<Operation['op'], readonly Kind[]>> = {
  shutdown: ['socket'],
  error: ['socket'],
  resize: ['pipe'],
  read: ['socket', 'pipe', 'counter'],
  write: ['socket', 'pipe', 'counter'],
}

/** Keeps account of what is open, and at which place, while a program is put together. */
class Places {
  readonly #open = new Map<Place, Kind>()

  get count(): number {
    return this.#open.size
  }

  add(kind: Kind): void {
    let place = 0
    while (this.#open.has(place)) place++
    this.#open.set(place, kind)
  }

  kindOf(place: Place): Kind | undefined {
    return this.#open.get(place)
  }

  set(place: Place, kind: Kind): void {
    this.#open.set(place, kind)
  }

  delete(place: Place): void {
    this.#open.delete(place)
  }

  choose({ pick, anything }: Draw, kinds?: readonly Kind[]): Place {
    const all = [...this.#open.keys()].toSorted((a, b) => a - b)
    if (anything || all.length === 0) return pick % (MOST_OPEN + 2)
    const best = all.filter((place) => kinds?.includes(this.#open.get(place) ?? 'epoll') ?? true)
    const from = best.length === 0 ? all : best
    return from[pick % from.length] ?? 0
  }
}

/** Makes operations of what was drawn. */
function resolve(drawn: readonly DrawnOperation[]): Operation[] {
  const places = new Places()
  return drawn.map((one) => {
    const makes = one.op === 'pipe' || one.op === 'socketpair' || one.op === 'eventfd' || one.op === 'epoll'
    const isFull = places.count + 2 > MOST_OPEN && (makes || one.op === 'dup')
    const operation = isFull
      ? closing(places, 'fd' in one ? one.fd : { pick: 0, anything: false })
      : concrete(places, one)
    account(places, operation)
    return operation
  })
}

const closing = (places: Places, fd: Draw): Operation => ({ op: 'close', fd: places.choose(fd) })

function concrete(places: Places, one: DrawnOperation): Operation {
  switch (one.op) {
    case 'pipe':
    case 'socketpair':
    case 'eventfd':
    case 'epoll':
      return one
    case 'ctl':
      return {
        ...one,
        ep: places.choose(one.ep, ['epoll']),
        // Now and then an instance watches another one, or itself.
        fd: places.choose(one.fd, one.fd.pick % 5 === 0 ? ['epoll'] : ['socket', 'pipe', 'counter']),
      }
    case 'wait':
      return { ...one, ep: places.choose(one.ep, ['epoll']) }
    case 'dup2':
      return { ...one, fd: places.choose(one.fd), to: places.choose(one.to) }
    default:
      return { ...one, fd: places.choose(one.fd, preferred[one.op]) }
  }
}

function account(places: Places, operation: Operation): void {
  switch (operation.op) {
    case 'pipe':
      places.add('pipe')
      places.add('pipe')
      break
    case 'socketpair':
      places.add('socket')
      places.add('socket')
      break
    case 'eventfd':
      places.add('counter')
      break
    case 'epoll':
      places.add('epoll')
      break
    case 'close':
      places.delete(operation.fd)
      break
    case 'dup': {
      const kind = places.kindOf(operation.fd)
      if (kind !== undefined) places.add(kind)
      break
    }
    case 'dup2': {
      const kind = places.kindOf(operation.fd)
      if (kind !== undefined) places.set(operation.to, kind)
      break
    }
    default:
  }
}

/** A program that begins with an epoll and two other things to make, and has so many operations more at the most. */
export function randomProgram(maxLength: number): fc.Arbitrary<Operation[]> {
  const beginning = fc.tuple(
    fc.constant<DrawnOperation>({ op: 'epoll' }),
    fc.oneof(...creations),
    fc.oneof(...creations),
  )
  const rest = fc.array(fc.oneof(...operations), { maxLength, size: 'max' })
  return fc.tuple(beginning, rest).map(([first, others]) => resolve([...first, ...others]))
}
