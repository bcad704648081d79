/**
 * The Pollers against each other and against poll(2): random changes of registrations and of what they watch,
 * on every backend at once; whatever happens, all must report the same.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { POLL } from '../libc/constants/linux.ts'
import { openEventfd, openPipe, openSocketpair } from '../libc/fd.ts'
import type { OwnedFd } from '../libc/fd.ts'
import { layouts } from '../libc/layouts.ts'
import { openLibc } from '../libc/libc.ts'
import { Memory } from '../libc/memory.ts'
import { drain, fill, write } from '../testing/native.ts'
import { codeOf } from '../testing/pollers.ts'
import { Interest, Readiness, ReadinessBatch } from './backend.ts'
import type { Poller } from './backend.ts'
import { backends } from './index.ts'

const libc = openLibc()

/** What is watched, and the other end of it, through which it is made ready. */
interface Source {
  readonly watched: OwnedFd
  readonly peer: OwnedFd
}

const { READ, WRITE } = Interest

/**
 * The kinds of sources, and which interest makes sense in each. A hang-up without its interest is reported by
 * epoll and poll but not by select, which is the difference that the `hangup` capability stands for; so a
 * reading end is not asked for writability, of which it could only have a hang-up.
 */
const kinds: readonly { readonly open: () => Source; readonly interests: readonly number[] }[] = [
  {
    open: (): Source => {
      const [watched, peer] = openPipe(libc)
      return { watched, peer }
    },
    interests: [READ],
  },
  {
    open: (): Source => {
      const [peer, watched] = openPipe(libc)
      return { watched, peer }
    },
    interests: [WRITE, READ | WRITE],
  },
  {
    open: (): Source => {
      const [watched, peer] = openSocketpair(libc)
      return { watched, peer }
    },
    interests: [READ, WRITE, READ | WRITE],
  },
  {
    open: (): Source => {
      const both = openEventfd(libc)
      return { watched: both, peer: both }
    },
    interests: [READ, WRITE, READ | WRITE],
  },
]

/** Two sources of each kind. */
const SLOTS = 2 * kinds.length
const kindOf = (slot: number): (typeof kinds)[number] => kinds[slot % kinds.length] ?? raise('no such kind')

const changes = ['write', 'fill', 'drain', 'drain-peer', 'close-peer', 'replace', 'remove', 'wake'] as const

type Step =
  | { readonly op: (typeof changes)[number]; readonly slot: number }
  | { readonly op: 'add' | 'modify'; readonly slot: number; readonly pick: number; readonly oneshot: boolean }
  | { readonly op: 'wait'; readonly capacity: number }

const slot = fc.nat(SLOTS - 1)
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constantFrom('add', 'modify'),
      slot,
      pick: fc.nat(5),
      oneshot: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ op: fc.constantFrom(...changes), slot }) },
  {
    weight: 2,
    arbitrary: fc.record({ op: fc.constant('wait'), capacity: fc.constantFrom(1, 1, 2, 3, 5, 64) }),
  },
)

interface Registration {
  readonly interest: number
  readonly token: bigint
  readonly oneshot: boolean
  armed: boolean
}

class World {
  readonly sources: Source[] = Array.from({ length: SLOTS }, (_, i) => kindOf(i).open())
  readonly pollers: readonly Poller[] = Object.values(backends).map((backend) => backend.open(libc))
  readonly registrations = new Map<number, Registration>()
  #tokens = 0n
  #woken = false

  close(): void {
    for (const poller of this.pollers) poller.close()
    for (const source of this.sources) close(source)
  }

  /** Makes a step everywhere. Returns what the backends said of it, and what they should have said. */
  run(step: Step): { readonly said: unknown; readonly expected: unknown } {
    if (step.op === 'wait') return this.#wait(step.capacity)
    if (step.op === 'add' || step.op === 'modify') return this.#register(step)
    if (step.op === 'remove') return this.#remove(step.slot)
    this.#change(step.op, step.slot)
    return { said: null, expected: null }
  }

  source(index: number): Source {
    return this.sources[index] ?? raise('no such source')
  }

