import { readFileSync } from 'node:fs'
import { afterEach, expect, test } from 'vitest'
import { SystemError } from '../errors.ts'
import { duplicate } from '../testing/native.ts'
import { openEventfd } from './fd.ts'
import { openLibc } from './libc.ts'
import { descriptorLimit, raiseDescriptorLimit, setDescriptorLimit } from './limits.ts'

const libc = openLibc()
const original = descriptorLimit(libc)

/** Some kernels have no hard limit; then there is nothing to raise to, and nothing above. */
const unlimited = original.hard === Infinity

afterEach(() => setDescriptorLimit(libc, original.soft, original.hard))

/** What the kernel says of itself. */
function shown(): readonly number[] {
  const line = /^Max open files\s+(\S+)\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))
  return [line?.[1], line?.[2]].map((text) => (text === 'unlimited' ? Infinity : Number(text)))
}

test('the limit is the one that the kernel shows', () => {
  expect([original.soft, original.hard]).toEqual(shown())
})

test('a lowered limit holds: descriptors at or above it are refused', () => {
  setDescriptorLimit(libc, 64, original.hard)
  expect(descriptorLimit(libc)).toEqual({ soft: 64, hard: original.hard })
  expect(shown()[0]).toBe(64)
  using eventfd = openEventfd(libc)
  expect(() => duplicate(libc, eventfd.fd, 64)).toThrow('EINVAL')
  using last = duplicate(libc, eventfd.fd, 63)
  expect(last.fd).toBe(63)
})

test.skipIf(unlimited)('raising goes as far as the hard limit', () => {
  setDescriptorLimit(libc, 64, original.hard)
  expect(raiseDescriptorLimit(libc)).toEqual({ soft: original.hard, hard: original.hard })
})

test.skipIf(unlimited)('raising a limit that is as high as it goes changes nothing', () => {
  setDescriptorLimit(libc, original.hard, original.hard)
  expect(raiseDescriptorLimit(libc)).toEqual({ soft: original.hard, hard: original.hard })
})

test.skipIf(unlimited)('a soft limit above the hard one is refused, and leaves the limit as it was', () => {
  expect(() => setDescriptorLimit(libc, original.hard + 1, original.hard)).toThrow(SystemError)
  expect(() => setDescriptorLimit(libc, original.hard + 1, original.hard)).toThrow('setrlimit: EINVAL')
  expect(() => setDescriptorLimit(libc, Infinity, original.hard)).toThrow('setrlimit: EINVAL')
  expect(descriptorLimit(libc)).toEqual(original)
})
