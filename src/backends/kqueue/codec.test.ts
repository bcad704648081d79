import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { kqueueAbis } from './abi.ts'
import { decodeKevents, encodeKevent, KeventBufferError } from './codec.ts'

const word = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const narrow = {
  filter: fc.integer({ min: -0x8000, max: 0x7fff }),
  flags: fc.integer({ min: 0, max: 0xffff }),
}
const wide = { filter: fc.nat({ max: 0xffff_ffff }), flags: fc.nat({ max: 0xffff_ffff }) }

/** What a function returns, or the name of what it throws. */
function outcomeOf(action: () => number): number | string {
  try {
    return action()
  } catch (error) {
    return error instanceof Error ? error.name : String(error)
  }
}

describe.each(kqueueAbis)('events by the interface of $name', (abi) => {
  const event = fc.record({
    ident: word,
    ...(abi.filterBits === 16 ? narrow : wide),
    fflags: fc.nat({ max: 0xffff_ffff }),
    data: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    udata: word,
  })

  it('are read as they were written, each in its place', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 9 }), (events) => {
        const view = new DataView(new ArrayBuffer(events.length * abi.kevent.size))
        for (const [index, one] of events.entries()) encodeKevent(abi, view, index, one)
        expect(decodeKevents(abi, view, events.length)).toEqual(events)
      }),
    )
  })

  it('are refused where the array is too short for them, or their count is none', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 500 }),
        fc.oneof(fc.double(), fc.integer({ min: -2, max: 20 })),
        (bytes, count) => {
          const view = new DataView(new ArrayBuffer(bytes))
          const fits = Number.isInteger(count) && count >= 0 && count * abi.kevent.size <= bytes
          expect(outcomeOf(() => decodeKevents(abi, view, count).length)).toBe(
            fits ? count + 0 : 'KeventBufferError',
          )
        },
      ),
    )
    const room = new DataView(new ArrayBuffer(2 * abi.kevent.size - 1))
    expect(decodeKevents(abi, room, 1)).toHaveLength(1)
    expect(() => decodeKevents(abi, room, 2)).toThrow('2 events do not fit into the room for 1')
    expect(() => decodeKevents(abi, room, -1)).toThrow('-1 events cannot be')
    for (const index of [1, -1, 0.5]) {
      expect(() => encodeKevent(abi, room, index, { ident: 1n, filter: 0, flags: 0 })).toThrow(
        KeventBufferError,
      )
    }
  })
})
