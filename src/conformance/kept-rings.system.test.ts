import { afterAll, beforeAll, expect, test } from 'vitest'
import { openLibc } from '../libc/libc.ts'
import { eventBuffer } from './operations/events.ts'
import { borrowRing, giveBackRing, ringDescriptor, ringNumbers } from './kept-rings.ts'
import { IORING_OP } from '../libc/constants/io-uring.ts'
import type { Ring } from '../libc/ring.ts'

const libc = openLibc()
let kept: Ring | undefined
beforeAll(() => {
  try {
    kept = borrowRing(libc)
    giveBackRing(kept)
  } catch {
    // There are no rings here.
  }
})
afterAll(() => kept?.close())

test('a ring is used again, with nothing in it, and its descriptor is known', ({ skip }) => {
  if (kept === undefined) return skip('io_uring is not available')
  const first = borrowRing(libc)
  expect(ringNumbers()).toEqual(new Set([first.fd]))
  first.submit({ opcode: IORING_OP.NOP }, 1)
  giveBackRing(first)
  const again = borrowRing(libc)
  expect(again).toBe(first)
  expect(again.take()).toBeUndefined()
  giveBackRing(again)
})

test('a ring that was used interrupts no wait that follows', ({ skip }) => {
  if (kept === undefined) return skip('io_uring is not available')
  const ep = libc.fn.epoll_create1(0)
  const buffer = eventBuffer(1)
  const results = Array.from({ length: 5 }, () => {
    giveBackRing(borrowRing(libc))
    libc.fn.close(ringDescriptor(libc))
    return libc.fn.epoll_wait(ep, buffer.address, 1, 50)
  })
  libc.fn.close(ep)
  expect(results).toEqual([0, 0, 0, 0, 0])
})
