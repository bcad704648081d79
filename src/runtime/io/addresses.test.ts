import fc from 'fast-check'
import { SocketAddress } from 'node:net'
import { expect, test } from 'vitest'
import { Memory } from '../../libc/memory.ts'
import { ADDRESS_BYTES, addressText, decodeAddress, encodeAddress } from './addresses.ts'
import type { Address } from './addresses.ts'

const memory = new Memory(ADDRESS_BYTES)

function roundTrip(address: Address): Address {
  return decodeAddress(memory, encodeAddress(address, memory))
}

test.each([
  [
    { family: 'ip4', address: '127.0.0.1', port: 8080 },
    16,
    '02001f907f0000010000000000000000',
    '127.0.0.1:8080',
  ],
  [
    { family: 'ip6', address: '::1', port: 80 },
    28,
    '0a0000500000000000000000000000000000000000000001',
    '[::1]:80',
  ],
  [
    { family: 'ip6', address: 'fe80::1:2', port: 1, scope: 3, flow: 5 },
    28,
    '0a00000100000005fe8000000000000000000000000100020300000000',
    '[fe80::1:2%3]:1',
  ],
  [{ family: 'unix', path: '/a' }, 5, '01002f6100', 'unix:/a'],
  [{ family: 'unix', path: '\0a' }, 4, '01000061', 'unix:@a'],
] as const)('%o is what the kernel has', (address, length, hex, text) => {
  expect(encodeAddress(address, memory)).toBe(length)
  expect(Buffer.from(memory.bytes).toString('hex', 0, hex.length / 2)).toBe(hex)
  expect([decodeAddress(memory, length), addressText(address)]).toEqual([address, text])
})

test('an address of the kernel without a name, or of a family that is none of ours, is an unnamed one', () => {
  memory.bytes.fill(0)
  const unnamed = { family: 'unix', path: '' }
  expect(decodeAddress(memory, 0)).toEqual(unnamed)
  expect(decodeAddress(memory, 2)).toEqual(unnamed)
  memory.view.setUint16(0, 16, true)
  expect([decodeAddress(memory, 12), addressText(decodeAddress(memory, 12))]).toEqual([
    unnamed,
    'unix:(unnamed)',
  ])
})

test('every IP address comes back as Node writes it', () => {
  const port = fc.nat(0xffff)
  fc.assert(
    fc.property(fc.ipV4(), port, (address, at) => {
      expect(roundTrip({ family: 'ip4', address, port: at })).toEqual({ family: 'ip4', address, port: at })
    }),
  )
  fc.assert(
    fc.property(fc.ipV6(), port, (text, at) => {
      const { address } = new SocketAddress({ family: 'ipv6', address: text })
      expect(roundTrip({ family: 'ip6', address: text, port: at })).toEqual({
        family: 'ip6',
        address,
        port: at,
      })
    }),
  )
})

test.each([
  { family: 'ip4', address: '256.0.0.1', port: 1 },
  { family: 'ip4', address: '::1', port: 1 },
  { family: 'ip4', address: '127.0.0.1', port: 65536 },
  { family: 'ip4', address: '127.0.0.1', port: -1 },
  { family: 'ip4', address: '127.0.0.1', port: 1.5 },
  { family: 'ip6', address: '127.0.0.1', port: 1 },
  { family: 'ip6', address: 'fe80::1%eth0', port: 1 },
  { family: 'unix', path: '' },
  { family: 'unix', path: 'x'.repeat(108) },
  { family: 'unix', path: `\0${'x'.repeat(108)}` },
  { family: 'unix', path: 'a\0b' },
] as const)('%o is refused', (address) => {
  expect(() => encodeAddress(address, memory)).toThrow(RangeError)
})

test('the longest paths come back whole', () => {
  for (const path of ['x'.repeat(107), `\0${'x'.repeat(107)}`]) {
    expect(roundTrip({ family: 'unix', path })).toEqual({ family: 'unix', path })
  }
})
