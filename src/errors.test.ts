import { describe, expect, it } from 'vitest'
import { orUnsupported, SystemError, UnsupportedError } from './errors.ts'

describe('orUnsupported', () => {
  const failing = (error: Error) => (): never => {
    throw error
  }

  it('gives what the action gives', () => {
    expect(orUnsupported('capabilities', () => 42)).toBe(42)
  })

  it('tells the refusal of a system call as a feature that is not there', () => {
    const refusal = new SystemError('capset', 1, 'EPERM')
    expect(() => orUnsupported('capabilities', failing(refusal))).toThrow(
      new UnsupportedError('capabilities', 'capset: EPERM'),
    )
  })

  it('lets every other error pass', () => {
    const mistake = new TypeError('a mistake of ours')
    expect(() => orUnsupported('capabilities', failing(mistake))).toThrow(mistake)
  })
})