  #register({
    op,
    slot: index,
    pick,
    oneshot,
  }: Extract<Step, { op: 'add' | 'modify' }>): ReturnType<World['run']> {
    const { interests } = kindOf(index)
    const interest = interests[pick % interests.length] ?? READ
    const known = this.registrations.has(index)
    // Both halves of a token count.
    const token = (++this.#tokens << 33n) | this.#tokens
    const { fd } = this.source(index).watched
    const said = this.pollers.map((poller) =>
      codeOf(() => poller[op](fd, interest, token, { trigger: oneshot ? 'oneshot' : 'level' })),
    )
    const error = op === 'add' ? (known ? 'EEXIST' : 'ok') : known ? 'ok' : 'ENOENT'
    if (error === 'ok') this.registrations.set(index, { interest, token, oneshot, armed: true })
    return { said, expected: said.map(() => error) }
  }

  #remove(index: number): ReturnType<World['run']> {
    const { fd } = this.source(index).watched
    const said = this.pollers.map((poller) => codeOf(() => poller.remove(fd)))
    const error = this.registrations.delete(index) ? 'ok' : 'ENOENT'
    return { said, expected: said.map(() => error) }
  }

  #change(op: Exclude<(typeof changes)[number], 'remove'>, index: number): void {
    const { watched, peer } = this.source(index)
    if (op === 'write') write(libc, peer.fd)
    else if (op === 'fill') makeFull(this.source(index))
    else if (op === 'drain') drain(libc, watched.fd)
    else if (op === 'drain-peer') drain(libc, peer.fd)
    else if (op === 'close-peer' && peer !== watched) peer.close()
    else if (op === 'replace') this.#replace(index)
    else if (op === 'wake') {
      for (const poller of this.pollers) poller.wake()
      this.#woken = true
    }
  }

  /** Another source in the place of one, most often with the same number. */
  #replace(index: number): void {
    if (this.registrations.has(index)) this.#remove(index)
    close(this.source(index))
    this.sources[index] = kindOf(index).open()
  }

  /** As many waits as are needed to see all that is ready once, `capacity` at a time. */
  #wait(capacity: number): ReturnType<World['run']> {
    const ready = this.#ready()
    const waits = Math.max(1, Math.ceil(ready.size / capacity))
    const said = this.pollers.map((poller) => this.#report(poller, capacity, waits))
    for (const registration of this.registrations.values()) {
      if (registration.oneshot && ready.has(registration.token)) registration.armed = false
    }
    this.#woken = false
    return { said, expected: said.map(() => ready) }
  }

  /** What poll(2) itself says of the armed registrations. */
  #ready(): ReadonlyMap<bigint, string> {
    const { size, offsets } = layouts.pollfd
    const armed = [...this.registrations].filter(([, registration]) => registration.armed)
    const entries = new Memory(armed.length * size)
    for (const [i, [index, { interest }]] of armed.entries()) {
      const mask = ((interest & READ) !== 0 ? POLL.IN : 0) | ((interest & WRITE) !== 0 ? POLL.OUT : 0)
      entries.view.setInt32(i * size + offsets.fd, this.source(index).watched.fd, true)
      entries.view.setInt16(i * size + offsets.events, mask, true)
    }
    libc.fn.poll(entries.address, armed.length, 0)
    const ready = new Map<bigint, string>(this.#woken ? [[0n, 'wake']] : [])
    for (const [i, [, { interest, token }]] of armed.entries()) {
      const revents = entries.view.getInt16(i * size + offsets.revents, true)
      const ended = (revents & (POLL.HUP | POLL.ERR)) !== 0
      const text = directions(
        interest,
        ended || (revents & POLL.IN) !== 0,
        ended || (revents & POLL.OUT) !== 0,
      )
      if (text !== '') ready.set(token, text)
    }
    return ready
  }

  #report(poller: Poller, capacity: number, waits: number): ReadonlyMap<bigint, string> {
    const batch = new ReadinessBatch(capacity)
    const reported = new Map<bigint, string>()
    for (let i = 0; i < waits; i++) {
      const n = poller.wait(batch, 0)
      const inThisWait = new Set<bigint>()
      for (let event = 0; event < n; event++) {
        const token = batch.token(event)
        const flags = batch.flags[event] ?? 0
        const known = [...this.registrations.values()].find((registration) => registration.token === token)
        const twice = inThisWait.has(token) || (reported.has(token) && known?.oneshot !== false)
        inThisWait.add(token)
        const text = textOf(flags, batch.fds[event] ?? -1, known)
        reported.set(token, twice ? `${text}, twice` : text)
      }
    }
    return reported
  }
}

/** An event as the directions that have interest: a hang-up or an error makes both of them ready. */
function textOf(flags: number, fd: number, registration: Registration | undefined): string {
  if (flags === Readiness.WAKE && fd === -1) return 'wake'
  if (registration === undefined) return `nobody's: ${flags}`
  const ended = (flags & (Readiness.HANGUP | Readiness.ERROR)) !== 0
  return directions(
    registration.interest,
    ended || (flags & Readiness.READABLE) !== 0,
    ended || (flags & Readiness.WRITABLE) !== 0,
  )
}

function directions(interest: number, readable: boolean, writable: boolean): string {
  const parts = [
    readable && (interest & READ) !== 0 ? 'read' : '',
    writable && (interest & WRITE) !== 0 ? 'write' : '',
  ]
  return parts.filter((part) => part !== '').join(' ')
}

/** The largest value of an eventfd: with it, nothing more can be written. */
const largest = new Memory(8)
largest.view.setBigUint64(0, 2n ** 64n - 2n, true)

function makeFull({ watched, peer }: Source): void {
  if (watched !== peer) {
    fill(libc, watched.fd)
    return
  }
  drain(libc, watched.fd)
  libc.fn.write(watched.fd, largest.address, 8)
}

function close({ watched, peer }: Source): void {
  watched.close()
  peer.close()
}

function raise(message: string): never {
  throw new TypeError(message)
}

test('epoll, poll and select report the same as poll(2), whatever is done, in batches of any size', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 80, size: 'max' }), (steps) => {
      const world = new World()
      try {
        for (const step of steps) {
          const { said, expected } = world.run(step)
          expect(said).toEqual(expected)
        }
        // At the end everything is looked at once more.
        const { said, expected } = world.run({ op: 'wait', capacity: 3 })
        expect(said).toEqual(expected)
      } finally {
        world.close()
      }
    }),
    { numRuns: 300 },
  )
})
