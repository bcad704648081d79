import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { SystemError, UnsupportedError } from '../errors.ts'
import { openLibc } from '../libc/libc.ts'
import type { Libc } from '../libc/libc.ts'
import { descriptorLimit, setDescriptorLimit } from '../libc/limits.ts'
import { openDescriptors } from '../libc/open-descriptors.ts'
import { add, close, dup, epoll, eventfd, pipe, wait, write } from './build.ts'
import { Failure } from './check.ts'
import type { Check, CheckResult } from './check.ts'
import { epollCheck } from './define.ts'
import { atOnce } from './at-once.ts'
import { runCheck } from './runner.ts'
import { Surroundings } from './surroundings/surroundings.ts'
import { ThreadPool } from './threads/thread-pool.ts'

const libc = openLibc()
const head = { id: 'test.runner', statement: 'A test.', source: 'this test' } as const
const passing = [pipe('r', 'w'), epoll('ep'), add('ep', 'r', 'IN'), write('w', 1), wait('ep', { r: 'IN' })]
const failing = [...passing, wait('ep', {})]

const run = async (
  check: Check,
  over: { libc?: Libc; pool?: ThreadPool; backend?: 'poll' } = {},
): Promise<CheckResult> => {
  using surroundings = new Surroundings(libc)
  return await atOnce(
    runCheck(check, {
      libc,
      backend: 'epoll',
      family: 'test',
      pool: undefined,
      surroundings,
      ...over,
    }),
  )
}

/** A check that throws. */
const throwing = (error: unknown, steps = passing): Check =>
  epollCheck({
    ...head,
    run(machine) {
      machine.run(...steps)
      throw error
    },
  })

describe('the outcome of a check', () => {
  it('is pass if every step gives what it expects', async () => {
    const result = await run(epollCheck({ ...head, steps: passing }))
    expect(result).toEqual({
      id: 'test.runner',
      family: 'test',
      backend: 'epoll',
      level: 'contract',
      outcome: 'pass',
      durationMs: expect.any(Number) as number,
    })
    expect(result.durationMs).toBeGreaterThan(0)
  })

  it('is pass with the note that the check made', async () => {
    const noted = epollCheck({ ...head, run: (machine) => void (machine.note = '1000 rounds') })
    expect(await run(noted)).toMatchObject({ outcome: 'pass', message: '1000 rounds' })
  })

  it('is fail, with what was expected, what came and the step, if a step gives something else', async () => {
    expect(await run(epollCheck({ ...head, steps: failing }))).toMatchObject({
      outcome: 'fail',
      expected: 'no events',
      actual: 'r IN',
      step: 'step 6: epoll.wait ep ep',
    })
  })

  /** A check whose wait is interrupted so often. */
  const interrupted = (times: number): Check => {
    let runs = 0
    return epollCheck({
      ...head,
      run(machine) {
        machine.run(...passing)
        if (++runs <= times) throw new Failure('r IN', 'EINTR')
        machine.note = `run ${runs}`
      },
    })
  }

  it('is that of another run where a signal from outside has interrupted a wait, but not again and again', async () => {
    expect(await run(interrupted(2))).toMatchObject({ outcome: 'pass', message: 'run 3' })
    expect(await run(interrupted(3))).toMatchObject({ outcome: 'fail', actual: 'EINTR' })
  })

  it('is that of the first run where it is about something else, or about signals', async () => {
    for (const [expected, actual] of [
      ['r IN', 'no events'],
      ['EINTR', 'EINTR, but too late'],
    ] as const) {
      let runs = 0
      const check = epollCheck({
        ...head,
        run() {
          runs++
          throw new Failure(expected, actual)
        },
      })
      expect(await run(check)).toMatchObject({ outcome: 'fail', actual })
      expect(runs).toBe(1)
    }
  })

  it('is fail for what programs rely on, and diverges for a quirk', async () => {
    expect((await run(epollCheck({ ...head, level: 'de-facto', steps: failing }))).outcome).toBe('fail')
    expect(await run(epollCheck({ ...head, level: 'quirk', steps: failing }))).toMatchObject({
      outcome: 'diverges',
      expected: 'no events',
      actual: 'r IN',
      step: 'step 6: epoll.wait ep ep',
    })
  })

  it('is unsupported, with the reason, if a feature is missing', async () => {
    expect(await run(throwing(new UnsupportedError('io_uring', 'the kernel is too old')))).toMatchObject({
      outcome: 'unsupported',
      message: 'io_uring: the kernel is too old',
    })
  })

  it('is unsupported if the kernel does not have a system call', async () => {
    const result = await run(throwing(new SystemError('epoll_pwait2', 38, 'ENOSYS')))
    expect(result).toMatchObject({ outcome: 'unsupported' })
    expect(result.message).toContain('epoll_pwait2: ENOSYS')
  })

  it('is broken, with the step and the error, if the set-up does not work', async () => {
    expect(
      await run(epollCheck({ ...head, steps: [pipe('r', 'w'), close('r'), dup('r', 'r2')] })),
    ).toMatchObject({
      outcome: 'broken',
      step: 'step 3: dup fd r, as r2',
      message: 'SystemError: dup: EBADF',
    })
  })

  it('is broken, with a stack, if the check itself is wrong', async () => {
    const result = await run(throwing(new TypeError('a slip')))
    expect(result).toMatchObject({ outcome: 'broken' })
    expect(result.message).toMatch(/^TypeError: a slip\n +at /)
    expect(await run(throwing('not even an error'))).toMatchObject({
      outcome: 'broken',
      message: 'not even an error',
    })
  })

  it('is fail if a descriptor is left open, also where every step passed', async () => {
    let left = -1
    const leaky = epollCheck({
      ...head,
      run(machine) {
        machine.run(eventfd('e'))
        left = machine.fd('e')
        machine.forget('e')
      },
    })
    expect(await run(leaky)).toMatchObject({
      outcome: 'fail',
      expected: 'no descriptor is left open',
      actual: `left open: ${left}`,
      step: 'step 3: compare what is left with what was there before the check',
    })
    libc.fn.close(left)
  })

  it('is broken if it cannot be tidied up after', async () => {
    const greedy = epollCheck({
      ...head,
      run(machine) {
        machine.run(eventfd('e'))
        libc.fn.close(machine.fd('e'))
      },
    })
    expect(await run(greedy)).toMatchObject({
      outcome: 'broken',
      step: 'step 2: close what is open',
      message: 'SystemError: close: EBADF (e)',
    })
  })

  it('is that of the step that failed, whatever goes wrong afterwards', async () => {
    const twice = epollCheck({
      ...head,
      run(machine) {
        machine.cleanups.push(() => {
          throw new Error('tidying up')
        })
        machine.run(...failing)
      },
    })
    expect(await run(twice)).toMatchObject({ outcome: 'fail', expected: 'no events', actual: 'r IN' })
  })

  it('leaves no descriptor behind, whatever it is', async () => {
    const before = openDescriptors(libc)
    await run(epollCheck({ ...head, steps: passing }))
    await run(epollCheck({ ...head, steps: failing }))
    await run(throwing(new Error('a slip')))
    await run(throwing(new UnsupportedError('x', 'y')))
    expect(openDescriptors(libc)).toEqual(before)
  })
})

