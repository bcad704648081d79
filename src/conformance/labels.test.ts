import { describe, expect, it } from 'vitest'
import { Labels } from './labels.ts'

const MANY = 2000
const low = (data: bigint): bigint => data & 0xffffffffn
const high = (data: bigint): bigint => data >> 32n

describe('labels', () => {
  const labels = new Labels()
  const data = Array.from({ length: MANY }, (_, i) => labels.data(`label ${i}`))

  it('have numbers of 64 bits that differ in both halves, so that half of one tells nothing', () => {
    expect(new Set(data.map(low)).size).toBe(MANY)
    expect(new Set(data.map(high)).size).toBe(MANY)
    expect(data.every((number) => number >= 0n && number < 2n ** 64n)).toBe(true)
  })

  it('have numbers of which no half is small enough to be a descriptor', () => {
    expect(data.filter((number) => low(number) < 2n ** 24n || high(number) < 2n ** 24n)).toEqual([])
  })

  it('keep their numbers and are found by them', () => {
    expect(data.map((number) => labels.label(number))).toEqual(data.map((_, i) => `label ${i}`))
    expect(data.map((_, i) => labels.data(`label ${i}`))).toEqual(data)
  })

  it('are not found by half of a number, or by a number that swaps its halves', () => {
    const found = data.flatMap((number) => [
      labels.label(low(number)),
      labels.label(high(number)),
      labels.label((low(number) << 32n) | high(number)),
    ])
    expect(found.filter((label) => !label.startsWith('data 0x'))).toEqual([])
  })

  it('show unknown data in hexadecimal', () => {
    expect(labels.label(0xcafen)).toBe('data 0xcafe')
  })

  it('knows the same data by the same label after adopting those of another process', () => {
    const [here, there] = [new Labels(), new Labels()]
    for (const name of ['r', 'w', 'of the child']) here.data(name)
    there.adopt(here.names)
    there.adopt(here.names)
    expect(there.data('of the child')).toBe(here.data('of the child'))
    expect(there.names).toEqual(here.names)
  })
})
