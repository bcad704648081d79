import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { deadlineIn, expired, remaining } from './deadline.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

test('a deadline expires when its time has passed, and stays so', () => {
  const deadline = deadlineIn(10)
  expect(expired(deadline)).toBe(false)
  vi.advanceTimersByTime(9)
  expect(expired(deadline)).toBe(false)
  vi.advanceTimersByTime(1)
  expect(expired(deadline)).toBe(true)
  vi.advanceTimersByTime(1000)
  expect(expired(deadline)).toBe(true)
})

test('what remains shrinks to zero and never below', () => {
  const deadline = deadlineIn(10)
  expect(remaining(deadline)).toBe(10)
  vi.advanceTimersByTime(4)
  expect(remaining(deadline)).toBe(6)
  vi.advanceTimersByTime(6)
  expect(remaining(deadline)).toBe(0)
  vi.advanceTimersByTime(5)
  expect(remaining(deadline)).toBe(0)
})

test('fractions of a millisecond count', () => {
  expect(remaining(deadlineIn(0.25))).toBeCloseTo(0.25, 9)
  expect(expired(deadlineIn(0.25))).toBe(false)
})

test('a deadline of no time, or in the past, has expired', () => {
  expect([expired(deadlineIn(0)), expired(deadlineIn(-1)), remaining(deadlineIn(-1))]).toEqual([
    true,
    true,
    0,
  ])
})

test('a deadline without end never expires', () => {
  expect([expired(deadlineIn(Infinity)), remaining(deadlineIn(Infinity))]).toEqual([false, Infinity])
})
