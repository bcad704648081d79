import { constants } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { workloadNames } from '../workloads/index.ts'
import { compileLibrary, hasCompiler } from '../testing/compile.ts'
import { benchReportOf, runEvloop } from '../testing/run-evloop.ts'
import type { Run, RunOptions } from '../testing/run-evloop.ts'

const FEW = ['--fds', '4', '--duration', '0.1']
const bench = async (args: readonly string[], options: RunOptions = {}): Promise<Run> =>
  await runEvloop(['bench', ...args], options)

describe('bench', () => {
  it('writes one JSON document with a figure for every workload on every backend', async () => {
    const run = await bench([...FEW, '--format', 'json', '--seed', '7'])
    expect({ exitCode: run.exitCode, stderr: run.stderr }).toEqual({ exitCode: 0, stderr: '' })
    const report = benchReportOf(run)
    expect(Object.keys(report)).toEqual([
      'schema',
      'tool',
      'environment',
      'startedAt',
      'durationMs',
      'seed',
      'callTax',
      'results',
      'gaps',
      'noise',
    ])
    expect(report).toMatchObject({ schema: 'evloop/bench@1', tool: { name: 'evloop' }, seed: 7, gaps: [] })
    expect(report.results.map(({ workload, backend }) => `${workload} ${backend}`)).toEqual(
      workloadNames.flatMap((workload) =>
        ['epoll', 'poll', 'select'].map((backend) => `${workload} ${backend}`),
      ),
    )
    // JSON has no NaN and no Infinity: a figure that is not one would be null.
    expect(JSON.stringify(report.results)).not.toContain('null')
    for (const { ratio: _, events, ...result } of report.results) {
      expect(Object.values(result).filter((value) => typeof value === 'number' && !(value >= 0))).toEqual([])
      expect(result.p50Ns).toBeGreaterThanOrEqual(result.minNs)
      expect(result.maxNs).toBeGreaterThanOrEqual(result.p999Ns)
      expect(events).toMatchObject({ seen: events.expected, duplicate: 0, spurious: 0, lost: 0 })
    }
    for (const workload of workloadNames) {
      const ratios = report.results.filter((result) => result.workload === workload).map(({ ratio }) => ratio)
      expect(ratios.filter((ratio) => ratio === undefined)).toHaveLength(1)
    }
  })

  it('shows a table of the workloads that are asked for, in the order of reports', async () => {
    const run = await bench([...FEW, '-w', 'idle,wake', '-b', 'poll'])
    expect(run).toMatchObject({ exitCode: 0, stderr: '' })
    const rows = run.stdout.split('\n').filter((line) => /^(wake|idle) +poll /.test(line))
    expect(rows.map((row) => row.split(/ +/).slice(0, 3))).toEqual([
      ['wake', 'poll', '1'],
      ['idle', 'poll', '4'],
    ])
  })

  it('says how many descriptors fit where too many are asked for, and those do fit', async () => {
    const few: RunOptions = { through: ['prlimit', '--nofile=64:64'] }
    const run = await bench(['--fds', '10000'], few)
    expect({ exitCode: run.exitCode, stdout: run.stdout }).toEqual({ exitCode: 2, stdout: '' })
    const [, fits = ''] = /room for --fds (\d+) .*\n$/.exec(run.stderr) ?? []
    expect(Number(fits)).toBeGreaterThan(0)
    const fitting = await bench(['--fds', fits, '--duration', '0.1', '-f', 'json'], few)
    expect(fitting).toMatchObject({ exitCode: 0, stderr: '' })
    expect(benchReportOf(fitting).gaps).toEqual([])
    const more = await bench(['--fds', String(Number(fits) + 1), '--duration', '0.1'], few)
    expect(more.exitCode).toBe(2)
  })

  it('raises the soft limit to the hard one by itself', async () => {
    const run = await bench(['--fds', '200', '-w', 'idle', '-b', 'poll', '-d', '0.1', '-f', 'json'], {
      through: ['prlimit', '--nofile=128:512'],
    })
    expect(run).toMatchObject({ exitCode: 0, stderr: '' })
  })

  it('has a gap, and no figure, where select would need descriptors above 1023', async () => {
    const run = await bench(['--fds', '1100', '-w', 'idle', '-d', '0.1', '-f', 'json'], {
      through: ['prlimit', '--nofile=2048:2048'],
    })
    expect(run.exitCode).toBe(0)
    const { results, gaps } = benchReportOf(run)
    expect(results.map(({ backend }) => backend)).toEqual(['epoll', 'poll'])
    expect(gaps).toEqual([
      {
        workload: 'idle',
        backend: 'select',
        fds: 1100,
        outcome: 'unsupported',
        reason: expect.stringMatching(
          /^it cannot watch descriptors above 1023, and this needs \d{4}$/,
        ) as string,
      },
    ])
  })
})

