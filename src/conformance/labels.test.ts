import { describe, expect, it } from 'vitest'
import { Labels } from './labels.ts'

describe('Labels', () => {
  it('gives each label data of its own, different in both halves', () => {
    const labels = new Labels()
    const all = Array.from({ length: 100 }, (_, i) => labels.data(`label ${i}`))
    const halves = (shift: bigint): Set<bigint> => new Set(all.map((data) => (data >> shift) & 0xffffffffn))
    expect(new Set(all).size).toBe(100)
    expect(halves(0n).size).toBe(100)
    expect(halves(32n).size).toBe(100)
  })

  it('names data that has no label in hexadecimal', () => {
    const labels = new Labels()
    expect(labels.label(labels.data('r'))).toBe('r')
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
