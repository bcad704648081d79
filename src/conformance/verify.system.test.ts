import { describe, expect, it } from 'vitest'
import { UnsupportedError } from '../errors.ts'
import { compileLibrary, hasCompiler } from '../testing/compile.ts'
import { version } from '../version.ts'
import { checksOf } from './checks/index.ts'
import type { VerifyReport } from './report.ts'
import { verify } from './verify.ts'
import type { VerifyOptions } from './verify.ts'

const run = async (over: Partial<VerifyOptions> = {}): Promise<VerifyReport> =>
  await verify({
    backends: ['select'],
    lib: undefined,
    timeoutMs: 30_000,
    onWarning: () => undefined,
    signal: new AbortController().signal,
    ...over,
  })

describe('verify', () => {
  it('says of which machine, when and how long, and tells how far it is', async () => {
    const told: number[] = []
    const before = Date.now()
    const report = await run({
      backends: ['select', 'poll'],
      onProgress: (done, total) => told.push(done, total),
    })
    const total = checksOf('select').length + checksOf('poll').length
    expect(told).toEqual(Array.from({ length: total }, (_, i) => [i + 1, total]).flat())
    expect(report.tool).toEqual({ name: 'evloop', version: version() })
    expect(report.environment.backends.map(({ name }) => name)).toEqual(['select', 'poll'])
    expect(Date.parse(report.startedAt)).toBeGreaterThanOrEqual(before)
    expect(report.durationMs).toBeLessThanOrEqual(Date.now() - before + 1)
    expect(report.results.map(({ id }) => id)).toEqual([...checksOf('select'), ...checksOf('poll')])
    expect(report).not.toHaveProperty('interrupted')
  })

  it('runs the checks that are asked for, as far as they apply, and gives them in the order of the catalogue', async () => {
    const checks = ['epoll.lt.two-fds', 'loop.wake', 'poller.errors']
    const report = await run({ backends: ['select', 'epoll', 'select'], checks })
    expect(report.results.map(({ backend, id, outcome }) => `${backend} ${id} ${outcome}`)).toEqual([
      'select poller.errors pass',
      'select loop.wake pass',
      'epoll poller.errors pass',
      'epoll loop.wake pass',
      'epoll epoll.lt.two-fds pass',
    ])
  })

  it('gives the same results in the same order, whatever the number of jobs', async () => {
    const outcomesOf = ({ results }: VerifyReport): string[] =>
      results.map(({ backend, id, outcome }) => `${backend} ${id} ${outcome}`)
    const checks = checksOf('poll').filter((id) => id.startsWith('ready.'))
    const one = await run({ backends: ['poll', 'select'], checks, jobs: 1 })
    expect(outcomesOf(await run({ backends: ['poll', 'select'], checks, jobs: 5 }))).toEqual(outcomesOf(one))
  })

  it('has as many processes as are asked for, and Node sees no leak in them', async () => {
    const warnings: string[] = []
    const note = (warning: Error): number => warnings.push(warning.message)
    process.on('warning', note)
    const { results } = await run({ backends: ['poll'], checks: checksOf('poll').slice(0, 12), jobs: 12 })
    await new Promise((resolve) => setImmediate(resolve))
    process.off('warning', note)
    expect(results).toHaveLength(12)
    expect(warnings).toEqual([])
  })

  it('runs each check several times, in a shuffled order, and gives one result of each', async () => {
    const checks = ['poller.errors', 'loop.wake']
    const { results, seed, summary } = await run({ checks, repeat: 3, seed: 7 })
    expect(results.map(({ id, runs }) => ({ id, runs }))).toEqual(
      checks.map((id) => ({ id, runs: { pass: 3 } })),
    )
    expect({ seed, pass: summary.pass }).toEqual({ seed: 7, pass: 2 })
  })

  it('ends with the first result that it is to stop at', async () => {
    const report = await run({
      backends: ['poll', 'select'],
      checks: ['poller.errors', 'loop.wake'],
      repeat: 2,
      jobs: 1,
      stopAt: ({ id }) => id === 'loop.wake',
    })
    expect(report).toMatchObject({ stopped: true, summary: { pass: 2 } })
    expect(report.results.map(({ id, backend, runs }) => [id, backend, runs])).toEqual([
      ['poller.errors', 'poll', undefined],
      ['loop.wake', 'poll', undefined],
    ])
    expect(report).not.toHaveProperty('interrupted')
  })

  it('is marked as interrupted, and checks nothing, if it is to stop before it begins', async () => {
    const report = await run({ signal: AbortSignal.abort() })
    expect(report).toMatchObject({ results: [], interrupted: true })
    expect(Object.values(report.summary)).toEqual([0, 0, 0, 0, 0])
  })
})

describe.runIf(hasCompiler)('verify where backends are missing', () => {
  it('throws if none of those asked for is there, with the reason of each, also if one is asked for twice', async () => {
    const lib = compileLibrary('faults/no-backends')
    const gone = 'select is not available: select of nothing failed with EPERM'
    await expect(run({ lib })).rejects.toThrow(new UnsupportedError('nothing to verify', gone))
    await expect(run({ lib, backends: ['select', 'select'] })).rejects.toThrow(gone)
    await expect(run({ lib, backends: ['poll', 'select'] })).rejects.toThrow(
      `poll is not available: poll of nothing failed with ENOSYS; ${gone}`,
    )
  })

  it('is content with one of them', async () => {
    const { summary } = await run({ lib: compileLibrary('faults/no-epoll'), backends: ['epoll', 'select'] })
    expect(summary.unsupported).toBeGreaterThanOrEqual(checksOf('epoll').length)
    expect(summary.pass).toBeGreaterThan(0)
  })
})
