import { expect, it } from 'vitest'
import { add, call, closeAll, poll, wait } from './build.ts'
import { describeStep } from './describe-step.ts'

it('a step in words has its operation and what it is given, and not what it expects', () => {
  expect(describeStep(wait('ep', { r: 'IN' }, { timeoutMs: 5 }))).toBe('epoll.wait ep ep, timeoutMs 5')
  expect(describeStep(add('ep', 'r', 'IN'))).toBe('epoll.ctl ep ep, command ADD, fd r, events IN, label r')
  expect(describeStep(poll({ r: 'IN', w: 'OUT' }, {}))).toBe('poll fds {r IN, w OUT}, timeoutMs 0')
  expect(describeStep(closeAll())).toBe('close-all')
})

it('a call looks like one', () => {
  const step = call(
    'epoll_ctl',
    ['$ep', 1, -1, { bytes: 12 }, { bytes: 0 }, { text: '/x' }, { path: '@d/y' }, 'bad-pointer'],
    0,
  )
  expect(describeStep(step)).toBe('epoll_ctl(ep, 1, -1, 12 bytes, NULL, "/x", "@d/y", bad-pointer)')
})

it('long lists are cut off', () => {
  const many = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`r${i}`, 'IN']))
  expect(describeStep(poll(many, {}))).toMatch(/^poll fds \{r0 IN, (r\d IN, ){7}… 992 more\}, timeoutMs 0$/)
})
