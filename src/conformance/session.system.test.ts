import { describe, expect, it } from 'vitest'
import { openLibc } from '../libc/libc.ts'
import type { Libc } from '../libc/libc.ts'
import type { CheckResult } from './check.ts'
import { checksOf, findCheck } from './checks/index.ts'
import { runChecks } from './session.ts'
import { isTooOldFor, whyUnavailable } from './unavailable.ts'

const libc = openLibc()

/** A libc with some functions replaced. */
const withFunctions = (fn: Partial<Libc['fn']>, errno = 0): Libc => ({
  ...libc,
  fn: { ...libc.fn, ...fn },
  errno: () => (errno === 0 ? libc.errno() : errno),
})

const EPERM = 1
const EMFILE = 24
const ENOSYS = 38
const fails = (): number => -1

interface Told {
  ready: number
  readonly unavailable: string[]
  readonly checks: string[]
  readonly steps: string[]
  readonly failures: string[]
  readonly results: CheckResult[]
}

async function session(of: Libc, backend: 'epoll' | 'poll', ids: readonly string[]): Promise<Told> {
  const told: Told = { ready: 0, unavailable: [], checks: [], steps: [], failures: [], results: [] }
  const selected = ids.map((id) => findCheck(id))
  await runChecks(of, backend, selected, {
    onUnavailable: (reason) => told.unavailable.push(reason),
    onReady: () => told.ready++,
    onCheck: (id) => told.checks.push(id),
    onStep: (step) => told.steps.push(step),
    onFailure: ({ id }) => told.failures.push(id),
    onResult: (result) => told.results.push(result),
  })
  return told
}

describe('a session', () => {
  it('runs the checks in order, and tells of each before it begins and after it has ended', async () => {
    const ids = ['epoll.lt.basic-in', 'poller.errors', 'epoll.lt.basic-out']
    const told = await session(libc, 'epoll', ids)
    expect(told.checks).toEqual(ids)
    expect(told.results.map(({ id, family, backend, outcome }) => [id, family, backend, outcome])).toEqual([
      ['epoll.lt.basic-in', 'epoll.lt', 'epoll', 'pass'],
      ['poller.errors', 'poller', 'epoll', 'pass'],
      ['epoll.lt.basic-out', 'epoll.lt', 'epoll', 'pass'],
    ])
    expect(told.steps.filter((step) => step.startsWith('step 1:'))).toHaveLength(3)
    expect(told).toMatchObject({ ready: 1, unavailable: [] })
  })

  it('has as many threads as the most demanding check declares', async () => {
    const told = await session(libc, 'epoll', [
      'epoll.lt.hup-only-poller-blocked',
      'epoll.lt.consumed-by-other',
    ])
    expect(told.results.map(({ outcome }) => outcome)).toEqual(['pass', 'pass'])
  })

  it('throws for a check that does not exist, before it runs any', async () => {
    await expect(session(libc, 'epoll', ['epoll.lt.basic-in', 'epoll.lt.nothing'])).rejects.toThrow(TypeError)
  })

  it('gives every check of an unavailable backend the reason, and begins none', async () => {
    const without = withFunctions({ poll: fails }, ENOSYS)
    const told = await session(without, 'poll', checksOf('poll'))
    const reason = 'poll is not available: poll of nothing failed with ENOSYS'
    expect(told.unavailable).toEqual([reason])
    expect(told.checks).toEqual([])
    expect(told.results.map(({ id }) => id)).toEqual(checksOf('poll'))
    expect(new Set(told.results.map(({ outcome, message }) => `${outcome}: ${message}`))).toEqual(
      new Set([`unsupported: ${reason}`]),
    )
  })
})

describe('a backend is unavailable', () => {
  it('if libc does not have it', () => {
    const without: Libc = { ...libc, has: (name) => name !== 'epoll_create1' && libc.has(name) }
    expect(whyUnavailable(without, 'epoll')).toBe('epoll is not available: libc has no epoll_create1')
  })

  it.each([
    ['ENOSYS', ENOSYS],
    ['EPERM', EPERM],
  ])('if the kernel or a policy answers %s', (name, errno) => {
    const reason = whyUnavailable(withFunctions({ epoll_create1: fails }, errno), 'epoll')
    expect(reason).toBe(`epoll is not available: epoll_create1 failed with ${name}`)
  })

  it('not if it works, nor if it is there and answers something else: that is for the checks to find', () => {
    expect(whyUnavailable(libc, 'epoll')).toBeUndefined()
    expect(whyUnavailable(withFunctions({ epoll_create1: fails }, EMFILE), 'epoll')).toBeUndefined()
  })
})

describe('a kernel that is too old for a backend', () => {
  it('says so itself', () => {
    expect(isTooOldFor('io_uring', '4.4.0')).toBe(true)
    expect(isTooOldFor('io_uring', '5.12.19')).toBe(true)
    expect(isTooOldFor('io_uring', '5.13.0-rc1')).toBe(false)
    expect(isTooOldFor('io_uring', '6.18.44-fc-v595')).toBe(false)
    expect(isTooOldFor('epoll', '2.4.0')).toBe(false)
  })
})
