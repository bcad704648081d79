import { Command, InvalidArgumentError } from 'commander'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LOCAL_THRESHOLD } from '../measure/statistics/verdict.ts'
import { addCommonOptions, parseLimit, parseList, parsePositive, parseWhole } from './options.ts'

describe('a list', () => {
  it('is names between commas, each of them once, without the blanks around them', () => {
    expect(parseList('epoll')).toEqual(['epoll'])
    expect(parseList(' epoll, poll ,epoll')).toEqual(['epoll', 'poll'])
  })

  it.each(['', ' ', ',', 'a,', ',a', 'a,,b'])('is not %j', (text) => {
    expect(() => parseList(text)).toThrow(InvalidArgumentError)
  })
})

describe('a whole number', () => {
  it('is read back from its digits', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (value) => {
        expect(parseWhole(1)(String(value))).toBe(value)
      }),
    )
    expect(parseWhole(0)('0')).toBe(0)
    expect(parseWhole(1)('+7')).toBe(7)
  })

  it.each(['0', '-1', '1.5', '1e3', '0x10', ' 5', '5 ', '', 'abc', '1n', '9007199254740993', '∞'])(
    'of at least 1 is not %j',
    (text) => {
      expect(() => parseWhole(1)(text)).toThrow('It takes a whole number of at least 1.')
    },
  )
})

describe('a whole number with a limit', () => {
  it.each(['1', '7', '10'])('can be %j', (text) => {
    expect(parseWhole(1, 10)(text)).toBe(Number(text))
  })

  it.each(['0', '11', '1.5', '', 'abc', '9007199254740993'])('cannot be %j', (text) => {
    expect(() => parseWhole(1, 10)(text)).toThrow('It takes a whole number from 1 to 10.')
  })
})

describe('a number above zero', () => {
  it.each([
    ['1', 1],
    ['0.05', 0.05],
    ['1e3', 1000],
  ])('is %j', (text, value) => {
    expect(parsePositive(text)).toBe(value)
  })

  it.each(['0', '-1', '-0', '', ' ', 'abc', 'NaN', 'Infinity', '1s'])('is not %j', (text) => {
    expect(() => parsePositive(text)).toThrow('It takes a number above 0.')
  })
})

describe('a limit', () => {
  it.each([
    ['5%', 0.05],
    ['5 %', 0.05],
    ['1%', 0.01],
    ['2.5%', 0.025],
    ['300%', 3],
  ])('%s is %d', (text, limit) => {
    expect(parseLimit(text)).toBeCloseTo(limit, 12)
  })

  it.each([
    '',
    '5',
    '0.05',
    '%',
    '-5%',
    '+5%',
    '5%%',
    '5  %',
    ' 5%',
    '5e0%',
    '.5%',
    '5.%',
    '5,5%',
    '∞%',
    'NaN%',
  ])('is not %j: it takes a percentage with its sign', (text) => {
    expect(() => parseLimit(text)).toThrow('It takes a percentage with its sign, like 5%.')
  })

  it.each(['0%', '0.99%'])('is not %j, which no difference is below', (text) => {
    expect(() => parseLimit(text)).toThrow('It takes at least 1%')
  })

  it('is at least what counts as a difference', () => {
    expect(parseLimit(`${100 * LOCAL_THRESHOLD}%`)).toBe(LOCAL_THRESHOLD)
    expect(() => parseLimit(`${99 * LOCAL_THRESHOLD}%`)).toThrow('It takes at least 1%')
  })

  it('is not without an end', () => {
    expect(() => parseLimit(`${'9'.repeat(400)}%`)).toThrow('It takes a percentage')
  })
})

describe('the common options', () => {
  const parse = (...args: string[]): Record<string, unknown> =>
    addCommonOptions(new Command()).parse(args, { from: 'user' }).opts()

  it('are a table, and no opinion on colour, unless told otherwise', () => {
    expect(parse()).toEqual({ format: 'table' })
  })

  it('have colour as yes, no or undecided', () => {
    expect(parse('--color')).toMatchObject({ color: true })
    expect(parse('--no-color')).toMatchObject({ color: false })
    expect(parse('--no-color', '--color')).toMatchObject({ color: true })
  })

  it('have short names', () => {
    expect(parse('-b', 'epoll,poll', '-f', 'json', '-o', 'x', '-q', '-v')).toEqual({
      backend: ['epoll', 'poll'],
      format: 'json',
      output: 'x',
      quiet: true,
      verbose: true,
    })
  })
})
