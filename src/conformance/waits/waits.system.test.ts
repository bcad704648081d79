import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { SIG } from '../../libc/constants/linux.ts'
import { openLibc } from '../../libc/libc.ts'
import { hasHandler, signalSet } from '../../libc/signals.ts'
import { read, write } from '../build.ts'
import { Failure } from '../check.ts'
import { Machine } from '../machine.ts'
import { ThreadPool } from '../threads/thread-pool.ts'
import { backendsOf, namesOf, waitFunction } from './functions.ts'
import type { Variant } from './functions.ts'
import { Handler } from './handler.ts'
import { expectCall, expectNotEarly, make, NOTHING, readable, Wait, watchPipe } from './wait.ts'
import { byNumber } from './raw.ts'
import { sleepBy } from './sleep.ts'
import { withThreads } from './waiting-thread.ts'

const libc = openLibc()
const variants: readonly Variant[] = ['plain', 'pwait', 'pwait2']
const all = variants.flatMap((variant) =>
  backendsOf(variant).map((backend) => ({
    backend,
    variant,
    name: waitFunction(libc, backend, variant).name,
  })),
)
const LONG = { ms: 5000 }

it('the functions that wait are these', () => {
  expect(variants.map(namesOf)).toEqual([
    'epoll_wait, poll and select',
    'epoll_pwait, ppoll and pselect',
    'epoll_pwait2',
  ])
})

it('a function that a library has without what makes the descriptors is told apart from one that is missing', () => {
  expect(() => waitFunction({ ...libc, has: () => false }, 'epoll', 'pwait2')).toThrow(/no library/)
})

describe.each(all)('$name', ({ backend, variant }) => {
  let pool: ThreadPool
  let machine: Machine

  beforeAll(() => {
    pool = new ThreadPool(libc.plan, 1)
  })
  afterAll(() => pool.exit())
  beforeEach(() => {
    machine = new Machine(libc, backend, { pool })
    watchPipe(machine)
  })
  afterEach(() => machine.close())

  const waitOf = (timeout: ConstructorParameters<typeof Wait>[2], ...mask: readonly number[]): Wait =>
    new Wait(machine, waitFunction(libc, backend, variant), timeout, signalSet(...mask))

  it('gives the same each time it is made', () => {
    const wait = waitOf({ ms: 1 })
    for (let round = 0; round < 2; round++) {
      const made = make(machine, wait)
      expect(made.outcome).toBe(NOTHING)
      expect(made.elapsedNs).toBeGreaterThanOrEqual(1e6)
      machine.run(write('w', 1))
      expect(make(machine, wait).outcome).toBe(readable('r'))
      machine.run(read('r', 1))
    }
    expect(() => expectCall(machine, wait, readable('r'))).toThrow(Failure)
  })

  it('fails at once where it is asked to', () => {
    const { invocation, errno } = waitOf('never').failing
    withThreads(machine, 1, (thread) => expect(thread.call(invocation)).toBe(errno))
  })

  it('blocks in a thread until a signal, whose handler has run then', () => {
    const handler = new Handler(machine, SIG.URG)
    withThreads(machine, 1, (thread) => {
      const wait = waitOf('never')
      thread.startBlocked(wait)
      thread.expectStillBlocked(1)
      handler.expectRun(false, 'before')
      thread.signal(SIG.URG)
      thread.expect('EINTR')
      handler.expectRun(true, 'after')
      thread.start(wait)
      expect(thread.end(1)).toBeUndefined()
    })
  })

  it('leaves a thread with the mask that it had, and out of its wait', () => {
    withThreads(machine, 1, (thread) => {
      thread.setMask(SIG.URG, SIG.WINCH)
      expect(thread.mask()).toEqual([SIG.URG, SIG.WINCH])
      thread.signal(SIG.WINCH)
      expect(thread.pending()).toEqual([SIG.WINCH])
      thread.start(waitOf(LONG, SIG.URG))
    })
    const byte = read('r', 1)
    machine.run(byte)
  })

  it('knows what the call has left of its timeout', () => {
    const wait = waitOf({ ms: 1 })
    if (!wait.invocation.fn.includes('select')) return
    make(machine, wait)
    // libc hides from the caller of pselect what the kernel writes.
    const leftNs = variant === 'plain' ? 0 : 1e6
    expect(wait.leftNs()).toBe(leftNs)
    wait.expectLeft(leftNs, leftNs)
    expect(() => wait.expectLeft(leftNs + 5000, leftNs + 9000)).toThrow(Failure)
    wait.reset()
    expect(wait.leftNs()).toBe(1e6)
  })

  it('can be made over and over by a thread', () => {
    withThreads(machine, 1, (thread) => {
      const wait = waitOf({ ms: 1 })
      thread.startJob({ calls: [...wait.resetting, { ...wait.invocation, accept: [0] }], rounds: 3 })
      const result = thread.endJob(5000)
      expect(result).toMatchObject({ rounds: 3, rejected: false })
      // Without putting the timeval back, select would not wait any more.
      expect(result?.elapsedNs).toBeGreaterThanOrEqual(1e6)
    })
  })

  it('tells of a wait that returns where it is to block', () => {
    withThreads(machine, 1, (thread) => {
      expect(() => thread.startBlocked(waitOf({ ms: 0 }))).toThrow(`got`)
    })
  })
})

describe.each(all.filter(({ variant }) => variant !== 'plain'))('$name by number', ({ backend, variant }) => {
  it('takes a mask of the kernel, and is told by its outcome like the function', () => {
    const machine = new Machine(libc, backend)
    try {
      watchPipe(machine)
      const wait = new Wait(machine, waitFunction(libc, backend, variant), { ms: 1 })
      const mask = signalSet().address
      expect(make(machine, byNumber(machine, wait, { mask, size: 8 })).outcome).toBe(NOTHING)
      expect(make(machine, byNumber(machine, wait, { mask, size: 9 })).outcome).toBe('EINVAL')
      machine.run(write('w', 1))
      expect(make(machine, byNumber(machine, wait, { mask, size: 8 })).outcome).toBe(readable('r'))
    } finally {
      machine.close()
    }
  })
})

it.each(['poll', 'select'] as const)('%s of nothing sleeps', (backend) => {
  const machine = new Machine(libc, backend)
  try {
    watchPipe(machine)
    for (const variant of ['plain', 'pwait'] as const) {
      const sleep = sleepBy(machine, waitFunction(libc, backend, variant), { ms: 1 })
      const made = expectCall(machine, sleep, NOTHING)
      expectNotEarly(sleep, made, 1e6)
      expect(() => expectNotEarly(sleep, made, made.elapsedNs + 1)).toThrow(Failure)
    }
  } finally {
    machine.close()
  }
})

it('a disposition is what it was when the check has ended', () => {
  const machine = new Machine(libc, 'poll')
  const handler = new Handler(machine, SIG.URG)
  handler.expectRun(false, 'yet')
  expect(hasHandler(libc, SIG.URG)).toBe(true)
  machine.close()
  expect(hasHandler(libc, SIG.URG)).toBe(false)
})
