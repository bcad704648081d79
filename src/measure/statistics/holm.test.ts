import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { holm } from './holm.ts'

const ps = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 20 })

describe("Holm's correction", () => {
  it('multiplies the smallest by how many there are, and so on, in the order given', () => {
    // R: p.adjust(c(0.01, 0.04, 0.03, 0.005), 'holm').
    const corrected = holm([0.01, 0.04, 0.03, 0.005])
    for (const [i, p] of [0.03, 0.06, 0.06, 0.02].entries()) expect(corrected[i]).toBeCloseTo(p, 12)
  })

  it('never lowers a p, never exceeds 1 or what Bonferroni gives, and keeps the order', () => {
    fc.assert(
      fc.property(ps, (values) => {
        const corrected = holm(values)
        expect(corrected).toHaveLength(values.length)
        for (const [i, p] of values.entries()) {
          expect(corrected[i]).toBeGreaterThanOrEqual(p)
          expect(corrected[i]).toBeLessThanOrEqual(Math.min(1, p * values.length))
        }
        const order = [...values.keys()].toSorted((a, b) => values[a]! - values[b]!)
        const inOrder = order.map((i) => corrected[i]!)
        expect(inOrder).toEqual(inOrder.toSorted((a, b) => a - b))
      }),
    )
  })
})
