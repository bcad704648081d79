import { describe, expect, it } from 'vitest'
import { Aim } from './aim.ts'

const msOf = (aim: Aim): number => {
  const start = performance.now()
  aim.pass()
  return performance.now() - start
}

describe('an aim', () => {
  it('lets as much time pass as it was told to begin with', () => {
    expect(msOf(new Aim(2000))).toBeGreaterThanOrEqual(2)
  })

  it('comes later after it was too early', () => {
    const aim = new Aim(0)
    for (let i = 0; i < 300; i++) aim.correct('early')
    expect(msOf(aim)).toBeGreaterThanOrEqual(2)
  })

  it('comes earlier after it was too late, though not before now', () => {
    const aim = new Aim(50_000_000)
    aim.correct('early')
    for (let i = 0; i < 10_000; i++) aim.correct('late')
    expect(msOf(aim)).toBeLessThan(1000)
  })
})
