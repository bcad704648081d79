import { describe, expect, test } from 'vitest'
import { backends } from '../../backends/index.ts'
import type { BackendName } from '../../backends/index.ts'
import type { Observation } from '../scenarios/observation.ts'
import type { ScenarioStep } from '../scenarios/schema.ts'
import { closedUnremoved, eventOrder, RuleBook, rules } from './rules.ts'

const wait: ScenarioStep = { op: 'wait', poller: 'p', capacity: 8 }
const events = (all: Readonly<Record<string, string>>): Observation => ({ events: Object.entries(all) })
const add = (
  label: string,
  interest: string,
  trigger: 'level' | 'edge' | 'oneshot' = 'level',
): ScenarioStep => ({
  op: 'add',
  poller: 'p',
  fd: 'd',
  interest,
  trigger,
  label,
})

interface Case {
  readonly rule: string
  readonly backend: BackendName
  readonly step: ScenarioStep
  readonly actual: Observation
  readonly expected: Observation
  /** What comes before, and gives the same on both, or what the model gives. */
  readonly before?: readonly (readonly [ScenarioStep, Observation, Observation?])[]
  /** What the rule does not explain. */
  readonly otherwise: Observation
}

const cases: readonly Case[] = [
  {
    rule: 'two-reasons',
    backend: 'poll',
    step: { op: 'remove', poller: 'p', fd: 'd' },
    actual: 'ENOENT',
    expected: 'EBADF',
    otherwise: 'ok',
  },
  {
    rule: 'hangup-absent',
    backend: 'select',
    before: [[add('d', 'READ'), 'ok']],
    step: wait,
    actual: events({ d: 'READABLE' }),
    expected: events({ d: 'HANGUP' }),
    otherwise: events({ d: 'WRITABLE' }),
  },
  {
    rule: 'hangup-absent',
    backend: 'select',
    // The model has told of the hang-up, and its oneshot has fired; that of select could not.
    before: [
      [add('d', 'WRITE', 'oneshot'), 'ok'],
      [wait, events({}), events({ d: 'HANGUP' })],
    ],
    step: wait,
    actual: events({ d: 'WRITABLE' }),
    expected: events({}),
    otherwise: events({ x: 'WRITABLE' }),
  },
  {
    rule: 'kqueue-eof',
    backend: 'kqueue',
    step: wait,
    actual: events({ d: 'READABLE|READ_CLOSED' }),
    expected: events({ d: 'HANGUP' }),
    otherwise: events({ d: 'READABLE' }),
  },
  {
    rule: 'edge-snapshot',
    backend: 'io_uring',
    before: [
      [add('d', 'READ|WRITE', 'edge'), 'ok'],
      [wait, events({ d: 'WRITABLE' })],
    ],
    step: wait,
    actual: events({ d: 'READABLE' }),
    expected: events({ d: 'READABLE|WRITABLE' }),
    // What is new may not be missing.
    otherwise: events({ d: 'WRITABLE' }),
  },
  {
    rule: 'edge-snapshot',
    backend: 'io_uring',
    before: [[add('d', 'READ', 'edge'), 'ok']],
    step: wait,
    actual: events({ d: 'READABLE' }),
    expected: events({}),
    // Of a level-triggered one there is no such thing.
    otherwise: events({ x: 'READABLE' }),
  },
]

/** Those that are shown where programs are played: `lockstep.system.test.ts`. */
const inLockstep = [eventOrder.id, closedUnremoved.id]

const bookOf = ({ backend, before = [] }: Case): RuleBook => {
  const book = new RuleBook(backends[backend])
  book.begin()
  for (const [step, given, modelled = given] of before) book.explains(step, given, modelled)
  return book
}

test.each(cases)('$rule on $backend: explains what it is for, and no more', (one) => {
  const book = bookOf(one)
  expect(book.explains(one.step, one.actual, one.expected)).toBe(true)
  expect([...book.used.keys()]).toEqual([one.rule])
  expect(bookOf(one).explains(one.step, one.otherwise, one.expected)).toBe(false)
})

test.each(cases)('$rule: nobody else may do the same', (one) => {
  const epoll = bookOf({ ...one, backend: 'epoll' })
  expect(epoll.explains(one.step, one.actual, one.expected)).toBe(false)
})

describe('trigger-absent', () => {
  const edge = add('d', 'READ', 'edge')

  test('a backend without the trigger may refuse it, and the model is not to have it either', () => {
    expect(new RuleBook(backends.poll).skips(edge, 'unsupported')).toBe(true)
  })

  test('one that has it may not, and nobody may refuse anything else', () => {
    expect(new RuleBook(backends.io_uring).skips(edge, 'unsupported')).toBe(false)
    expect(new RuleBook(backends.poll).skips(add('d', 'READ'), 'unsupported')).toBe(false)
    expect(new RuleBook(backends.poll).skips(edge, 'EBADF')).toBe(false)
  })
})

test('every rule has an id of its own, a reason, a source, and a test here', () => {
  const ids = rules.map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  expect(new Set([...cases.map(({ rule }) => rule), 'trigger-absent', ...inLockstep])).toEqual(new Set(ids))
  for (const { reason, source } of rules) {
    expect(reason.length).toBeGreaterThan(40)
    expect(source).toMatch(/\(2\)|\.ts|\.c\b/)
  }
})
