import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Fiber } from './fiber.ts'
import { Timers } from './timers.ts'

const newFiber = (id: number): Fiber => new Fiber(id, timersHome, () => {}, undefined)
const timersHome = {}

test('the first is always the earliest that is left, and of equals the one that was added first', () => {
  const operation = fc.oneof(
    { weight: 3, arbitrary: fc.record({ add: fc.integer({ min: 0, max: 8 }) }) },
    { weight: 2, arbitrary: fc.record({ remove: fc.nat(1000) }) },
    { weight: 1, arbitrary: fc.constant({ removeFirst: true as const }) },
  )
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
      const timers = new Timers()
      /** The same as a list, sorted each time: the order of a sort is stable. */
      let model: { fiber: Fiber; at: number }[] = []
      for (const [id, one] of operations.entries()) {
        if ('add' in one) {
          const fiber = newFiber(id)
          timers.add(fiber, one.add)
          model = [...model, { fiber, at: one.add }].toSorted((a, b) => a.at - b.at)
        } else {
          const index = 'remove' in one && model.length > 0 ? one.remove % model.length : 0
          const [entry] = model.splice(index, 1)
          if (entry !== undefined) timers.remove(entry.fiber)
        }
        expect(timers.first).toBe(model[0]?.fiber)
        expect(timers.size).toBe(model.length)
      }
      for (const { fiber } of model) expect(fiber.place).toBeGreaterThanOrEqual(0)
    }),
  )
})

test('adding and removing are logarithmic: they move few of very many', () => {
  const timers = new Timers()
  const fibers = Array.from({ length: 65_536 }, (_, i) => newFiber(i))
  for (const [i, fiber] of fibers.entries()) timers.add(fiber, (i * 7919) % 65_536)
  for (const fiber of fibers.filter((_, i) => i % 3001 === 0)) {
    const before = fibers.map(({ place }) => place)
    timers.remove(fiber)
    // One path, from where it was to the root or to a leaf.
    expect(fibers.filter(({ place }, i) => place !== before[i]).length).toBeLessThanOrEqual(18)
    timers.add(fiber, fiber.deadlineMs)
  }
})
