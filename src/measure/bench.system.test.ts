import { describe, expect, it } from 'vitest'
import { UnsupportedError, UsageError } from '../errors.ts'
import { openLibc } from '../libc/libc.ts'
import type { Libc } from '../libc/libc.ts'
import { descriptorLimit, setDescriptorLimit } from '../libc/limits.ts'
import { openDescriptors } from '../libc/open-descriptors.ts'
import { workloadNames } from '../workloads/index.ts'
import { bench } from './bench.ts'
import type { BenchOptions, Measurement } from './bench.ts'
import { measureCallTax } from './call-tax.ts'

const libc = openLibc()
/** By the driver that every machine has; the commands' tests have the other one. */
const run = async (over: Partial<BenchOptions> = {}): Promise<Measurement> =>
  await bench({
    libc,
    backends: ['epoll', 'poll'],
    workloads: ['wake', 'dispatch'],
    sizes: [8],
    eventsPerWait: 64,
    trigger: 'level',
    source: 'eventfd',
    writes: 5,
    rateHz: 1000,
    cpus: [],
    driver: 'ffi',
    durationMs: 1,
    rounds: 2,
    quick: false,
    seed: 1,
    onWarning: () => undefined,
    ...over,
  })

describe('a benchmark', () => {
  it('measures every workload over every backend, and tells of each before it begins', async () => {
    const told: string[] = []
    const { results, gaps, seed } = await run({
      active: 3,
      onProgress: (name, index, count) => told.push(`${index + 1}/${count} ${name}`),
    })
    expect(told).toEqual(['1/2 wake', '2/2 dispatch'])
    expect(gaps).toEqual([])
    expect(seed).toBe(1)
    expect(
      results.map(({ workload, backend, fds, active, eventsPerCycle }) => [
        workload,
        backend,
        fds,
        active,
        eventsPerCycle,
      ]),
    ).toEqual([
      ['wake', 'epoll', 1, 1, 1],
      ['wake', 'poll', 1, 1, 1],
      ['dispatch', 'epoll', 8, 3, 11],
      ['dispatch', 'poll', 8, 3, 11],
    ])
  })

  it('has no figure below what its native calls cost, and none without them', async () => {
    const { results, callTax } = await run()
    expect(callTax.baseNs).toBeGreaterThan(0)
    expect(callTax.perArgumentNs).toBeGreaterThan(0)
    for (const { taxNs, medianNs } of results) {
      expect(taxNs).toBeGreaterThan(0)
      expect(medianNs).toBeGreaterThan(0.2 * taxNs)
    }
  })

  it('takes a hundredth of the sources for the active ones, at least one and at most a hundred', async () => {
    const activeOf = async (fds: number): Promise<number | undefined> =>
      (await run({ sizes: [fds], workloads: ['ready'], backends: ['epoll'] })).results[0]?.active
    expect(await activeOf(8)).toBe(1)
    expect(await activeOf(300)).toBe(3)
  })

  it('never has more active sources than there are', async () => {
    const { results } = await run({ active: 1000, workloads: ['dispatch'], backends: ['poll'] })
    expect(results[0]).toMatchObject({ fds: 8, active: 8, eventsPerCycle: 16 })
  })

  it('leaves no descriptor behind', async () => {
    const before = openDescriptors(libc)
    await run({ workloads: workloadNames })
    expect(openDescriptors(libc)).toEqual(before)
  })

  it('measures nothing, and says so, if it is interrupted before it begins', async () => {
    const measurement = await run({ signal: AbortSignal.abort() })
    expect(measurement).toMatchObject({ results: [], gaps: [], interrupted: true })
  })

  it('has gaps for a backend that is not there, and figures of the others', async () => {
    const without: Libc = { ...libc, has: (name) => name !== 'poll' && libc.has(name) }
    const { results, gaps } = await run({ libc: without, workloads: ['wake'] })
    expect(results.map(({ backend }) => backend)).toEqual(['epoll'])
    expect(gaps).toEqual([
      { workload: 'wake', backend: 'poll', fds: 1, outcome: 'unsupported', reason: 'libc has no poll' },
    ])
  })

  it('throws where no backend is there', async () => {
    const without: Libc = { ...libc, has: () => false }
    const reasons =
      'epoll is not available: libc has no epoll_create1; poll is not available: libc has no poll'
    await expect(run({ libc: without })).rejects.toThrow(new UnsupportedError('nothing to measure', reasons))
  })
})

