import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openLibc } from '../../libc/libc.ts'
import { add, counter, epoll, eventfd, poll, signal } from '../build.ts'
import { Machine } from '../machine.ts'
import { counterOf } from '../operations/events.ts'
import { Partner, race } from './race.ts'
import { RacingWaiter, untilAsleep } from './racing-waiter.ts'
import { ThreadPool } from './thread-pool.ts'

const libc = openLibc()
const LONG_MS = 5000

describe('a race', () => {
  let pool: ThreadPool
  let machine: Machine

  beforeAll(() => {
    pool = new ThreadPool(libc.plan, 2)
  })
  afterAll(() => pool.exit())

  beforeEach(() => {
    machine = new Machine(libc, 'epoll', { pool })
    machine.run(eventfd('e'), epoll('ep'), add('ep', 'e', 'IN'))
  })
  afterEach(() => machine.close())

  const writes = (accept: readonly number[]) => {
    const one = counterOf(1n)
    machine.keep(one)
    return [{ fn: 'write', args: [machine.fd('e'), one.address, 8], accept }] as const
  }

  it('takes as long as it may, and says how many rounds it had', () => {
    const start = performance.now()
    let rounds = 0
    race(machine, () => rounds++, 20)
    expect(performance.now() - start).toBeLessThan(LONG_MS)
    expect(machine.note).toBe(`${rounds} rounds`)
  })

  it('has a partner that makes its calls at once, and again when it is told to', () => {
    const partner = new Partner(machine, 'partner', writes([8]), { tells: true })
    partner.finish()
    machine.run(counter('e', '1'))
    partner.again()
    partner.finish()
    machine.run(counter('e', '1'))
    expect(partner.stop()).toBe(2)
  })

  it('fails where a call of the partner does not do what it must, when it is waited for or stopped', () => {
    const partner = new Partner(machine, 'partner', writes([-11, 7]))
    expect(() => partner.finish()).toThrow('does not tell')
    // A thread that is stopped before it has begun makes no call.
    machine.run(poll({ e: 'IN' }, { e: 'IN' }, LONG_MS))
    expect(() => partner.stop()).toThrow('expected write gives EAGAIN or 7, got write gives 8')
  })

  it('has waiters that say what they got, round after round', () => {
    const waiter = new RacingWaiter(machine, 'ep', LONG_MS, [{ fn: 'getppid', args: [] }])
    for (let round = 0; round < 2; round++) {
      waiter.start()
      untilAsleep([waiter])
      machine.run(signal('e'))
      const { got, calls } = waiter.end()
      expect([got, calls.succeeded]).toEqual(['e IN', [1, 1]])
      machine.run(counter('e', '1'))
    }
  })

  it('has waiters that do no more when no event came', () => {
    const waiter = new RacingWaiter(machine, 'ep', 1, [{ fn: 'getppid', args: [] }])
    waiter.start()
    const { got, calls } = waiter.end()
    expect([got, calls.succeeded]).toEqual(['no event', [1, 0]])
  })
})
