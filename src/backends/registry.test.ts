import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ReadinessBatch } from './backend.ts'
import type { Trigger } from './backend.ts'
import { Registry, reportWake, tokenOf } from './registry.ts'

/** What a registry is to know of one descriptor. */
interface Entry {
  readonly token: bigint
  readonly oneshot: boolean
  armed: boolean
}

interface Model {
  readonly entries: Map<number, Entry>
  readonly generations: Map<number, number>
}

const MAX_TOKEN = 2n ** 64n - 1n

/** Descriptors as they come, small and dense, and a few on both sides of where the columns grow. */
const anyFd = fc.oneof(fc.nat(8), fc.constantFrom(63, 64, 127, 128, 255, 256, 5000), fc.nat(300))
const anyTrigger = fc.constantFrom<Trigger[]>('level', 'edge', 'oneshot', 'edge-oneshot')
const isOneshot = (trigger: Trigger): boolean => trigger === 'oneshot' || trigger === 'edge-oneshot'

/** All that a registry knows of the descriptors that were ever used. */
function known(registry: Registry, { generations }: Model): unknown {
  const batch = new ReadinessBatch(1)
  return [...generations.keys()].map((fd) => {
    registry.report(fd, 5, batch, 0)
    const token = registry.has(fd) ? batch.token(0) : undefined
    return [
      fd,
      registry.has(fd),
      registry.isArmed(fd),
      token,
      registry.generation(fd),
      registry.nextGeneration(fd),
    ]
  })
}

function expected({ entries, generations }: Model): unknown {
  return [...generations].map(([fd, generation]) => {
    const entry = entries.get(fd)
    return [fd, entry !== undefined, entry?.armed === true, entry?.token, generation, generation + 1]
  })
}

/** A change, and what it does to the model. */
type Change =
  | { readonly op: 'set'; readonly fd: number; readonly token: bigint; readonly trigger: Trigger }
  | { readonly op: 'delete' | 'delivered'; readonly fd: number }

function apply(change: Change, model: Model, registry: Registry): void {
  const { op, fd } = change
  if (op === 'set') {
    const { token, trigger } = change
    registry.set(fd, token, trigger)
    model.entries.set(fd, { token, oneshot: isOneshot(trigger), armed: true })
    model.generations.set(fd, (model.generations.get(fd) ?? 0) + 1)
  } else if (op === 'delete') {
    registry.delete(fd)
    model.entries.delete(fd)
  } else {
    const entry = model.entries.get(fd)
    // Only what is armed is delivered.
    if (entry?.armed !== true) return
    registry.delivered(fd)
    entry.armed = !entry.oneshot
  }
}

const anyChange: fc.Arbitrary<Change> = fc.oneof(
  fc.record({
    op: fc.constant('set'),
    fd: anyFd,
    token: fc.bigInt({ min: 0n, max: MAX_TOKEN }),
    trigger: anyTrigger,
  }),
  fc.record({ op: fc.constantFrom('delete', 'delivered'), fd: anyFd }),
)

describe('Registry', () => {
  test('knows what a plain map would know, over any changes', () => {
    fc.assert(
      fc.property(fc.array(anyChange, { maxLength: 60 }), (changes) => {
        const model: Model = { entries: new Map(), generations: new Map() }
        const registry = new Registry()
        for (const change of changes) {
          apply(change, model, registry)
          expect(known(registry, model)).toEqual(expected(model))
        }
      }),
      { numRuns: 300 },
    )
  })

  test('a descriptor that was never set is not there, however large or wrong', () => {
    const registry = new Registry()
    for (const fd of [0, 63, 64, 1_000_000, -1, 2 ** 31]) {
      expect([registry.has(fd), registry.isArmed(fd), registry.generation(fd)]).toEqual([false, false, 0])
      registry.delete(fd)
      expect(registry.has(fd)).toBe(false)
    }
  })

  test('growing keeps all that was there', () => {
    const registry = new Registry()
    const batch = new ReadinessBatch(1)
    registry.set(63, MAX_TOKEN, 'oneshot')
    registry.delivered(63)
    registry.set(2, 7n, 'level')
    registry.set(100_000, 8n, 'level')
    expect([registry.has(63), registry.isArmed(63), registry.generation(63)]).toEqual([true, false, 1])
    registry.report(63, 0, batch, 0)
    expect(batch.token(0)).toBe(MAX_TOKEN)
    registry.report(2, 0, batch, 0)
    expect(batch.token(0)).toBe(7n)
  })

  test('a generation is one more after each set, also across a delete', () => {
    const registry = new Registry()
    registry.set(5, 1n, 'level')
    registry.delete(5)
    expect(registry.generation(5)).toBe(1)
    registry.set(5, 1n, 'level')
    registry.set(5, 1n, 'level')
    expect(registry.generation(5)).toBe(3)
  })
})

describe('reportWake', () => {
  test('leaves nothing of the event that was there before', () => {
    const batch = new ReadinessBatch(3)
    const registry = new Registry()
    registry.set(9, MAX_TOKEN, 'level')
    registry.report(9, 1, batch, 1)
    reportWake(batch, 1)
    expect([batch.fds[1], batch.flags[1], batch.token(1)]).toEqual([-1, 64, 0n])
  })
})

describe('tokenOf', () => {
  test('every integer of 64 bits is a token, as a BigInt or as a safe number', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: MAX_TOKEN }), fc.maxSafeNat(), (large, safe) => {
        expect([tokenOf(large), tokenOf(safe)]).toEqual([large, BigInt(safe)])
      }),
    )
    expect([tokenOf(MAX_TOKEN), tokenOf(0n), tokenOf(0), tokenOf(Number.MAX_SAFE_INTEGER)]).toEqual([
      MAX_TOKEN,
      0n,
      0n,
      9007199254740991n,
    ])
  })

  test.each([-1, -1n, 1.5, NaN, Infinity, 2 ** 53, 2n ** 64n])('%s is a RangeError', (token) => {
    expect(() => tokenOf(token)).toThrow(RangeError)
    expect(() => tokenOf(token)).toThrow(String(token))
  })
})
