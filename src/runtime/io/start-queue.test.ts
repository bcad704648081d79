import { expect, test } from 'vitest'
import { Future } from './future.ts'
import { StartQueue } from './start-queue.ts'

/** Counts how often it is looked whether it has started. */
class Counted extends Future<number> {
  looks = 0
  hasStarted = false
}

function counted(id: number): Counted {
  const future = new Counted(() => id, undefined)
  Object.defineProperty(future, 'task', {
    get() {
      future.looks++
      return future.hasStarted ? {} : undefined
    },
  })
  return future
}

test('gives the oldest that has not started, and looks at each a few times, however many there are', () => {
  const COUNT = 20_000
  const queue = new StartQueue<Counted>()
  expect(queue.first).toBeUndefined()
  const all = Array.from({ length: COUNT }, (_, i) => counted(i))
  for (const future of all.slice(0, COUNT / 2)) queue.push(future)
  const order: number[] = []
  for (let i = 0; i < COUNT; i++) {
    // Others come meanwhile, and every third is started out of its turn.
    if (i < COUNT / 2) queue.push(all[COUNT / 2 + i] as Counted)
    if (i % 3 === 2) (all[i] as Counted).hasStarted = true
    const { first } = queue
    if (first === undefined) break
    order.push(all.indexOf(first, order.at(-1) ?? 0))
    first.hasStarted = true
  }
  expect(order).toEqual([...new Set(order)].toSorted((a, b) => a - b))
  expect([order.length > COUNT / 2, queue.first]).toEqual([true, undefined])
  expect(all.every(({ hasStarted }) => hasStarted)).toBe(true)
  expect(Math.max(...all.map(({ looks }) => looks))).toBeLessThanOrEqual(3)
})
