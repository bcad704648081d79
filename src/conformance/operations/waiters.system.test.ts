import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openLibc } from '../../libc/libc.ts'
import { add, drain, epoll, pipe, signal, write } from '../build.ts'
import { Failure } from '../check.ts'
import { Machine } from '../machine.ts'
import type { Step } from '../steps.ts'
import { ThreadPool } from '../threads/thread-pool.ts'
import { release, waiters, woken } from '../steps/waiters.ts'

const libc = openLibc()

const watching = (mask: string): Step[] => [pipe('r', 'w'), epoll('ep'), add('ep', 'r', mask)]
const three = waiters('threads', [{ ep: 'ep', count: 3 }])
const herd = [...watching('IN'), three, write('w', 1)]
const one = [...watching('IN|ET'), three, write('w', 1)]

describe('waiters', () => {
  let pool: ThreadPool
  let machine: Machine

  beforeAll(() => {
    pool = new ThreadPool(libc.plan, 3)
  })
  afterAll(() => pool.exit())

  beforeEach(() => {
    machine = new Machine(libc, 'epoll', { pool })
  })
  afterEach(() => machine.close())

  /** Runs steps, and says what was expected and what came where that differs. */
  function outcomeOf(...steps: readonly Step[]): 'passes' | readonly [expected: string, actual: string] {
    try {
      machine.run(...steps)
      return 'passes'
    } catch (error) {
      if (error instanceof Failure) return [error.expected, error.actual]
      throw error
    }
  }

  it('are counted by what they came back with, once each, and the others are let go', () => {
    expect(
      outcomeOf(...one, woken('threads', { 'r IN': 1 }), woken('threads', {}), release('threads', 2)),
    ).toBe('passes')
  })

  it('may be woken in any number that the range allows', () => {
    expect(
      outcomeOf(...herd, woken('threads', { 'r IN': [1, 3], 'r IN|HUP': [0, 1] }, 3), release('threads', 0)),
    ).toBe('passes')
  })

  it('give their threads back, so that others can follow', () => {
    machine.run(...herd, woken('threads', { 'r IN': 3 }), drain('r'))
    expect(outcomeOf(waiters('more', [{ ep: 'ep', count: 3 }]), release('more', 3))).toBe('passes')
  })

  it('may sleep in poll, and find that there was nothing to take', () => {
    const poller = { ep: 'ep', pollThenWaitMs: 0 }
    expect(
      outcomeOf(
        ...watching('IN'),
        waiters('threads', [poller]),
        write('w', 1),
        woken('threads', { 'r IN': 1 }),
      ),
    ).toBe('passes')
    // What is drained at once may be seen by who polls, by both calls or by none.
    machine.run(drain('r'), waiters('late', [poller]), write('w', 1), drain('r'))
    expect(
      outcomeOf(woken('late', { nothing: [0, 1], 'r IN': [0, 1] }, [0, 1]), release('late', [0, 1])),
    ).toBe('passes')
  })

  it('fail a check that one too few wake of, soon, with the others let go', () => {
    const start = performance.now()
    expect(outcomeOf(...one, woken('threads', { 'r IN': 2 }))).toEqual([
      '2 × r IN, and the others sleep',
      '1 × r IN, and 2 sleep',
    ])
    machine.close()
    expect(performance.now() - start).toBeLessThan(4000)
  })

  it('fail a check that one too many wake of', () => {
    expect(outcomeOf(...herd, woken('threads', { 'r IN': [1, 2] }))).toEqual([
      '1 to 2 × r IN, and the others sleep',
      '3 × r IN, and 0 sleep',
    ])
  })

  it('fail a check that is wrong in the number of all, though each kind is right', () => {
    expect(outcomeOf(...herd, woken('threads', { 'r IN': [0, 3] }, 2))).toEqual([
      '0 to 3 × r IN (2 in all), and the others sleep',
      '3 × r IN, and 0 sleep',
    ])
  })

  it('fail a check that expects none to be asleep who are, or others than they are', () => {
    expect(outcomeOf(...one, woken('threads', { 'r IN': 1 }), release('threads', 1))).toEqual([
      '1 waiters still sleep',
      'nobody woke, and 2 sleep',
    ])
  })

  it('fail a check in which they never sleep', () => {
    expect(outcomeOf(...watching('IN'), write('w', 1), three)).toEqual([
      '3 waiters sleep',
      '3 × r IN, and 0 sleep',
    ])
  })

  it('say what who wakes too early came back with', () => {
    const outcome = outcomeOf(
      ...watching('IN'),
      three,
      signal('release of threads'),
      woken('threads', { 'r IN': 3 }),
    )
    expect(outcome).toEqual(['3 × r IN, and the others sleep', '3 × release of threads IN, and 0 sleep'])
  })

  it('are known by name only', () => {
    expect(() => machine.run(woken('nobody', {}))).toThrow('the scenario has no waiters nobody')
  })
})
