import { describe, expect, it } from 'vitest'
import { LineBuffer } from './line-buffer.ts'

describe('LineBuffer', () => {
  it('gives whole lines only, in order', () => {
    const lines = new LineBuffer()
    lines.push(Buffer.from('one\ntwo\nth'))
    expect([lines.next(), lines.next(), lines.next()]).toEqual(['one', 'two', undefined])
    lines.push(Buffer.from('ree\n'))
    expect([lines.next(), lines.next()]).toEqual(['three', undefined])
  })

  it('puts a character together that arrives in two pieces', () => {
    const lines = new LineBuffer()
    const bytes = Buffer.from('ä\n')
    lines.push(bytes.subarray(0, 1))
    expect(lines.next()).toBeUndefined()
    lines.push(bytes.subarray(1))
    expect(lines.next()).toBe('ä')
  })
})
