import { describe, expect, it } from 'vitest'
import { Failure } from '../check.ts'
import { expectEvents } from './outcome.ts'

const compare = (actual: Record<string, string>, expected: Record<string, string>) => (): void =>
  expectEvents(Object.entries(actual), Object.entries(expected))

describe('expectEvents', () => {
  it('compares masks by value and sets by letter, in any order', () => {
    expect(compare({ a: 'OUT|IN', b: 'IN' }, { b: '1', a: 'IN|OUT' })).not.toThrow()
    expect(compare({ a: 'rw' }, { a: 'rwx' })).toThrow(new Failure('a rwx', 'a rw'))
  })

  it('takes a part for enough where the expectation says so', () => {
    expect(compare({ a: 'HUP' }, { a: 'some of ERR|HUP' })).not.toThrow()
    expect(compare({ a: 'ERR|HUP' }, { a: 'some of ERR|HUP' })).not.toThrow()
    expect(compare({ a: 'w' }, { a: 'some of rw' })).not.toThrow()
  })

  it('takes nothing at all, and anything else, for no part', () => {
    const failure = (actual: string): Failure => new Failure('a some of ERR|HUP', actual)
    expect(compare({}, { a: 'some of ERR|HUP' })).toThrow(failure('no events'))
    expect(compare({ a: 'IN|HUP' }, { a: 'some of ERR|HUP' })).toThrow(failure('a IN|HUP'))
    expect(compare({ b: 'HUP' }, { a: 'some of ERR|HUP' })).toThrow(failure('b HUP'))
    expect(compare({ a: 'x' }, { a: 'some of rw' })).toThrow(new Failure('a some of rw', 'a x'))
  })
})
