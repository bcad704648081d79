import { expect, test } from 'vitest'
import { cachePath } from './places.ts'

// A home that is there on every system.
const HOME = '/'

test.each([
  ['linux', { HOME, XDG_CACHE_HOME: '/caches' }, '/caches/evloop'],
  ['linux', { HOME, XDG_CACHE_HOME: 'caches' }, '/.cache/evloop'],
  ['linux', { HOME, XDG_CACHE_HOME: '' }, '/.cache/evloop'],
  ['linux', { XDG_CACHE_HOME: '/caches' }, '/caches/evloop'],
  ['freebsd', { HOME }, '/.cache/evloop'],
  ['darwin', { HOME }, '/Library/Caches/evloop'],
])('the cache on %s with %j is %s', (platform, env, path) => {
  expect(cachePath(env, platform)).toEqual({ path })
})

test.each([
  ['linux', {}, 'there is no home directory ($HOME)'],
  ['linux', { HOME: '' }, 'there is no home directory ($HOME)'],
  ['linux', { HOME: 'relative' }, 'there is no home directory ($HOME)'],
  ['linux', { HOME: '/nowhere/at/all' }, 'the home directory /nowhere/at/all does not exist'],
])('there is none on %s with %j: %s', (platform, env, reason) => {
  expect(cachePath(env, platform)).toEqual({ reason })
})
