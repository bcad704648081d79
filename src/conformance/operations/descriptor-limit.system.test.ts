import { afterEach, beforeEach, expect, it } from 'vitest'
import { UnsupportedError } from '../../errors.ts'
import { openLibc } from '../../libc/libc.ts'
import { descriptorLimit } from '../../libc/limits.ts'
import { Machine } from '../machine.ts'
import { withDescriptorLimit } from './descriptor-limit.ts'

const libc = openLibc()
let machine: Machine
beforeEach(() => {
  machine = new Machine(libc, 'poll')
})
afterEach(() => machine.close())

it('holds while the action runs, and is put back after it, also if it throws', () => {
  const before = descriptorLimit(libc)
  let during = -1
  const action = (): never => {
    during = descriptorLimit(libc).soft
    throw new RangeError('as it happens')
  }
  expect(() => withDescriptorLimit(machine, 40, action)).toThrow(RangeError)
  expect(during).toBe(40)
  expect(descriptorLimit(libc)).toEqual(before)
})

it('is unsupported above the hard limit', () => {
  const { hard } = descriptorLimit(libc)
  expect(() => withDescriptorLimit(machine, hard + 1, () => undefined)).toThrow(UnsupportedError)
})