describe('a check that is built for the backend', () => {
  it('is told which one it is', async () => {
    const seen: string[] = []
    const steps: Check = epollCheck({ ...head, steps: (backend) => (seen.push(backend), passing) })
    await run(steps, { backend: 'poll' })
    expect(seen).toEqual(['poll'])
  })
})

describe('a check that needs many descriptors', () => {
  const limit = descriptorLimit(libc)
  /** What `run` keeps open to compare the process with itself. */
  const OWN = 3
  afterEach(() => setDescriptorLimit(libc, limit.soft, limit.hard))

  it('is unsupported where too few are free, and is not begun', async () => {
    const open = openDescriptors(libc).size + OWN
    setDescriptorLimit(libc, open + 9, limit.hard)
    const check = epollCheck({ ...head, descriptors: 10, steps: failing })
    expect(await run(check)).toMatchObject({
      outcome: 'unsupported',
      message: `it needs 10 free descriptors, and of ${open + 9} only 9 are free`,
    })
  })

  it('runs where just enough are free', async () => {
    setDescriptorLimit(libc, openDescriptors(libc).size + OWN + 10, limit.hard)
    expect((await run(epollCheck({ ...head, descriptors: 10, steps: passing }))).outcome).toBe('pass')
  })
})

describe('a check with threads', () => {
  let pool: ThreadPool
  beforeAll(() => {
    pool = new ThreadPool(libc.plan, 2)
  })
  afterAll(() => pool.exit())

  it('is unsupported where there are too few threads, and is not begun', async () => {
    const check = epollCheck({ ...head, threads: 3, steps: failing })
    expect(await run(check, { pool })).toMatchObject({
      outcome: 'unsupported',
      message: 'it needs 3 threads, and the limit of descriptors leaves room for 2',
    })
    expect((await run(check)).message).toContain('leaves room for 0')
  })

  it('is broken if it uses more threads than it declares, though there are more', async () => {
    const greedy = epollCheck({
      ...head,
      threads: 1,
      run(machine) {
        machine.acquireThread()
        machine.acquireThread()
      },
    })
    expect(await run(greedy, { pool })).toMatchObject({ outcome: 'broken' })
    expect((await run(greedy, { pool })).message).toContain('the check uses more threads than it declares')
  })

  it('is unsupported if a thread is to call a function that no library has', async () => {
    const { epoll_pwait2: _, ...bindings } = libc.plan.bindings
    const poor = new ThreadPool({ ...libc.plan, bindings }, 1)
    const check = epollCheck({
      ...head,
      threads: 1,
      run(machine) {
        machine.acquireThread().post({ calls: [{ fn: 'epoll_pwait2', args: [] }], rounds: 1 })
      },
    })
    expect(await run(check, { pool: poor })).toMatchObject({ outcome: 'unsupported' })
    poor.exit()
  })
})
