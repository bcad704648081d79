import { describe, expect, it } from 'vitest'
import { whyNotScenario } from './load.ts'
import { whyNeverGiven } from './results.ts'
import type { StepName } from './schema.ts'

describe('what a step can give', () => {
  it.each<readonly [StepName, string | number]>([
    ['read', 3],
    ['read', -1],
    ['read', '0'],
    ['read', 'EAGAIN'],
    ['read', 'ok'],
    ['read', 'errno 524'],
    ['epoll_ctl', 0],
    ['pipe', '#0 #1'],
    ['eventfd', '#7'],
    ['dup2', '#7'],
    ['poll', 'IN|HUP'],
    ['poll', '0'],
    ['poll', 0],
    ['error', 'error 104'],
    ['epoll_wait', 2],
    ['epoll_wait', 'EINVAL'],
    ['wait', 'nothing'],
    ['epoll_wait', 'nothing, wrote behind them'],
    ['epoll_wait', 'r: IN, returned 65'],
    ['add', 'unsupported'],
    ['remove', 'ENOENT'],
    ['sleep', 'ok'],
  ])('%s: %j', (op, expected) => {
    expect(whyNeverGiven(op, expected)).toBeUndefined()
  })
})

describe('what a step never gives is a mistake of the scenario, with its place', () => {
  const pipe = { op: 'pipe', read: 'r', write: 'w' }
  const poller = { op: 'poller', as: 'p' }

  it.each<readonly [object, string]>([
    [
      { op: 'read', fd: 'r', bytes: 1, expect: 'EAGIAN' },
      'expect is "EAGIAN"; expected a number, ok or an errno',
    ],
    [
      { op: 'read', fd: 'r', bytes: 1, expect: 'toString' },
      'expect is "toString"; expected a number, ok or an errno',
    ],
    [{ op: 'read', fd: 'r', bytes: 1, expect: 'unsupported' }, 'expect is "unsupported"; expected a number'],
    [{ op: 'eventfd', as: 'e', expect: 0 }, 'expect is 0; expected a descriptor ("#0"), ok or an errno'],
    [{ op: 'dup', fd: 'r', as: 'd', expect: '#0 #1' }, 'expect is "#0 #1"; expected a descriptor'],
    [
      { op: 'poll', fd: 'r', events: 'IN', expect: 'READABLE' },
      'expect is "READABLE"; expected a mask ("IN|HUP", "0")',
    ],
    [{ op: 'error', fd: 'r', expect: 104 }, 'expect is 104; expected an error by its number ("error 0")'],
    [{ op: 'sleep', ms: 1, expect: 0 }, 'expect is 0; expected ok or an errno'],
    [
      { op: 'add', poller: 'p', fd: 'r', interest: 'READ', expect: 0 },
      'expect is 0; expected ok or an errno, or unsupported',
    ],
    [
      { op: 'wait', poller: 'p', expect: 'r: READABLE' },
      'expect is "r: READABLE"; expected events by their labels ({} for none), how many there are, ok or an errno',
    ],
    [{ op: 'wait', poller: 'p', expect: -1 }, 'expect is -1; expected events by their labels'],
    [
      { op: 'wake', poller: 'p', expectOn: { poll: 'yes' } },
      'expectOn.poll is "yes"; expected ok or an errno',
    ],
  ])('%j', (step, message) => {
    const document = { schema: 'evloop/scenario@1', name: 'x', steps: [pipe, poller, step] }
    const { op } = step as { readonly op: string }
    expect(whyNotScenario(document)).toContain(`steps[2] (${op}): ${message}`)
  })
})
