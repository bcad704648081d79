import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { candidateBackends } from '../backends/index.ts'
import { openLibc } from '../libc/libc.ts'
import { backendWorkloadNames, runtimeWorkloadNames } from '../workloads/index.ts'
import { compileLibrary, hasCompiler } from '../testing/compile.ts'
import { benchReportOf, runEvloop } from '../testing/run-evloop.ts'
import type { Run, RunOptions } from '../testing/run-evloop.ts'

/** What is run where nobody names a backend. */
const candidates = candidateBackends(openLibc())
const FEW = ['--fds', '4', '--duration', '0.1', '--rounds', '2']
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
      'settings',
      'driver',
      'seed',
      'clock',
      'timerSlackNs',
      'callTax',
      'durationMs',
      'results',
      'openLoop',
      'control',
      'scaling',
      'crossovers',
      'gaps',
      'noise',
    ])
    expect(report).toMatchObject({ schema: 'evloop/bench@1', tool: { name: 'evloop' }, seed: 7 })
    expect(report.gaps.filter(({ outcome }) => outcome === 'failed')).toEqual([])
    const names = [...report.results, ...report.gaps].map(({ workload, backend }) => `${workload} ${backend}`)
    expect(new Set(names)).toEqual(
      new Set(
        backendWorkloadNames.flatMap((workload) =>
          ['epoll', 'io_uring', 'poll', 'select'].map((backend) => `${workload} ${backend}`),
        ),
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
    // In every case one is the fastest, and the others are held against it.
    const cases = new Map<string, number>()
    for (const { workload, variant = '', ratio } of report.results) {
      const key = `${workload} ${variant}`
      cases.set(key, (cases.get(key) ?? 0) + Number(ratio === undefined))
    }
    expect([...cases.values()].every((fastest) => fastest === 1)).toBe(true)
    expect(report.control).toHaveLength(cases.size)
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
    const run = await bench(['--fds', '10000', '-w', 'idle,libevent'], few)
    expect({ exitCode: run.exitCode, stdout: run.stdout }).toEqual({ exitCode: 2, stdout: '' })
    const [, fits = ''] = /room for --fds (\d+) .*\n$/.exec(run.stderr) ?? []
    expect(Number(fits)).toBeGreaterThan(0)
    const fitting = await bench(['--fds', fits, '-w', 'idle,libevent', '-d', '0.1', '-f', 'json'], few)
    expect(fitting).toMatchObject({ exitCode: 0, stderr: '' })
    const { results, gaps } = benchReportOf(fitting)
    expect(results.map(({ fds: size }) => size)).toEqual(candidates.map(() => Number(fits)))
    // What needs more descriptors than that has a gap that says so.
    expect(gaps.map(({ workload, outcome }) => `${workload} ${outcome}`)).toEqual(
      candidates.map(() => 'libevent unsupported'),
    )
    const more = await bench(['--fds', String(Number(fits) + 1), '-w', 'idle', '-d', '0.1'], few)
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
    expect(results.map(({ backend }) => backend)).toEqual(['epoll', 'io_uring', 'poll'])
    expect(gaps).toEqual([
      {
        workload: 'idle',
        backend: 'select',
        fds: 1100,
        outcome: 'unsupported',
        reason: expect.stringMatching(
          /^it cannot watch descriptors above 1023, and this needs some \d{4}$/,
        ) as string,
      },
    ])
  })
})

