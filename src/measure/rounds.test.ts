import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { epoll } from '../backends/epoll.ts'
import { poll } from '../backends/poll.ts'
import { select } from '../backends/select.ts'
import { MeasurementError } from '../errors.ts'
import { wake } from '../workloads/wake.ts'
import type { Case } from '../workloads/workload.ts'
import { noEvents } from './driver.ts'
import type { Batch, Opened, Subject } from './driver.ts'
import { NoiseMeter } from './noise.ts'
import { seededRandom } from '../random.ts'
import { runRounds } from './rounds.ts'
import type { RoundsOptions, RoundsResult } from './rounds.ts'

const [oneCase] = wake.cases({
  fds: 1,
  eventsPerWait: 8,
  trigger: 'level',
  source: 'eventfd',
  writes: 0,
  rateHz: 1000,
}) as readonly [Case]

/** What a subject was told to do, in order: its name, how many cycles, and whether with durations. */
type Order = readonly [name: string, cycles: number, durations: boolean]

interface Fake {
  readonly name: string
  readonly opened: Opened
}

/** A subject whose cycles take a constant time by its own clock, and none by anybody's. */
function fake(
  name: string,
  orders: Order[],
  over: Partial<Batch & Subject> & { readonly failAt?: number } = {},
): Fake {
  let runs = 0
  const { cycleNs = 1000, failAt = Infinity, waitedNs = 0, timesEach = false, mostTimed = 4096 } = over
  const subject: Subject = {
    events: noEvents(),
    callsPerCycle: 3,
    taxNs: 30,
    timesEach,
    mostTimed,
    run(cycles, durations) {
      orders.push([name, cycles, durations])
      if (++runs >= failAt) throw new MeasurementError(`${name} broke`)
      return {
        cycles,
        cycleNs,
        elapsedNs: cycles * cycleNs,
        durationsNs: new Float64Array(durations ? cycles : 0).fill(cycleNs),
        cpuNs: 2 * cycles,
        switches: { voluntary: 1, involuntary: 2 },
        waitedNs,
      }
    },
    detail: () => ({}),
    close: () => undefined,
  }
  const backend = { e: epoll, p: poll, s: select }[name[0] ?? ''] ?? epoll
  return { name, opened: { backend, subject } }
}

