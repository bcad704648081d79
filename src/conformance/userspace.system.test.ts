import { beforeAll, describe, expect, test } from 'vitest'
import { openLibc } from '../libc/libc.ts'
import type { CheckResult } from './check.ts'
import { checksOf, findCheck } from './checks/index.ts'
import { runChecks } from './session.ts'

const results: CheckResult[] = []

beforeAll(async () => {
  const nothing = (): void => undefined
  await runChecks(
    openLibc(),
    'userspace',
    checksOf('userspace').map((id) => findCheck(id)),
    {
      onUnavailable: nothing,
      onReady: nothing,
      onCheck: nothing,
      onStep: nothing,
      onFailure: nothing,
      onResult: (result) => results.push(result),
    },
  )
}, 60_000)

const outcomesOf = (family: string, outcome: CheckResult['outcome']): string[] =>
  results.filter((result) => result.family === family && result.outcome === outcome).map(({ id }) => id)

test('no check fails, and none is broken, on the epoll of user space', () => {
  const wrong = results.filter(({ outcome }) => outcome !== 'pass' && outcome !== 'unsupported')
  expect(wrong).toEqual([])
  expect(results.filter(({ outcome }) => outcome === 'pass').length).toBeGreaterThan(300)
})

/** Families of which everything that one thread can do is in the model, and how many checks of each pass. */
describe('the checks of the families that it is a model of', () => {
  test.each([
    ['poller', 13],
    ['epoll.lt', 18],
    ['epoll.et', 25],
    ['epoll.oneshot', 11],
    ['epoll.nest', 22],
    ['life', 15],
    ['batch', 15],
    ['eventfd', 15],
    ['timerfd', 18],
    ['emu', 15],
    ['ready.pipe', 11],
    ['ready.fifo', 7],
    ['ready.eventfd', 5],
    ['ready.epollfd', 1],
  ] as const)('%s: %i pass', (family, count) => {
    expect(outcomesOf(family, 'pass')).toHaveLength(count)
  })

  test('what it lacks is what it says: sockets of a network, terminals, rings', () => {
    const ofModel =
      /^(epoll\.(lt|et|oneshot|nest)|life|batch|eventfd|timerfd|emu|ready\.(pipe|fifo|unix-.*|eventfd))$/
    const reasons = results
      .filter(({ family, outcome }) => outcome === 'unsupported' && ofModel.test(family))
      .map(({ message = '' }) => message.split(':', 1)[0])
    expect(new Set(reasons)).toEqual(new Set(['socket', 'open /dev/ptmx', 'io_uring_setup', 'MSG_OOB']))
  })
})
