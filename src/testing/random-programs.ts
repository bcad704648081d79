/**
 * Random programs for fast-check. What is drawn says which of the descriptors that are open by then an operation is
 * about, and only then, when it is known which are, it is made an operation: most operations must be about something
 * that is there, or programs would do little but fail. Shrinking works on what is drawn.
 */
import fc from 'fast-check'
import type { Name, Operation } from '../conformance/differential/program.ts'
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

/** What an operation calls what it makes. */
type Made = 'as' | 'read' | 'write' | 'a' | 'b'

/** The operations, with draws in the place of descriptors, and without names for those that they make. */
type Drawn<O> = O extends Operation
  ? { readonly [K in Exclude<keyof O, Made>]: K extends 'fd' | 'ep' | 'to' ? Draw : O[K] }
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
  { weight: 2, arbitrary: fc.record({ op: oneOf('fifo'), mode: oneOf('read', 'write', 'both') }) },
]

const operations: readonly fc.WeightedArbitrary<DrawnOperation>[] = [
  ...creations,
  { weight: 12, arbitrary: fc.record({ op: oneOf('write', 'read'), fd: draw, bytes }) },
  { weight: 1, arbitrary: fc.record({ op: oneOf('shutdown'), fd: draw, how: oneOf('RD', 'WR', 'RDWR') }) },
  {
    weight: 3,
    arbitrary: fc.oneof(
      fc.record({ op: oneOf('close'), fd: draw }),
      fc.record({ op: oneOf('dup'), fd: draw }),
    ),
  },
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
  { weight: 1, arbitrary: fc.record({ op: oneOf('peek'), fd: draw, bytes }) },
  {
    weight: 1,
    arbitrary: fc.record({
      op: oneOf('send-buffer'),
      fd: draw,
      bytes: fc.constantFrom(1, 5000, 50_000, 100_000),
    }),
  },
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
  peek: ['socket'],
  'send-buffer': ['socket'],
  resize: ['pipe'],
  read: ['socket', 'pipe', 'counter'],
  write: ['socket', 'pipe', 'counter'],
}

/** Keeps account of what is open, and what it is called, while a program is put together. */
class Names {
  readonly #open = new Map<Name, Kind>()
  #count = 0

  get openCount(): number {
    return this.#open.size
  }

  has(...kinds: readonly Kind[]): boolean {
    return [...this.#open.values()].some((kind) => kinds.includes(kind))
  }

  make(kind: Kind): Name {
    const name = `d${this.#count++}`
    this.#open.set(name, kind)
    return name
  }

  /** Another name for what one stands for, or one that stands for that from now on. */
  copy(from: Name, to?: Name): Name {
    const kind = this.#open.get(from)
    if (to === undefined) return kind === undefined ? `d${this.#count++}` : this.make(kind)
    if (kind !== undefined) this.#open.set(to, kind)
    return to
  }

  close(name: Name): Name {
    this.#open.delete(name)
    return name
  }

  choose({ pick, anything }: Draw, kinds?: readonly Kind[]): Name {
    if (anything || this.#open.size === 0) return `d${pick % Math.max(1, this.#count)}`
    const all = [...this.#open]
    const best = all.filter(([, kind]) => kinds?.includes(kind) ?? true)
    const from = best.length === 0 ? all : best
    return from[pick % from.length]?.[0] ?? 'd0'
  }
}

/** Makes operations of what was drawn. */
function resolve(drawn: readonly DrawnOperation[]): Operation[] {
  const names = new Names()
  return drawn.map((one) => missing(names, one) ?? concrete(names, one))
}

/** What has to be done first: what an operation is about must be there, and there may not be too much. */
function missing(names: Names, one: DrawnOperation): Operation | undefined {
  const makes = 'type' in one || 'packets' in one || 'initial' in one || 'mode' in one || one.op === 'epoll'
  if (makes || one.op === 'dup') {
    if (names.openCount + 2 <= MOST_OPEN) return undefined
    const draw = 'fd' in one ? one.fd : { pick: 0, anything: false }
    return { op: 'close', fd: names.close(names.choose(draw)) }
  }
  if ('ep' in one && !names.has('epoll')) return { op: 'epoll', as: names.make('epoll') }
  if (one.op === 'wait' || names.has(...OTHERS)) return undefined
  return { op: 'pipe', read: names.make('pipe'), write: names.make('pipe'), packets: false }
}

const OTHERS: readonly Kind[] = ['socket', 'pipe', 'counter']

function concrete(names: Names, one: DrawnOperation): Operation {
  switch (one.op) {
    case 'pipe':
      return { ...one, read: names.make('pipe'), write: names.make('pipe') }
    case 'socketpair':
      return { ...one, a: names.make('socket'), b: names.make('socket') }
    case 'eventfd':
      return { ...one, as: names.make('counter') }
    case 'epoll':
      return { ...one, as: names.make('epoll') }
    case 'fifo':
      return { ...one, as: names.make('pipe') }
    case 'ctl':
      return {
        ...one,
        ep: names.choose(one.ep, ['epoll']),
        // Now and then an instance watches another one, or itself.
        fd: names.choose(one.fd, one.fd.pick % 5 === 0 ? ['epoll'] : OTHERS),
      }
    case 'wait':
      return { ...one, ep: names.choose(one.ep, ['epoll']) }
    case 'dup': {
      const fd = names.choose(one.fd)
      return { op: 'dup', fd, as: names.copy(fd) }
    }
    case 'dup2': {
      const [fd, to] = [names.choose(one.fd), names.choose(one.to)]
      return { op: 'dup2', fd, to: names.copy(fd, to) }
    }
    case 'close':
      return { op: 'close', fd: names.close(names.choose(one.fd)) }
    case 'write':
    case 'read':
    case 'shutdown':
    case 'resize':
    case 'error':
    case 'poll':
    case 'peek':
    case 'send-buffer':
      return { ...one, fd: names.choose(one.fd, preferred[one.op]) }
  }
}

/** A program of so many operations at the most. */
export function randomProgram(maxLength: number): fc.Arbitrary<Operation[]> {
  return fc.array(fc.oneof(...operations), { minLength: 1, maxLength, size: 'max' }).map(resolve)
}