describe('rounds', () => {
  let meter: NoiseMeter
  let orders: Order[]
  beforeEach(() => {
    meter = new NoiseMeter(() => undefined)
    orders = []
  })
  afterEach(() => meter.close())

  const run = async (fakes: readonly Fake[], over: Partial<RoundsOptions> = {}): Promise<RoundsResult> =>
    await runRounds({
      workload: 'wake',
      case: oneCase,
      opened: fakes.map(({ opened }) => opened),
      controls: [],
      budgetMs: 0,
      fewest: 12,
      random: seededRandom(1),
      meter,
      ...over,
    })

  /** Who was run in each round; calibration, which runs each one by itself, comes before. */
  const roundsOf = (count: number, names: number): string[] => {
    const last = orders.filter(([, , durations]) => durations).slice(-count * names)
    return Array.from({ length: count }, (_, i) =>
      last
        .slice(names * i, names * (i + 1))
        .map(([name]) => name)
        .join(''),
    )
  }

  it('run every backend once in each, in an order that changes', async () => {
    const { series } = await run([fake('e', orders), fake('p', orders), fake('s', orders)])
    for (const { roundNs } of series) expect(roundNs).toHaveLength(12)
    const rounds = roundsOf(12, 3)
    expect(rounds.every((round) => round.split('').toSorted().join('') === 'eps')).toBe(true)
    expect(new Set(rounds).size).toBeGreaterThan(2)
  })

  it('have the same order and sizes for the same seed, and others for another one', async () => {
    const record = async (seed: number): Promise<string> => {
      orders = []
      await run([fake('e', orders), fake('p', orders)], { random: seededRandom(seed) })
      return JSON.stringify(orders)
    }
    const first = await record(7)
    expect(await record(7)).toBe(first)
    expect(await record(8)).not.toBe(first)
  })

  it('have that order whatever the machine is like: however long cycles take, and however many are kept', async () => {
    const order = async (cycleNs: number): Promise<string[]> => {
      orders = []
      await run([fake('e', orders, { cycleNs }), fake('p', orders), fake('s', orders, { timesEach: true })], {
        rounds: 40,
        budgetMs: 4000,
      })
      return roundsOf(40, 3)
    }
    // Of the shortest more cycles are timed than there is room for samples.
    expect(await order(1)).toEqual(await order(40_000))
  })

  it('keep single cycles, and of each round the mean of the batch that was not timed one by one', async () => {
    const { series } = await run([fake('e', orders, { cycleNs: 700 })])
    const [
      { samples, roundNs, cycles, cpuNs } = {
        samples: { count: 0, min: 0, max: 0 },
        roundNs: [],
        cycles: 0,
        cpuNs: 0,
      },
    ] = series
    expect(roundNs).toEqual(Array.from({ length: 12 }, () => 700))
    expect(samples).toMatchObject({ min: 700, max: 700 })
    // Calibration is in none of the counts.
    const inRounds = orders.slice(-24)
    const total = inRounds.reduce((sum, [, count]) => sum + count, 0)
    const timed = inRounds.reduce((sum, [, count, durations]) => sum + (durations ? count : 0), 0)
    expect({ cycles, cpuNs, timed: samples.count }).toEqual({ cycles: total, cpuNs: 2 * total, timed })
  })

  it('have one kind of batch where every cycle has to be timed', async () => {
    await run([fake('e', orders, { timesEach: true, mostTimed: 50 })])
    expect(orders.every(([, cycles, durations]) => durations && cycles <= 50)).toBe(true)
  })

  it('never ask for more timed cycles than there is room for', async () => {
    await run([fake('e', orders, { cycleNs: 1, mostTimed: 100 })])
    expect(Math.max(...orders.map(([, cycles, durations]) => (durations ? cycles : 0)))).toBeLessThanOrEqual(
      100,
    )
  })

  it('are exactly as many as is said, however little time there is', async () => {
    const { series } = await run([fake('e', orders), fake('p', orders)], { rounds: 3, budgetMs: 0 })
    expect(series.map(({ roundNs }) => roundNs.length)).toEqual([3, 3])
  })

  it('are at least the fewest, and not without end where there is time', async () => {
    const none = await run([fake('e', orders)], { budgetMs: -100 })
    expect(none.series[0]?.roundNs).toHaveLength(12)
    const most = await run([fake('e', orders)], { budgetMs: 1e9 })
    expect(most.series[0]?.roundNs.length).toBeLessThanOrEqual(1000)
  })

  it('go on without a backend that fails, whose series ends there', async () => {
    const { series } = await run([fake('e', orders), fake('p', orders, { failAt: 12 }), fake('s', orders)])
    expect(series.map(({ failure }) => failure)).toEqual([
      undefined,
      { outcome: 'failed', failure: 'wake on poll: p broke' },
      undefined,
    ])
    expect(series.map(({ roundNs }) => roundNs.length)).toEqual([12, expect.any(Number), 12])
    expect(series[1]?.roundNs.length).toBeLessThan(12)
    // It is not run again.
    expect(orders.filter(([name]) => name === 'p')).toHaveLength(12)
  })

  it('end where all have failed', async () => {
    await run([fake('e', orders, { failAt: 1 }), fake('p', orders, { failAt: 1 })], { rounds: 1000 })
    expect(orders).toHaveLength(2)
  })

  it('do not swallow an error of ours', async () => {
    const broken = fake('e', orders)
    if ('subject' in broken.opened) {
      broken.opened.subject.run = () => {
        throw new TypeError('a slip')
      }
    }
    await expect(run([broken])).rejects.toThrow('a slip')
  })

  it('stop between rounds when they are told to: all backends have equally many', async () => {
    const controller = new AbortController()
    const impatient = fake('p', orders)
    if ('subject' in impatient.opened) {
      const { subject } = impatient.opened
      const before = subject.run.bind(subject)
      let runs = 0
      subject.run = (...args) => {
        if (++runs === 20) controller.abort()
        return before(...args)
      }
    }
    const all = [fake('e', orders), impatient, fake('s', orders)]
    const { series } = await run(all, { rounds: 1000, signal: controller.signal })
    const counts = series.map(({ roundNs }) => roundNs.length)
    expect(new Set(counts).size).toBe(1)
    expect(counts[0]).toBeGreaterThan(0)
    expect(counts[0]).toBeLessThan(20)
  })

  it('do not even begin if they are told to stop before', async () => {
    const { series } = await run([fake('e', orders)], { signal: AbortSignal.abort() })
    expect(orders).toEqual([])
    expect(series[0]).toMatchObject({ roundNs: [], failure: undefined })
  })

  it('let timers and signals in between', async () => {
    let ticks = 0
    const timer = setInterval(() => ticks++, 0)
    const slow = fake('e', orders)
    if ('subject' in slow.opened) {
      const { subject } = slow.opened
      const before = subject.run.bind(subject)
      subject.run = (...args) => {
        const end = performance.now() + 2
        while (performance.now() < end);
        return before(...args)
      }
    }
    await run([slow])
    clearInterval(timer)
    expect(ticks).toBeGreaterThanOrEqual(5)
  })

  it('know the control from the backend that it repeats', async () => {
    const { series } = await run([fake('e', orders), fake('p', orders), fake('e2', orders)], {
      controls: [2],
    })
    expect(series.map(({ control }) => control)).toEqual([false, false, true])
  })

  it('have no control where none is asked for', async () => {
    const { series } = await run([fake('e', orders), fake('p', orders)])
    expect(series.map(({ control }) => control)).toEqual([false, false])
  })

  it('take a backend that could not be opened for a failed one, with what it counted', async () => {
    const events = { ...noEvents(), expected: 3, lost: 3 }
    const opened: Opened = { backend: poll, outcome: 'failed', failure: 'all lost', events }
    const { series } = await run([fake('e', orders), { name: 'p', opened }])
    expect(series[1]).toMatchObject({
      failure: { outcome: 'failed', failure: 'all lost' },
      events,
      roundNs: [],
    })
    expect(series[0]?.roundNs).toHaveLength(12)
  })

  it('are spoilt where the measuring thread had to wait, and only those', async () => {
    const quiet = await run([fake('e', orders, { waitedNs: 0 })])
    expect(quiet.spoilt.size).toBe(0)
    const { spoilt, series, switches } = await run([fake('e', orders, { waitedNs: 1e9 })], { rounds: 5 })
    expect([...spoilt]).toEqual([0, 1, 2, 3, 4])
    // They are flagged, and not left out.
    expect(series[0]?.roundNs).toHaveLength(5)
    expect(switches).toEqual({ voluntary: 10, involuntary: 20 })
  })
})
