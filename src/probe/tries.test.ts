import { describe, expect, test } from 'vitest'
import type { Subject } from './features/feature.ts'
import type { Failure, Outcome } from './outcome.ts'
import { factsOf, featureTries, isOpen, obstacleTo } from './tries.ts'

const attempt = (): undefined => undefined
const subject: Subject = {
  name: 'ring',
  head: undefined,
  features: { setup: { attempt }, extra: { attempt }, poll: { attempt }, late: { attempt } },
  required: ['setup', 'poll'],
}
const tries = featureTries(subject)

const failed = (failure: Failure): Outcome => ({ ok: false, failure })
const refused = failed({ kind: 'errno', syscall: 'x', errno: 'EINVAL' })
const died = failed({ kind: 'death', by: 'SIGSEGV', signal: 'SIGSEGV' })
const hung = failed({ kind: 'hang', ms: 1 })

/** The tries that are still to be made. */
function open(outcomes: Record<string, Outcome>): string[] {
  const known = new Map(Object.entries(outcomes))
  return tries.filter((entry) => isOpen(entry, known)).map(({ id }) => id)
}

describe('the order of tries', () => {
  test('everything is open at first', () => {
    expect(open({})).toEqual(['ring.setup', 'ring.extra', 'ring.poll', 'ring.late'])
  })

  test('without the first feature there is nothing to try', () => {
    expect(open({ 'ring.setup': refused })).toEqual([])
  })

  test('a required feature that is refused does not stop the others', () => {
    expect(open({ 'ring.setup': { ok: true }, 'ring.poll': refused })).toEqual(['ring.extra', 'ring.late'])
  })

  test.each([died, hung])('a required feature that ends the process stops those behind it', (end) => {
    const outcomes = { 'ring.setup': { ok: true }, 'ring.extra': { ok: true }, 'ring.poll': end } as const
    expect(open(outcomes)).toEqual([])
    const late = tries.find(({ id }) => id === 'ring.late')
    expect(late && obstacleTo(late, new Map(Object.entries(outcomes)))).toBe('ring.poll')
  })

  test('another feature that ends the process stops nothing', () => {
    expect(open({ 'ring.setup': { ok: true }, 'ring.extra': died })).toEqual(['ring.poll', 'ring.late'])
  })
})

test('facts are those that could be found out', () => {
  const outcomes = new Map<string, Outcome>([
    ['fact.pageSize', { ok: true, value: 4096 }],
    ['fact.seccomp', died],
  ])
  expect(factsOf(outcomes)).toMatchObject({ pageSize: 4096, seccomp: undefined, origins: undefined })
})
