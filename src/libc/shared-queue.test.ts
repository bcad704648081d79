import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RingError } from '../errors.ts'
import { MappedQueue } from './shared-queue.ts'
import type { QueuePlace } from './shared-queue.ts'
import { NULL } from './signatures.ts'

const ENTRY_WORDS = 4

/** A queue in ordinary memory whose counters start at a number. */
function place(capacity: number, start = 0, over: Partial<QueuePlace> = {}): QueuePlace {
  return {
    counters: Int32Array.of(start, start),
    countersAddress: NULL,
    head: 0,
    tail: 1,
    entries: new Int32Array(capacity * ENTRY_WORDS),
    entriesAddress: NULL,
    entryWords: ENTRY_WORDS,
    capacity,
    ...over,
  }
}

const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
const capacity = fc.integer({ min: 0, max: 6 }).map((bits) => 2 ** bits)

/** What a function returns, or the name of what it throws. */
function outcomeOf(action: () => number): number | string {
  try {
    return action()
  } catch (error) {
    return error instanceof Error ? error.name : String(error)
  }
}

describe('a queue', () => {
  it('gives back what was put, in order, wherever its counters start and overflow', () => {
    fc.assert(
      fc.property(capacity, word, fc.array(fc.nat(9), { maxLength: 40 }), (size, start, batches) => {
        const queue = new MappedQueue(place(size, start))
        let put = 0
        let taken = 0
        for (const wanted of batches) {
          const count = Math.min(wanted, size - queue.count())
          for (let i = 0; i < count; i++) queue.put(i, Int32Array.of(put + i, 0, -1, 7))
          expect(queue.count()).toBe(put - taken)
          queue.publish(count)
          put += count
          const some = Math.ceil(queue.count() / 2)
          for (let i = 0; i < some; i++) {
            expect([0, 1, 2, 3].map((index) => queue.word(i, index))).toEqual([taken + i, 0, -1, 7])
          }
          queue.take(some)
          taken += some
        }
        expect(queue.count()).toBe(put - taken)
      }),
    )
  })

  it('whose counters are too far apart is refused, whatever they are', () => {
    fc.assert(
      fc.property(capacity, word, word, (size, head, tail) => {
        const queue = new MappedQueue(place(size, 0, { counters: Int32Array.of(head, tail) }))
        const count = (tail - head) >>> 0
        expect(outcomeOf(() => queue.count())).toBe(count <= size ? count : 'RingError')
      }),
    )
    const ahead = new MappedQueue(place(4, 0, { counters: Int32Array.of(5, 3) }))
    expect(() => ahead.count()).toThrow('4294967294 entries cannot be in a queue of 4')
  })

  it('of another size than a power of two, or with less memory than that, is refused', () => {
    fc.assert(
      fc.property(fc.oneof(fc.integer({ min: -3, max: 40 }), fc.double()), fc.nat(200), (size, words) => {
        const fits =
          Number.isInteger(size) && [1, 2, 4, 8, 16, 32].includes(size) && size * ENTRY_WORDS <= words
        const made = outcomeOf(
          () => new MappedQueue(place(1, 0, { capacity: size, entries: new Int32Array(words) })).capacity,
        )
        expect(made).toBe(fits ? size : 'RingError')
      }),
    )
  })

  it('whose counters are not in its memory is refused', () => {
    for (const at of [-1, 0.5, 2, NaN]) {
      expect(() => new MappedQueue(place(1, 0, { head: at }))).toThrow(RingError)
      expect(() => new MappedQueue(place(1, 0, { tail: at }))).toThrow(RingError)
    }
  })

  it('has its order array say that every place is its own', () => {
    const words = new Int32Array(4)
    const queue = new MappedQueue(place(4, 0, { order: { words, address: NULL } }))
    queue.initialize()
    expect([...words]).toEqual([0, 1, 2, 3])
  })
})
