import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { INTERRUPTED } from '../backends/backend.ts'
import { SystemError } from '../errors.ts'
import { openLibc } from '../libc/libc.ts'
import { duplicating, fakeBackend, inventing, losing } from '../testing/fake-backend.ts'
import type { FakeBackend } from '../testing/fake-backend.ts'
import { dispatch } from '../workloads/dispatch.ts'
import { idle } from '../workloads/idle.ts'
import { Sources } from '../workloads/sources.ts'
import { wake } from '../workloads/wake.ts'
import type { Workload } from '../workloads/workload.ts'
import { seededRandom } from './random.ts'
import { runRounds } from './rounds.ts'
import type { RoundsOptions, Series } from './rounds.ts'

const libc = openLibc()
const SOURCES = 6
/** As few rounds as there can be. */
const BRIEF_MS = 1

describe('rounds', () => {
  let sources: Sources
  beforeEach(() => {
    sources = new Sources(libc, SOURCES)
  })
  afterEach(() => sources.close())

  const run = async (
    workload: Workload,
    backends: readonly FakeBackend[],
    over: Partial<RoundsOptions> = {},
  ): Promise<Series[]> =>
    await runRounds({
      libc,
      workload,
      backends,
      sources,
      active: 2,
      budgetMs: BRIEF_MS,
      tax: { baseNs: 1000, perArgumentNs: 100 },
      random: seededRandom(1),
      ...over,
    })

  it('measure every backend equally often, each round with a Poller of its own', async () => {
    const [a, b] = [fakeBackend('a'), fakeBackend('b')]
    const all = await run(wake, [a, b])
    for (const [index, { backend, failure, samples, roundMeans, cpuNs }] of all.entries()) {
      expect(backend).toBe([a, b][index])
      expect(failure).toBeUndefined()
      expect(roundMeans).toHaveLength(10)
      expect(samples.length % 10).toBe(0)
      expect(samples.every((ns) => ns > 0)).toBe(true)
      expect(cpuNs).toBeGreaterThan(0)
    }
    expect(a.opened.open + b.opened.open).toBe(0)
    expect(a.opened.total).toBeGreaterThan(10)
  })

  it('take the mean of each round from the cycles of that round', async () => {
    const [series] = await run(wake, [fakeBackend('a')])
    const { samples, roundMeans } = series as Series
    const perRound = samples.length / roundMeans.length
    for (const [round, roundMean] of roundMeans.entries()) {
      const own = samples.slice(round * perRound, (round + 1) * perRound)
      expect(roundMean).toBeCloseTo(own.reduce((sum, value) => sum + value, 0) / perRound, 3)
    }
  })

  it('run the backends in an order that changes from round to round', async () => {
    const order: string[] = []
    const noting = (name: string): FakeBackend => {
      const backend = fakeBackend(name)
      return { ...backend, open: (of) => (order.push(name), backend.open(of)) }
    }
    await run(wake, [noting('a'), noting('b')])
    const rounds = order.slice(-20)
    const pairs = Array.from({ length: 10 }, (_, i) => rounds.slice(2 * i, 2 * i + 2).join(''))
    expect(new Set(pairs)).toEqual(new Set(['ab', 'ba']))
  })

  it('know the tax of a cycle: what its calls cost, exactly', async () => {
    const [series] = await run(wake, [fakeBackend('a')])
    // A write, a poll and a read, with three arguments each.
    expect(series?.taxNs).toBe(3 * (1000 + 3 * 100))
  })

  it('go on for as long as the budget lasts, but not for ever', async () => {
    const start = performance.now()
    const [series] = await run(wake, [fakeBackend('a')], { budgetMs: 1500 })
    expect(series?.roundMeans.length).toBeGreaterThan(10)
    expect(series?.roundMeans.length).toBeLessThanOrEqual(200)
    expect(performance.now() - start).toBeGreaterThan(700)
  })

  it('stop after the round in which they are told to', async () => {
    const controller = new AbortController()
    let waits = 0
    const backend = fakeBackend('a', (_, n) => {
      if (++waits === 20_000) controller.abort()
      return n
    })
    const all = await run(wake, [backend, fakeBackend('b')], { budgetMs: 600_000, signal: controller.signal })
    const [first, second] = all.map(({ roundMeans }) => roundMeans.length)
    expect(first).toBeGreaterThan(0)
    expect(first).toBeLessThan(200)
    expect(second).toBe(first)
  })

  it('do not even begin if they are told to stop before', async () => {
    const backend = fakeBackend('a')
    const [series] = await run(wake, [backend], { signal: AbortSignal.abort() })
    expect(series).toMatchObject({ samples: [], roundMeans: [], failure: undefined })
    expect(backend.opened.total).toBe(0)
  })

  it('let timers and signals in between', async () => {
    let ticks = 0
    const timer = setInterval(() => ticks++, 1)
    await run(wake, [fakeBackend('a')])
    clearInterval(timer)
    expect(ticks).toBeGreaterThanOrEqual(5)
  })
})

