import { describe, expect, test } from 'vitest'
import { attachLibc, openLibc } from '../libc/libc.ts'
import type { Libc } from '../libc/libc.ts'
import { descriptorLimit, setDescriptorLimit } from '../libc/limits.ts'
import type { FunctionName } from '../libc/signatures.ts'
import {
  availabilityOf,
  backendNames,
  backends,
  candidateBackends,
  defaultBackend,
  usualBackendNames,
} from './index.ts'

const libc = openLibc()

/** The same functions, but for some. */
function without(...names: readonly FunctionName[]): Libc {
  const bindings = Object.entries(libc.plan.bindings).filter(
    ([name]) => !names.includes(name as FunctionName),
  )
  return attachLibc({ ...libc.plan, bindings: Object.fromEntries(bindings) })
}

test('each backend has its own name in the map', () => {
  expect(Object.values(backends).map(({ name }) => name)).toEqual(backendNames)
  expect(backendNames).toEqual([
    'epoll',
    'kqueue',
    'io_uring',
    'io_uring-sqpoll',
    'poll',
    'select',
    'userspace',
  ])
  expect(usualBackendNames).toEqual(['epoll', 'kqueue', 'io_uring', 'poll', 'select'])
})

test('on this machine all that are there at all are available, and the first is the default', () => {
  const candidates = candidateBackends(libc)
  expect(candidates).toEqual(usualBackendNames.filter((name) => name !== 'kqueue' || libc.has('kqueue')))
  expect(candidates.map((name) => availabilityOf(libc, name))).toEqual(
    candidates.map(() => ({ available: true })),
  )
  expect(defaultBackend(libc)).toBe(backends.epoll)
})

describe('without its function', () => {
  const functions = {
    epoll: 'epoll_create1',
    kqueue: 'kqueue',
    io_uring: 'syscall',
    'io_uring-sqpoll': 'syscall',
    poll: 'poll',
    select: 'select',
  } as const

  test.each(Object.keys(functions) as (keyof typeof functions)[])(
    '%s is not there, and the reason why it is not available names it',
    (name) => {
      const lacking = without(functions[name])
      expect(candidateBackends(lacking)).not.toContain(name)
      const who = name === 'kqueue' ? 'no library in this process has' : 'libc has no'
      expect(availabilityOf(lacking, name)).toEqual({ available: false, reason: `${who} ${functions[name]}` })
    },
  )

  test('of one, the next one is the default', () => {
    expect(defaultBackend(without('epoll_create1'))).toBe(backends.poll)
    expect(defaultBackend(without('epoll_create1', 'poll'))).toBe(backends.select)
  })

  test('of all, there is no default', () => {
    expect(defaultBackend(without('epoll_create1', 'poll', 'select'))).toBeUndefined()
  })
})

test('a try that fails is the reason, with its errno', () => {
  const { soft, hard } = descriptorLimit(libc)
  setDescriptorLimit(libc, 0, hard)
  const answers = (['epoll', 'poll', 'select'] as const).map((name) => availabilityOf(libc, name))
  setDescriptorLimit(libc, soft, hard)
  expect(answers).toEqual([
    { available: false, reason: 'epoll_create1 failed with EMFILE', errno: 'EMFILE' },
    // These need no descriptor.
    { available: true },
    { available: true },
  ])
})
