import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { UnsupportedError } from '../../errors.ts'
import { openLibc } from '../../libc/libc.ts'
import { NULL } from '../../libc/signatures.ts'
import {
  add,
  blocked,
  call,
  epoll,
  eventfd,
  join,
  loopAddWake,
  loopWait,
  loopWake,
  openLoop,
  pipe,
  signal,
  sleep,
  thread,
  wait,
  write,
} from '../build.ts'
import { Failure } from '../check.ts'
import { Machine } from '../machine.ts'
import { ThreadPool } from '../threads/thread-pool.ts'

const libc = openLibc()
const watched = [pipe('r', 'w'), epoll('ep'), add('ep', 'r', 'IN')]
const LONG = { timeoutMs: 5000 }

describe('a step in a thread', () => {
  let pool: ThreadPool
  let machine: Machine

  beforeAll(() => {
    pool = new ThreadPool(libc.plan, 2)
  })
  afterAll(() => pool.exit())

  beforeEach(() => {
    machine = new Machine(libc, 'epoll', { pool })
  })
  afterEach(() => machine.close())

  it('blocks there while the main thread goes on, and is held against its expectation when it is joined', () => {
    machine.run(
      ...watched,
      thread('t', wait('ep', { r: 'IN' }, LONG)),
      blocked('t'),
      write('w', 1),
      join('t'),
    )
    expect(machine.currentStep).toBe('step 7: join thread t')
  })

  it('may be made by several threads at once', () => {
    machine.run(
      ...watched,
      eventfd('e'),
      add('ep', 'e', 'IN|ET'),
      thread('t1', wait('ep', { e: 'IN' }, LONG)),
      blocked('t1'),
      signal('e'),
      join('t1'),
      thread('t2', wait('ep', { r: 'IN' }, LONG)),
      blocked('t2'),
      write('w', 1),
      join('t2'),
    )
    expect(machine.currentStep).toContain('join thread t2')
  })

  it('fails when it is joined if its result is not the expected one', () => {
    machine.run(...watched, thread('t', wait('ep', { r: 'IN' }, { timeoutMs: 1 })))
    expect(() => machine.run(join('t'))).toThrow(new Failure('r IN', 'no events'))
  })

  it('fails with its own expectation if it returns where it is to block', () => {
    machine.run(...watched, write('w', 1), thread('t', wait('ep', {}, LONG)))
    expect(() => machine.run(blocked('t'))).toThrow(new Failure('no events', 'r IN'))
  })

  it('fails for not blocking if it returns what is expected, but at once', () => {
    machine.run(...watched, write('w', 1), thread('t', wait('ep', { r: 'IN' }, LONG)))
    expect(() => machine.run(blocked('t'))).toThrow(new Failure('t blocks in its call', 't returned at once'))
  })

  it('is no failure if its time was over before it could be seen asleep', () => {
    machine.run(...watched, thread('t', wait('ep', {}, { timeoutMs: 5 })), sleep(200))
    expect(() => machine.run(blocked('t'))).toThrow(UnsupportedError)
  })

  it('gives its thread back at the end, also when it is still waiting', () => {
    machine.run(...watched, thread('t', wait('ep', {}, { timeoutMs: 200 })), blocked('t'))
    machine.close()
    const [first, second] = [pool.acquire(), pool.acquire()]
    expect([first.isIdle, second.isIdle]).toEqual([true, true])
    pool.release(first)
    pool.release(second)
  })

  it('wakes a loop from another thread', () => {
    const woken = loopWait('l', [{ token: '3', is: 'user' }], { timeoutMs: 5000 })
    machine.run(openLoop('l'), loopAddWake('l', '3'), loopWake('l', 'another thread'), woken)
    expect(machine.currentStep).toContain('loop.wait')
  })

  it('is made by the same thread as the last one of its name, once that was joined', () => {
    const again = [thread('t', wait('ep', { r: 'IN' }, LONG)), join('t')]
    machine.run(...watched, write('w', 1), ...again, ...again, ...again)
    expect(() => machine.run(...again, thread('u', wait('ep', { r: 'IN' })), join('u'))).not.toThrow()
  })

  it('cannot be made while the last one of its name was not joined', () => {
    machine.run(...watched, thread('t', wait('ep', {}, { timeoutMs: 1 })))
    expect(() => machine.run(thread('t', wait('ep', {})))).toThrow(
      'the thread t has a step that was not joined',
    )
    machine.run(join('t'))
  })

  it('needs a thread of its own: one more than there are is an error of the check', () => {
    const sleeping = call('poll', [NULL, 0, 1], 0)
    machine.run(thread('t1', sleeping), thread('t2', sleeping))
    expect(() => machine.run(thread('t3', sleeping))).toThrow('the check uses more threads than it declares')
  })
})
