import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openPipe } from '../libc/fd.ts'
import { layouts } from '../libc/layouts.ts'
import { openLibc } from '../libc/libc.ts'
import { Memory } from '../libc/memory.ts'
import type { Pointer } from '../libc/signatures.ts'
import { Timespec, Timeval } from './timeout.ts'

const libc = openLibc()
const { size, offsets } = layouts.timespec

/** The two words of a struct, as the kernel reads them. */
function read(address: Pointer): readonly [seconds: bigint, fraction: bigint] {
  const [reader, writer] = openPipe(libc)
  using _reader = reader
  using _writer = writer
  const copy = new Memory(size)
  libc.fn.write(writer.fd, address, size)
  libc.fn.read(reader.fd, copy.address, size)
  return [copy.view.getBigInt64(offsets.tv_sec, true), copy.view.getBigInt64(offsets.tv_nsec, true)]
}

const kinds = [
  ['Timespec', new Timespec(), 1n],
  ['Timeval', new Timeval(), 1000n],
] as const

test('both structs have the same layout', () => {
  expect(Object.values(layouts.timeval.offsets)).toEqual(Object.values(layouts.timespec.offsets))
})

test.each(kinds)('%s is never rounded down, and up by less than its unit', (_, struct, unitNs) => {
  const perSecond = 1_000_000_000n / unitNs
  const anyTimeout = fc.oneof(
    fc.maxSafeNat(),
    fc.nat(3_000_000_000),
    fc.double({ min: 0, max: 1e10, noNaN: true }),
  )
  fc.assert(
    fc.property(anyTimeout, (timeoutNs) => {
      const [seconds, fraction] = read(struct.set(timeoutNs))
      expect(seconds).toBeGreaterThanOrEqual(0n)
      expect(fraction).toBeGreaterThanOrEqual(0n)
      expect(fraction).toBeLessThan(perSecond)
      const ns = (seconds * perSecond + fraction) * unitNs
      expect(ns).toBeGreaterThanOrEqual(BigInt(Math.ceil(timeoutNs)))
      expect(ns).toBeLessThan(BigInt(Math.ceil(timeoutNs)) + unitNs)
    }),
    { numRuns: 500 },
  )
})

test.each(kinds)(
  '%s: a timeout that no number expresses exactly is cut to one that is',
  (_, struct, unitNs) => {
    const longest = read(struct.set(Number.MAX_SAFE_INTEGER))
    expect(longest[0]).toBe(9_007_199n)
    expect(longest[1]).toBe((254_740_991n + unitNs - 1n) / unitNs)
    expect(read(struct.set(1e30))).toEqual(longest)
    expect(read(struct.set(Infinity))).toEqual(longest)
  },
)

test.each(kinds)('%s is filled anew by each set, whatever a call has left in it', (_, struct) => {
  const address = struct.set(1_500_000_000)
  libc.fn.memset(address, 0xff, size)
  expect(read(struct.set(2_000_000_000))).toEqual([2n, 0n])
  expect(struct.set(0)).toBe(address)
})