describe('more descriptors than there may be', () => {
  it('are refused before anything is opened, with the number that would fit', async () => {
    const { hard } = descriptorLimit(libc)
    const before = openDescriptors(libc)
    const error: unknown = await run({ sizes: [hard + 1] }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(UsageError)
    const [, fits] = /room for --fds (\d+)$/.exec((error as UsageError).message) ?? []
    expect(Number(fits)).toBeLessThan(hard)
    expect(openDescriptors(libc)).toEqual(before)
  })

  it('do not matter to workloads that have one descriptor whatever --fds is', async () => {
    const { hard } = descriptorLimit(libc)
    const { results } = await run({ sizes: [hard + 1], workloads: ['wake'], backends: ['poll'] })
    expect(results).toHaveLength(1)
  })

  it('are had by raising the soft limit to the hard one', async () => {
    const { soft, hard } = descriptorLimit(libc)
    setDescriptorLimit(libc, openDescriptors(libc).size + 40, hard)
    try {
      const { results } = await run({ sizes: [200], workloads: ['idle'], backends: ['epoll'] })
      expect(results[0]?.fds).toBe(200)
      expect(descriptorLimit(libc).soft).toBe(hard)
    } finally {
      setDescriptorLimit(libc, soft, hard)
    }
  })
})

describe('the call tax', () => {
  it('is measured as some time for a call and some more for each argument', async () => {
    const { baseNs, perArgumentNs } = await measureCallTax(libc)
    expect(baseNs).toBeGreaterThan(10)
    expect(baseNs + 4 * perArgumentNs).toBeLessThan(1_000_000)
  })
})

describe('a benchmark in the making', () => {
  it('tells after every workload what it has so far, and that it is not all', async () => {
    const parts: Measurement[] = []
    const whole = await run({ workloads: ['wake', 'idle', 'rearm'], onPart: (part) => parts.push(part) })
    expect(parts.map(({ interrupted }) => interrupted)).toEqual([true, true])
    expect(parts.map(({ results }) => results.map(({ workload }) => workload))).toEqual([
      ['wake', 'wake'],
      ['wake', 'wake', 'idle', 'idle'],
    ])
    expect(whole).not.toHaveProperty('interrupted')
    expect(whole.results.slice(0, 4).map(({ medianNs }) => medianNs)).toEqual(
      parts[1]?.results.map(({ medianNs }) => medianNs),
    )
  })

  it('stops after the round in which it is told to, with what it has', async () => {
    const controller = new AbortController()
    const whole = await run({
      workloads: ['wake', 'idle', 'rearm'],
      signal: controller.signal,
      onPart: () => controller.abort(),
    })
    expect(whole.interrupted).toBe(true)
    expect(whole.results.map(({ workload }) => workload)).toEqual(['wake', 'wake'])
  })

  it('has a control in every case, of the first backend that can do it', async () => {
    const { control } = await run({ workloads: ['wake', 'herd', 'timeout'], backends: ['poll', 'epoll'] })
    expect(control.map(({ workload, variant, backend }) => [workload, variant, backend])).toEqual([
      ['wake', undefined, 'poll'],
      ['timeout', '100 us', 'poll'],
      ['timeout', '1 ms', 'poll'],
      ['timeout', '10 ms', 'poll'],
    ])
  })

  it('measures once what does not grow with the size', async () => {
    const { results } = await run({
      workloads: ['wake', 'idle', 'echo'],
      sizes: [1, 2, 3],
      backends: ['poll'],
    })
    expect(results.map(({ workload, fds }) => `${workload} ${fds}`)).toEqual([
      'wake 1',
      'idle 1',
      'echo 2',
      'idle 2',
      'idle 3',
    ])
  })
})
