import { describe, expect, test } from 'vitest'
import { EPOLL } from '../../../libc/constants/linux.ts'
import { explore } from './explore.ts'
import { faults } from './faults.ts'
import { watchedState } from './watched-state.ts'
import { look, modify, signal } from './program.ts'
import type { ExploredProgram } from './program.ts'
import { programs } from './programs.ts'
import { explorationText } from './report.ts'

const EDGE = EPOLL.IN | EPOLL.ET

/** Programs that need less than a second. `npm run explore` goes through the others too. */
const small = [
  'edge-while-delivered',
  'one-event-is-taken',
  'modified-to-level',
  'removed-and-added',
  'removed-while-queued',
  'added-while-ready',
  'always-ready',
  'outer-level',
  'outer-edge',
  'outer-edge-again',
  'outer-added-again',
  'put-back',
  'oneshot-twice',
  'closed-while-told',
  'exclusive-rival',
  'rival-alone',
]

const named = (name: string): ExploredProgram => {
  const found = programs.find((program) => program.name === name)
  if (found === undefined) throw new TypeError(`there is no program ${name}`)
  return found
}

/** Two threads with so few steps that each of their interleavings can be followed for itself. */
const tiny: ExploredProgram = {
  name: 'tiny',
  about: 'A source is signalled while its registration is modified.',
  sources: [EDGE],
  threads: { p: [signal(0)], m: [modify(0, EDGE)] },
}

test.each(small)('%s: no interleaving breaks a rule', (name) => {
  const { violation, interleavings } = explore(named(name), { makeState: watchedState })
  expect(violation).toBeUndefined()
  expect(interleavings).toBeGreaterThan(100_000n)
})

describe('states that are the same are followed as one', () => {
  const merged = explore(tiny)
  const apart = explore(tiny, { apart: true })

  test('and stand for as many interleavings as there are', () => {
    expect(merged.interleavings).toBe(apart.interleavings)
    expect(merged.states).toBeLessThan(apart.states)
  })

  test('and a fault is found after as many steps', () => {
    const fault = faults.find(({ name }) => name === 'drop-dedupe')
    const found = [false, true].map(
      (one) => explore(tiny, { ...fault, apart: one }).violation?.schedule.length,
    )
    expect(found[0]).toBeGreaterThan(0)
    expect(found[0]).toBe(found[1])
  })
})

/** Where each fault shows, what it breaks, and the length of its shortest schedule. */
const shows = [
  ['skip-repair', 'modified-to-level', 'it is lost', 24],
  ['clear-enqueued-early', 'added-while-ready', 'in the queue twice', 11],
  ['reuse-generations', 'removed-and-added', 'an entry of an earlier registration', 10],
  ['drop-dedupe', 'added-while-ready', 'in the queue twice', 10],
  ['keep-to-itself', 'two-wakes-for-one', 'who waits is asleep', 27],
  ['skip-priming', 'added-while-ready', 'it is lost', 5],
  ['drop-modified', 'modified-while-delivered', 'it is lost', 22],
  ['forget-in-hand', 'outer-level', 'waits at the outer one is asleep', 33],
  ['forget-told-in-hand', 'outer-edge-taken', 'waits at the outer one is asleep', 31],
  ['lose-permit', 'added-while-ready', 'who waits is asleep', 10],
  ['queue-before-bits', 'added-while-ready', 'it is lost', 17],
  ['wake-early', 'added-while-ready', 'who waits is asleep', 14],
  ['tell-outer-once', 'outer-edge-again', 'waits at the outer one is asleep', 39],
  ['modify-untold', 'outer-modified', 'waits at the outer one is asleep', 26],
  ['take-late', 'edge-while-delivered', 'it is lost', 26],
  ['disarm-late', 'oneshot-twice', 'reported a second time', 24],
  ['deliver-removed', 'removed-and-added', 'a registration that is no more', 13],
  ['take-again', 'put-back', 'reported twice by one wait', 16],
  ['satisfied-by-nobody', 'rival-alone', 'who waits at one is asleep', 14],
] as const

test.each(shows)('%s is found in %s: %s', (name, program, property, length) => {
  const fault = faults.find((one) => one.name === name)
  const { violation } = explore(named(program), { ...fault })
  expect(violation?.property).toContain(property)
  expect(violation?.schedule).toHaveLength(length)
})

test('every fault has a test', () => {
  expect(shows.map(([name]) => name)).toEqual(faults.map(({ name }) => name))
})

test('an exploration that is too large says so', () => {
  expect(() => explore(tiny, { mostStates: 10 })).toThrow('tiny has more than 10 states')
})

test('a violation is shown with the steps that lead to it, and who took them', () => {
  const fault = faults.find(({ name }) => name === 'skip-priming')
  const program: ExploredProgram = {
    name: 'late',
    about: 'A source that is ready is added.',
    sources: [undefined],
    threads: { p: [signal(0), { does: 'add', source: 0, events: EDGE }], c: [look()] },
  }
  expect(explorationText(explore(program, { ...fault }))).toMatchInlineSnapshot(`
    "late: source 0 is ready, was not reported as such, and is not in the queue: it is lost; after 4 steps:
        1 p  add to the counter
        2 p  add 0
        3 c  count
        4 c  pass on"
  `)
  expect(explorationText(explore(tiny))).toMatchInlineSnapshot(
    `"tiny: 105 states, 162 transitions, 458 interleavings, all as it must be"`,
  )
})
