import { expect, test } from 'vitest'
import { EPOLL, POLL } from '../libc/constants/linux.ts'
import { Readiness } from './backend.ts'
import { readinessOf } from './readiness.ts'

const expected = {
  IN: Readiness.READABLE,
  OUT: Readiness.WRITABLE,
  PRI: Readiness.PRIORITY,
  RDHUP: Readiness.READ_CLOSED,
  HUP: Readiness.HANGUP,
  ERR: Readiness.ERROR,
} as const

test.each(Object.entries(expected))('%s has a bit of its own, for epoll as for poll', (name, flag) => {
  expect(readinessOf(EPOLL[name as keyof typeof expected])).toBe(flag)
  expect(readinessOf(POLL[name as keyof typeof expected])).toBe(flag)
})

test('bits add up, and none is READABLE or WRITABLE that is not', () => {
  expect(readinessOf(EPOLL.IN | EPOLL.HUP | EPOLL.RDHUP)).toBe(
    Readiness.READABLE | Readiness.HANGUP | Readiness.READ_CLOSED,
  )
  expect(readinessOf(0)).toBe(0)
  expect(readinessOf(EPOLL.ET | EPOLL.ONESHOT | EPOLL.EXCLUSIVE)).toBe(0)
})
