import { describe, expect, test } from 'vitest'
import { variadicPadding } from './variadic.ts'
import { signatures } from './signatures.ts'
import type { Signature } from './signatures.ts'

const all = Object.entries<Signature>(signatures)
const variadic = all.filter(([, { fixed }]) => fixed !== undefined)

describe('variadicPadding', () => {
  test('there are variadic functions to speak of', () => {
    expect(variadic.map(([name]) => name)).toEqual(
      expect.arrayContaining(['open', 'fcntl', 'ioctl', 'syscall']),
    )
  })

  test.each(variadic)('%s: on arm64 macOS the first variadic argument is the ninth', (_, signature) => {
    expect((signature.fixed ?? NaN) + variadicPadding(signature, 'darwin', 'arm64')).toBe(8)
  })

  test.each([
    ['linux', 'x64'],
    ['linux', 'arm64'],
    ['darwin', 'x64'],
    ['freebsd', 'x64'],
  ])('on %s-%s no function is padded', (platform, arch) => {
    expect(all.filter(([, signature]) => variadicPadding(signature, platform, arch) !== 0)).toEqual([])
  })

  test('on arm64 macOS a function that is not variadic is not padded', () => {
    const padded = all.filter(([, signature]) => variadicPadding(signature, 'darwin', 'arm64') !== 0)
    expect(padded.map(([name]) => name)).toEqual(variadic.map(([name]) => name))
  })
})
