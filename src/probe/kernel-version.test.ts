import { describe, expect, test } from 'vitest'
import { isBetween, isOlder, parseKernelVersion } from './kernel-version.ts'

describe('parseKernelVersion', () => {
  test.each([
    ['6.18.44-fc-v669', [6, 18, 44]],
    ['5.15.0-1051-aws', [5, 15, 0]],
    ['4.4.0-19041-Microsoft', [4, 4, 0]],
    ['6.10-rc3', [6, 10, 0]],
    ['5.11', [5, 11, 0]],
  ])('reads the version of %s', (release, version) => {
    expect(parseKernelVersion(release)).toEqual(version)
  })

  test('finds no version in another text', () => {
    expect(parseKernelVersion('unknown')).toBeUndefined()
  })
})

test('versions are compared as numbers, part by part', () => {
  expect(isOlder([5, 9, 0], [5, 11, 0])).toBe(true)
  expect(isOlder([5, 11, 0], [5, 11, 0])).toBe(false)
  expect(isOlder([6, 1, 0], [5, 11, 0])).toBe(false)
  expect(isOlder([5, 11, 3], [5, 11, 10])).toBe(true)
})

test('a range includes both ends', () => {
  expect(isBetween([6, 14, 4], '6.14.4', '6.14.7')).toBe(true)
  expect(isBetween([6, 14, 7], '6.14.4', '6.14.7')).toBe(true)
  expect(isBetween([6, 14, 8], '6.14.4', '6.14.7')).toBe(false)
  expect(isBetween([6, 14, 3], '6.14.4', '6.14.7')).toBe(false)
})
