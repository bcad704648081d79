import { expect, it } from 'vitest'
import { matchesGlob } from './glob.ts'

it('a glob stands for the whole text, and only its stars for anything', () => {
  expect(matchesGlob('epoll.lt.*', 'epoll.lt.basic-in')).toBe(true)
  expect(matchesGlob('*', 'epoll.lt.basic-in')).toBe(true)
  expect(matchesGlob('epoll.lt.basic-in', 'epoll.lt.basic-in')).toBe(true)
  expect(matchesGlob('epoll.lt.basic', 'epoll.lt.basic-in')).toBe(false)
  expect(matchesGlob('lt.basic-in', 'epoll.lt.basic-in')).toBe(false)
  expect(matchesGlob('epoll.l.*', 'epoll.lt.basic-in')).toBe(false)
})