describe('bench of the workloads of a runtime', () => {
  const RUNTIME = runtimeWorkloadNames.join(',')
  const overFibers = runtimeWorkloadNames.filter((name) => name !== 'pool')

  it('measures them call by call beside others, over every backend, and shows what fibers add', async () => {
    const args = [...FEW, '-w', `wake,${RUNTIME}`]
    const run = await bench([...args, '-f', 'json'])
    expect({ exitCode: run.exitCode, stderr: run.stderr }).toEqual({ exitCode: 0, stderr: '' })
    const { results, gaps, driver } = benchReportOf(run)
    expect(gaps).toEqual([])
    for (const { workload, driver: used } of results) {
      expect([workload, used]).toEqual([workload, workload === 'wake' ? driver.name : 'ffi'])
    }
    const names = results.map(({ workload, variant = '', backend }) => `${workload} ${variant} ${backend}`)
    const variants = [
      ...overFibers.flatMap((name) => [`${name} bare`, `${name} fibers`]),
      'pool round trip',
      'pool 1000 at once',
    ]
    const all = ['wake ', ...variants].flatMap((one) => candidates.map((backend) => `${one} ${backend}`))
    expect(names.toSorted()).toEqual(all.toSorted())
    const table = await bench(args)
    const [, added = ''] = table.stdout.split('what fibers add')
    for (const name of overFibers) expect(added).toMatch(new RegExp(`^${name} +epoll `, 'm'))
    expect(added).toMatch(/^jobs that were stolen +backend/m)
  })

  it('has them in userspace, but for what needs TCP or threads', async () => {
    const run = await bench([...FEW, '-w', RUNTIME, '-b', 'userspace', '-f', 'json'])
    expect({ exitCode: run.exitCode, stderr: run.stderr }).toEqual({ exitCode: 0, stderr: '' })
    const { results, gaps } = benchReportOf(run)
    const measured = new Set(results.map(({ workload }) => workload))
    expect([...measured]).toEqual(['fiber', 'fiber-io', 'fibers-idle'])
    expect(gaps.map(({ workload, outcome }) => `${workload} ${outcome}`)).toEqual([
      'echo-fibers unsupported',
      'echo-fibers unsupported',
      'pool unsupported',
      'pool unsupported',
    ])
  })

  it('says how many descriptors fit where all backends have connections at once, and those do fit', async () => {
    const few: RunOptions = { through: ['prlimit', '--nofile=300:300'] }
    const args = ['-w', 'echo-fibers,fibers-idle', '-d', '0.1', '--rounds', '2']
    const run = await bench(['--fds', '10000', ...args], few)
    expect({ exitCode: run.exitCode, stdout: run.stdout }).toEqual({ exitCode: 2, stdout: '' })
    const [, fits = ''] = /room for --fds (\d+) .*\n$/.exec(run.stderr) ?? []
    // fibers-idle needs one for each, by hand and by fibers, and backends share them.
    expect(Number(fits)).toBeGreaterThan(50)
    const fitting = benchReportOf(await bench(['--fds', fits, ...args, '-f', 'json'], few))
    expect(new Set(fitting.results.map(({ workload }) => workload))).toEqual(new Set(['fibers-idle']))
    const [, echoes = ''] = /room for --fds (\d+)$/.exec(fitting.gaps[0]?.reason ?? '') ?? []
    expect(Number(echoes)).toBeGreaterThan(5)
    const echoing = await bench(['--fds', echoes, ...args, '-f', 'json'], few)
    expect({ exitCode: echoing.exitCode, stderr: echoing.stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(benchReportOf(echoing).gaps).toEqual([])
  })

  it('names them in its help, as what is measured for who names it', async () => {
    const { stdout } = await bench(['--help'])
    const [, help = ''] = /--workload <list>(.*?) -n,/s.exec(stdout) ?? []
    for (const name of runtimeWorkloadNames) expect(help.replaceAll(/\s+/g, ' ')).toContain(name)
  })
})

describe.skipIf(!hasCompiler)('bench of a library with a bug (needs a C compiler)', () => {
  it('exits 1, and shows the failure in the table', async () => {
    const lib = compileLibrary('faults/go-deaf')
    const run = await bench([...FEW, '-w', 'wake', '-b', 'epoll', '--lib', lib])
    expect(run).toMatchObject({ exitCode: 1, stderr: '' })
    expect(run.stdout).toMatch(/^wake +epoll +1 +failed$/m)
    expect(run.stdout).toMatch(
      /^failed: wake on epoll: step 2 of 3, cycle \d+: epoll_wait.*expected 1, actual 0$/m,
    )
  })

  it.each(['faults/go-deaf', 'mutants/duplicate-events'])(
    'has no figure of a runtime over it, and does not wait for ever: %s',
    async (fault) => {
      const lib = compileLibrary(fault)
      const workloads = ['fiber-io', 'fibers-idle', 'echo-fibers']
      const run = await bench([
        ...FEW,
        '-w',
        workloads.join(','),
        '-b',
        'epoll,poll',
        '-f',
        'json',
        '--lib',
        lib,
      ])
      expect({ exitCode: run.exitCode, stderr: run.stderr }).toEqual({ exitCode: 1, stderr: '' })
      const { gaps, results } = benchReportOf(run)
      expect(
        gaps.map(({ workload, variant, backend, outcome }) => [workload, variant, backend, outcome]),
      ).toEqual(
        workloads.flatMap((workload) =>
          ['bare', 'fibers'].map((variant) => [workload, variant, 'epoll', 'failed']),
        ),
      )
      expect(new Set(results.map(({ backend }) => backend))).toEqual(new Set(['poll']))
    },
  )

  it('finds events that come twice, in all that counts them', async () => {
    const lib = compileLibrary('mutants/duplicate-events')
    const run = await bench([...FEW, '-b', 'epoll,poll', '-f', 'json', '--lib', lib])
    expect(run.exitCode).toBe(1)
    const failed = benchReportOf(run).gaps.filter(({ outcome }) => outcome === 'failed')
    const counting = ['wake', 'wake-thread', 'idle', 'ready', 'dispatch', 'rearm', 'eof', 'echo', 'libevent']
    expect(new Set(failed.map(({ workload, backend }) => `${workload} ${backend}`))).toEqual(
      new Set(counting.map((workload) => `${workload} epoll`)),
    )
    for (const { events } of failed) expect(events?.duplicate).toBeGreaterThan(0)
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