describe('a backend whose events are wrong has no figure, but a count of what was wrong', () => {
  let sources: Sources
  beforeEach(() => {
    sources = new Sources(libc, SOURCES)
  })
  afterEach(() => sources.close())

  const fail = async (
    workload: Workload,
    backend: FakeBackend,
    good: FakeBackend = fakeBackend('good'),
  ): Promise<Series> => {
    const [bad, other] = await runRounds({
      libc,
      workload,
      backends: [backend, good],
      sources,
      active: 2,
      budgetMs: BRIEF_MS,
      tax: { baseNs: 0, perArgumentNs: 0 },
      random: seededRandom(1),
    })
    // What one does wrong must not count against the other.
    expect(other).toMatchObject({ failure: undefined, events: { duplicate: 0, spurious: 0, lost: 0 } })
    expect(other?.events.seen).toBe(other?.events.expected)
    expect(backend.opened.open).toBe(0)
    return bad as Series
  }

  it.each([
    ['wake', wake, 1],
    ['idle', idle, 1],
    ['dispatch', dispatch, 8],
  ] as const)('%s: lost from the beginning', async (_, workload, expected) => {
    const { failure, events, samples } = await fail(
      workload,
      fakeBackend('bad', () => 0),
    )
    expect(samples).toEqual([])
    expect(events.lost).toBeGreaterThan(0)
    expect(events.lost).toBe(events.expected)
    expect(events.expected).toBeLessThanOrEqual(expected)
    expect(failure).toBe(
      `of ${events.expected} events ${events.lost} were lost, 0 came twice, and 0 came for nothing`,
    )
  })

  it('wake: lost after many that came, and none is waited for after the first', async () => {
    const { failure, events } = await fail(wake, fakeBackend('bad', losing(300)))
    expect(events).toMatchObject({ seen: events.expected - 1, lost: 1, duplicate: 0, spurious: 0 })
    expect(failure).toBe(`of ${events.expected} events 1 were lost, 0 came twice, and 0 came for nothing`)
  })

  it('wake: lost in a round, when all was well before the rounds', async () => {
    const good = fakeBackend('good')
    const lose = losing()
    const bad = fakeBackend('bad', (batch, n) => (good.opened.total === 0 ? n : lose(batch, n)))
    const { failure, events, roundMeans } = await fail(wake, bad, good)
    expect(events).toMatchObject({ expected: 1, seen: 0, lost: 1 })
    expect(failure).toMatch(/^of 1 events 1 were lost/)
    expect(roundMeans.length).toBeLessThan(2)
  })

  it.each([
    ['wake', wake],
    ['idle', idle],
    ['dispatch', dispatch],
  ])('%s: reported twice', async (_, workload) => {
    const { failure, events } = await fail(workload, fakeBackend('bad', duplicating))
    expect(events.duplicate).toBeGreaterThan(0)
    expect(events).toMatchObject({ lost: 0, spurious: 0, seen: events.expected })
    expect(failure).toMatch(
      new RegExp(`^of \\d+ events 0 were lost, ${events.duplicate} came twice, and 0 came`),
    )
  })

  it.each([
    ['idle', idle],
    ['dispatch', dispatch],
  ])('%s: reported for a source that is not ready', async (_, workload) => {
    const { failure, events } = await fail(workload, fakeBackend('bad', inventing(SOURCES - 1)))
    expect(events.spurious).toBeGreaterThan(0)
    expect(failure).toContain(`${events.spurious} came for nothing`)
  })

  it('dispatch: nothing but inventions, which must not go on for ever', async () => {
    const onlyInvented = inventing(SOURCES - 1)
    const { events } = await fail(
      dispatch,
      fakeBackend('bad', (batch) => onlyInvented(batch, 0)),
    )
    expect(events.spurious + events.duplicate).toBeGreaterThan(0)
    expect(events.lost).toBe(events.expected)
  })

  it('but a wait that a signal interrupts is made again, and nothing is lost', async () => {
    let waits = 0
    const interrupted = fakeBackend('bad', (_, n) => (++waits % 3 === 0 ? INTERRUPTED : n))
    const { failure, events } = await fail(wake, interrupted)
    expect(failure).toBeUndefined()
    expect(events).toMatchObject({ lost: 0, seen: events.expected })
  })

  it('an error of its system call is the reason that is given', async () => {
    const broken = fakeBackend('bad', () => {
      throw new SystemError('epoll_wait', 9, 'EBADF')
    })
    const { failure } = await fail(wake, broken)
    expect(failure).toBe('epoll_wait: EBADF')
  })

  it('but an error of ours is not taken for one of the backend', async () => {
    const broken = fakeBackend('bad', () => {
      throw new TypeError('a slip')
    })
    await expect(fail(wake, broken)).rejects.toThrow('a slip')
  })
})