describe.runIf(hasCompiler)('bench that is interrupted', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('by %s exits 130, with what it has measured', async (signal) => {
    const lib = compileLibrary('faults/signal-in-wait')
    const run = await bench(['--fds', '4', '--duration', '600', '-f', 'json', '--lib', lib], {
      env: { SEND: String(constants.signals[signal]) },
    })
    expect({ exitCode: run.exitCode, stderr: run.stderr }).toEqual({ exitCode: 130, stderr: '' })
    const { interrupted, results, gaps } = benchReportOf(run)
    expect(interrupted).toBe(true)
    // The rounds of the first workload were under way.
    expect(results.map(({ workload, backend }) => `${workload} ${backend}`)).toEqual([
      'wake epoll',
      'wake poll',
      'wake select',
    ])
    expect(new Set(results.map(({ rounds }) => rounds)).size).toBe(1)
    expect(results.map(({ ratio }) => ratio?.value ?? 1).every((ratio) => ratio > 0)).toBe(true)
    expect(gaps).toEqual([])
  })
})

describe.runIf(hasCompiler)('bench of a library that loses events', () => {
  it('exits 1, and has the count of the lost events in place of a figure', async () => {
    const lib = compileLibrary('faults/go-deaf')
    const run = await bench([
      ...FEW,
      '-w',
      'wake,idle,dispatch',
      '-b',
      'epoll,poll',
      '-f',
      'json',
      '--lib',
      lib,
    ])
    expect({ exitCode: run.exitCode, stderr: run.stderr }).toEqual({ exitCode: 1, stderr: '' })
    const { results, gaps } = benchReportOf(run)
    expect(results.map(({ workload, backend }) => `${workload} ${backend}`)).toEqual([
      'wake poll',
      'idle poll',
      'dispatch poll',
    ])
    expect(gaps.map(({ workload, backend, outcome }) => `${workload} ${backend} ${outcome}`)).toEqual([
      'wake epoll failed',
      'idle epoll failed',
      'dispatch epoll failed',
    ])
    for (const { events, reason } of gaps) {
      expect(events?.lost).toBeGreaterThan(0)
      expect(events?.expected).toBe((events?.seen ?? 0) + (events?.lost ?? 0))
      expect(reason).toContain(`of ${events?.expected} events ${events?.lost} were lost`)
    }
    // What one backend has lost must not turn up at another.
    for (const { events } of results) expect(events.seen).toBe(events.expected)
  })

  it('shows the failure in the table', async () => {
    const lib = compileLibrary('faults/go-deaf')
    const run = await bench([...FEW, '-w', 'wake', '-b', 'epoll', '--lib', lib])
    expect(run).toMatchObject({ exitCode: 1, stderr: '' })
    expect(run.stdout).toMatch(/^wake +epoll +1 +failed$/m)
    expect(run.stdout).toMatch(/^failed: wake on epoll: of \d+ events 1 were lost, 0 came twice/m)
  })

  it('finds events that come twice', async () => {
    const lib = compileLibrary('faults/duplicate-events')
    const run = await bench([...FEW, '-b', 'epoll,poll', '-f', 'json', '--lib', lib])
    expect(run.exitCode).toBe(1)
    const { gaps } = benchReportOf(run)
    expect(gaps.map(({ workload, backend }) => `${workload} ${backend}`)).toEqual([
      'wake epoll',
      'idle epoll',
      'dispatch epoll',
      'eof epoll',
    ])
    for (const { events } of gaps) expect(events?.duplicate).toBeGreaterThan(0)
  })

  it('exits 2 where there is nothing to measure', async () => {
    const lib = compileLibrary('faults/no-backends')
    const run = await bench([...FEW, '-b', 'epoll', '--lib', lib])
    expect(run).toEqual({
      exitCode: 2,
      signal: null,
      stdout: '',
      stderr: 'evloop: nothing to measure: epoll is not available: epoll_create1 failed with ENOSYS\n',
    })
  })

  it('exits 2 for a library that cannot be loaded', async () => {
    const run = await bench([...FEW, '--lib', join(import.meta.dirname, 'bench.ts')])
    expect(run).toMatchObject({ exitCode: 2, stdout: '' })
    expect(run.stderr).toMatch(/^evloop: cannot load [^\n]+\n$/)
  })
})
