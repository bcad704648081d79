import { expect, test } from 'vitest'
import type { RetiredPoller } from './backend.ts'
import { RLIMIT_MEMLOCK } from '../libc/constants/linux.ts'
import { openLibc } from '../libc/libc.ts'
import type { Libc } from '../libc/libc.ts'
import { layouts } from '../libc/layouts.ts'
import { findMemory } from '../libc/memory.ts'
import type { Pointer } from '../libc/signatures.ts'
import { wrapLibc } from '../libc/wrap.ts'
import { RetiredPollers } from './retired-pollers.ts'

/** The same functions, where so much memory may be locked. */
function allowing(lockedBytes: bigint): Libc {
  return wrapLibc(openLibc(), (name, native) => (...args) => {
    const result = native(...args)
    if (name !== 'getrlimit' || args[0] !== RLIMIT_MEMLOCK) return result
    const memory = findMemory(Number(args[1]) as Pointer)?.memory
    memory?.view.setBigUint64(layouts.rlimit.offsets.soft, lockedBytes, true)
    return result
  })
}

const libc = allowing(8_388_608n)

/** Says in `told` what is done with it. */
function retired(name: string, told: string[]): RetiredPoller {
  return { end: () => void told.push(`end ${name}`), settle: () => void told.push(`settle ${name}`) }
}

test('all are ended, and then the last one is waited for', () => {
  const pollers = new RetiredPollers()
  const take = pollers.taker(libc)
  const told: string[] = []
  take?.(retired('a', told))
  take?.(retired('b', told))
  expect(told).toEqual([])
  pollers.end()
  expect(told).toEqual(['end a', 'end b', 'settle b'])
  pollers.end()
  expect(told).toHaveLength(3)
})

test('there are many once there are eight', () => {
  const pollers = new RetiredPollers()
  const take = pollers.taker(libc)
  for (let i = 0; i < 7; i++) take?.(retired('', []))
  expect(pollers.areMany).toBe(false)
  take?.(retired('', []))
  expect(pollers.areMany).toBe(true)
  pollers.end()
  expect(pollers.areMany).toBe(false)
})

test('none is kept where little memory may be locked', () => {
  expect(new RetiredPollers().taker(allowing(65_536n))).toBeUndefined()
  // No limit at all is all bits set.
  expect(new RetiredPollers().taker(allowing(2n ** 64n - 1n))).toBeTypeOf('function')
})
