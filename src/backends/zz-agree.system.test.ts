/**
 * The Pollers against each other and against poll(2): random changes of registrations and of what they watch,
 * on every backend at once; whatever happens, all must report the same.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { POLL } from '../libc/constants/linux.ts'
import { layouts } from '../libc/layouts.ts'
import { Memory } from '../libc/memory.ts'
import { codeOf } from '../testing/pollers.ts'
import { anyChange, Source, SOURCES } from '../testing/sources.ts'
import type { Change } from '../testing/sources.ts'
import { Interest, Readiness, ReadinessBatch } from './backend.ts'
import type { Poller } from './backend.ts'
import { testedBackends, testedLibc } from '../testing/backends.ts'

const libc = testedLibc
const { READ, WRITE } = Interest

type Step =
  | { readonly op: 'change'; readonly slot: number; readonly change: Change }
  | { readonly op: 'add' | 'modify'; readonly slot: number; readonly pick: number; readonly oneshot: boolean }
  | { readonly op: 'remove' | 'replace' | 'wake'; readonly slot: number }
  | { readonly op: 'wait'; readonly capacity: number }

const slot = fc.nat(SOURCES - 1)
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
  { weight: 3, arbitrary: fc.record({ op: fc.constant('change'), slot, change: anyChange }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constantFrom('remove', 'replace', 'wake'), slot }) },
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

/** What the backends said of a step, and what they should have said. */
interface Answer {
  readonly said: unknown
  readonly expected: unknown
}

const NOTHING: Answer = { said: null, expected: null }

class World {
  readonly #sources = Array.from({ length: SOURCES }, (_, i) => new Source(libc, i))
  readonly #pollers = testedBackends.map(([, backend]) => backend).map((backend) => backend.open(libc))
  readonly #registrations = new Map<number, Registration>()
  #tokens = 0n
  #woken = false

  close(): void {
    for (const poller of this.#pollers) poller.close()
    for (const source of this.#sources) source.close()
  }

  /** Makes a step everywhere. */
  run(step: Step): Answer {
    switch (step.op) {
      case 'wait':
        return this.#wait(step.capacity)
      case 'add':
      case 'modify':
        return this.#register(step)
      case 'remove':
        return this.#remove(step.slot)
      case 'replace':
        if (this.#registrations.has(step.slot)) this.#remove(step.slot)
        this.#source(step.slot).replace()
        return NOTHING
      case 'wake':
        for (const poller of this.#pollers) poller.wake()
        this.#woken = true
        return NOTHING
      case 'change':
        this.#source(step.slot).change(step.change)
        return NOTHING
    }
  }

  #source(index: number): Source {
    const source = this.#sources[index]
    if (source === undefined) throw new RangeError(`there is no source ${index}`)
    return source
  }

  #register({ op, slot: index, pick, oneshot }: Extract<Step, { readonly op: 'add' | 'modify' }>): Answer {
    const source = this.#source(index)
    const interest = source.interest(pick)
    // Both halves of a token count.
    const token = (++this.#tokens << 33n) | this.#tokens
    const said = this.#pollers.map((poller) =>
      codeOf(() => poller[op](source.fd, interest, token, { trigger: oneshot ? 'oneshot' : 'level' })),
    )
    const known = this.#registrations.has(index)
    const refusal = op === 'add' ? 'EEXIST' : 'ENOENT'
    const allowed = known === (op === 'modify')
    if (allowed) this.#registrations.set(index, { interest, token, oneshot, armed: true })
    return { said, expected: said.map(() => (allowed ? 'ok' : refusal)) }
  }

  #remove(index: number): Answer {
    const { fd } = this.#source(index)
    const said = this.#pollers.map((poller) => codeOf(() => poller.remove(fd)))
    const known = this.#registrations.delete(index)
    return { said, expected: said.map(() => (known ? 'ok' : 'ENOENT')) }
  }

  /** As many waits as are needed to see all that is ready once, `capacity` at a time. */
  #wait(capacity: number): Answer {
    const ready = this.#ready()
    const waits = Math.max(1, Math.ceil(ready.size / capacity))
    const said = this.#pollers.map((poller) => this.#report(poller, capacity, waits))
    for (const registration of this.#registrations.values()) {
      if (registration.oneshot && ready.has(registration.token)) registration.armed = false
    }
    this.#woken = false
    return { said, expected: said.map(() => ready) }
  }

  /** What poll(2) itself says of the armed registrations. */
  #ready(): ReadonlyMap<bigint, string> {
    const { size, offsets } = layouts.pollfd
    const armed = [...this.#registrations].filter(([, registration]) => registration.armed)
    const entries = new Memory(armed.length * size)
    for (const [i, [index, { interest }]] of armed.entries()) {
      const mask = ((interest & READ) !== 0 ? POLL.IN : 0) | ((interest & WRITE) !== 0 ? POLL.OUT : 0)
      entries.view.setInt32(i * size + offsets.fd, this.#source(index).fd, true)
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
        const known = [...this.#registrations.values()].find((registration) => registration.token === token)
        const twice = inThisWait.has(token) || (reported.has(token) && known?.oneshot !== false)
        inThisWait.add(token)
        const text = textOf(batch.flags[event] ?? 0, batch.fds[event] ?? -1, known)
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

test('XX epoll, poll and select report the same as poll(2), whatever is done, in batches of any size', () => {
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
    { numRuns: 3000 },
  )
})
