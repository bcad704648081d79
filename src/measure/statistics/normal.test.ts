import { describe, expect, it } from 'vitest'
import { twoSidedNormalP } from './normal.ts'

describe('the two tails of the normal distribution', () => {
  // SciPy 1.17.1: 2 * scipy.stats.norm.sf(z).
  it.each([
    [0, 1],
    [0.5, 0.6170750774519738],
    [1, 0.31731050786291415],
    [-1.959963984540054, 0.05],
    [2.5, 0.012419330651552265],
    [3, 0.0026997960632601866],
    [4.5, 6.795346249460107e-6],
    [8, 1.244192114854348e-15],
    [20, 5.507248237212311e-89],
  ])('beyond %d are %d', (z, p) => {
    expect(twoSidedNormalP(z) / p).toBeCloseTo(1, 11)
  })
})
