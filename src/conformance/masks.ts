import { EPOLL, POLL } from '../libc/constants/linux.ts'

/** A mask in words, as the manual pages write it without prefix: `IN|RDHUP`, or `0` for none. */
export type MaskText = string

/** EPOLL and POLL bits are the same numbers, but for NVAL, which only poll has. */
const bits: readonly (readonly [string, number])[] = [...Object.entries(EPOLL), ['NVAL', POLL.NVAL]]
const bitOf = new Map(bits)

/** The same function, which finds out everything once: checks have few masks, and ask for each hundreds of times. */
function remembered<From, To>(find: (from: From) => To): (from: From) => To {
  const known = new Map<From, To>()
  return (from) => {
    const before = known.get(from)
    if (before !== undefined) return before
    const found = find(from)
    known.set(from, found)
    return found
  }
}

/** The number of a mask. A bit that has no name may be given as a number: `IN|0x400000`. Throws `TypeError`. */
export const parseMask: (text: MaskText) => number = remembered(parseAnew)

/** A mask in words; bits without a name are shown in hexadecimal. */
export const formatMask: (mask: number) => MaskText = remembered(formatAnew)

function parseAnew(text: MaskText): number {
  if (text === '0') return 0
  let mask = 0
  for (const name of text.split('|')) {
    const bit = bitOf.get(name) ?? (/^(0x)?[0-9a-f]+$/.test(name) ? Number(name) : NaN)
    if (!(bit > 0 && bit <= 0xffffffff))
      throw new TypeError(`${JSON.stringify(name)} is not a bit of an event mask`)
    mask |= bit
  }
  return mask >>> 0
}

function formatAnew(mask: number): MaskText {
  const names: string[] = []
  let rest = mask >>> 0
  for (const [name, bit] of bits) {
    if ((rest & bit) === 0) continue
    names.push(name)
    rest = (rest & ~bit) >>> 0
  }
  if (rest !== 0) names.push(`0x${rest.toString(16)}`)
  return names.length === 0 ? '0' : names.join('|')
}
