import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EPOLL, POLL } from '../libc/constants/linux.ts'
import { formatMask, parseMask } from './masks.ts'

const anyMask = fc.oneof(
  fc.nat(0xffffffff),
  fc
    .subarray([...Object.values(EPOLL), POLL.NVAL])
    .map((bits) => bits.reduce((mask, bit) => mask | bit, 0) >>> 0),
)

describe('masks in words', () => {
  it('say every mask in words that parse to the same mask', () => {
    fc.assert(
      fc.property(anyMask, (mask) => {
        expect(parseMask(formatMask(mask))).toBe(mask)
      }),
    )
  })

  it('are the same for a mask and for its words in any order', () => {
    fc.assert(
      fc.property(
        anyMask.chain((mask) => fc.shuffledSubarray(formatMask(mask).split('|'), { minLength: 1 })),
        (names) => {
          const mask = parseMask(names.join('|'))
          expect(formatMask(mask).split('|').toSorted()).toEqual(names.toSorted())
        },
      ),
    )
  })

  it.each([
    ['0', 0],
    ['IN', 0x1],
    ['IN|RDHUP', 0x2001],
    ['ONESHOT|ET', 0xc0000000],
    ['NVAL', 0x20],
  ])('has %s for %d', (text, mask) => {
    expect(parseMask(text)).toBe(mask)
  })

  it('name no bit twice and leave none out', () => {
    expect(formatMask(0xffffffff)).toBe(
      'IN|PRI|OUT|ERR|HUP|RDNORM|RDBAND|WRNORM|WRBAND|MSG|RDHUP|EXCLUSIVE|WAKEUP|ONESHOT|ET|NVAL|0xfffd800',
    )
  })

  it('take bits without a name as numbers', () => {
    expect(parseMask('IN|0x400000')).toBe(0x400001)
    expect(formatMask(0x400001)).toBe('IN|0x400000')
  })

  it.each(['', 'IN|', '|IN', 'in', 'EPOLLIN', 'IN OUT', 'IN|-1', '0x100000000', '1.5', 'NaN'])(
    'refuse %j, which is no mask',
    (text) => {
      expect(() => parseMask(text)).toThrow(TypeError)
    },
  )
})
