/** What bench takes, and what it refuses before it has measured anything. */
import { describe, expect, it } from 'vitest'
import { benchReportOf, runEvloop } from '../testing/run-evloop.ts'
import type { Run } from '../testing/run-evloop.ts'

const BRIEF = ['-d', '0.1', '--rounds', '1', '-f', 'json'] as const
const bench = async (...args: readonly string[]): Promise<Run> => await runEvloop(['bench', ...args])

describe('bench refuses', () => {
  it.each([
    ['--fds', '0', 'a whole number of at least 1'],
    ['--fds', '-1', 'a whole number of at least 1'],
    ['--fds', 'abc', 'a whole number of at least 1'],
    ['--fds', '1e3', 'a whole number of at least 1'],
    ['--fds', '10,,100', 'numbers separated by commas'],
    ['--fds', '99999999999999999999', 'a whole number of at least 1'],
    ['--active', '0', 'a whole number of at least 1'],
    ['--events', '0', 'a whole number of at least 1'],
    ['--writes', '-1', 'a whole number of at least 0'],
    ['--rate', '0', 'a whole number from 1 to 1000000'],
    ['--rounds', '0', 'a whole number of at least 1'],
    ['--rounds', '1.5', 'a whole number of at least 1'],
    ['--duration', '0', 'a number above 0'],
    ['--seed', '-1', 'a whole number of at least 0'],
    [
      '--trigger',
      'sideways',
      'there is no trigger "sideways" (triggers: level, edge, oneshot, edge-oneshot)',
    ],
    ['--source', 'file', 'there is no source "file" (sources: eventfd, pipe, socketpair)'],
    ['--driver', 'c', 'there is no driver "c" (drivers: auto, replay, ffi)'],
    ['--workload', 'sleep', 'there is no workload "sleep"'],
    ['--cpu', '-1', 'a whole number of at least 0'],
  ])('%s %s', async (option, value, said) => {
    const run = await bench(`${option}=${value}`)
    expect({ exitCode: run.exitCode, stdout: run.stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(run.stderr).toMatch(/^evloop: [^\n]+\n$/)
    expect(run.stderr).toContain(said)
  })

  it('a processor that this process may not run on, and says which ones it may', async () => {
    const run = await bench('--cpu', '999')
    expect(run).toMatchObject({ exitCode: 2, stdout: '' })
    expect(run.stderr).toMatch(
      /^evloop: --cpu 999: this process may not run on that processor \(it may run on \d[\d, ]*\)\n$/,
    )
  })

  it('more descriptors than any process can have, without trying', async () => {
    const run = await bench('--fds', '999999999', '-w', 'idle')
    expect(run).toMatchObject({ exitCode: 2, stdout: '' })
    expect(run.stderr).toMatch(/^evloop: --fds 999999999 does not fit: .* leaves room for --fds \d+ /)
  })
})

describe('bench takes', () => {
  it('several sizes, and measures once what does not grow with them', async () => {
    const run = await bench('--fds', '100,2,10,02', '-w', 'idle,wake,echo', '-b', 'epoll,poll', ...BRIEF)
    expect(run).toMatchObject({ exitCode: 0, stderr: '' })
    const { results, settings, scaling, crossovers } = benchReportOf(run)
    expect(settings.fds).toEqual([2, 10, 100])
    expect(results.map(({ workload, backend, fds }) => `${workload} ${backend} ${fds}`).toSorted()).toEqual(
      [
        ...['epoll', 'poll'].flatMap((backend) => [2, 10, 100].map((fds) => `idle ${backend} ${fds}`)),
        ...['epoll', 'poll'].flatMap((backend) => [`wake ${backend} 1`, `echo ${backend} 2`]),
      ].toSorted(),
    )
    expect(scaling.map(({ workload, backend }) => `${workload} ${backend}`)).toEqual([
      'idle epoll',
      'idle poll',
    ])
    expect(JSON.stringify({ scaling, crossovers })).not.toContain('null')
  })

  it('exactly as many rounds as are asked for', async () => {
    const run = await bench('-w', 'wake,timeout', '-d', '0.1', '--rounds', '3', '-f', 'json')
    expect(run).toMatchObject({ exitCode: 0, stderr: '' })
    const { results } = benchReportOf(run)
    expect(results.map(({ rounds, roundNs }) => [rounds, roundNs.length])).toEqual(results.map(() => [3, 3]))
  })

  it('a processor to run on', async () => {
    const run = await bench('-w', 'wake,wake-thread', '--cpu', '0', ...BRIEF)
    expect(run).toMatchObject({ exitCode: 0, stderr: '' })
    expect(benchReportOf(run).settings.cpus).toEqual([0])
  })

  it('any number of events a wait, however large', async () => {
    const run = await bench('-w', 'idle,libevent,wake', '--events', '999999999', '--fds', '4', ...BRIEF)
    expect(run).toMatchObject({ exitCode: 0, stderr: '' })
    expect(benchReportOf(run).gaps).toEqual([])
  })

  it('--quick, and says so in its settings', async () => {
    const run = await bench('-w', 'wake', '-b', 'poll', '--quick', '-d', '0.1', '-f', 'json')
    expect(run).toMatchObject({ exitCode: 0, stderr: '' })
    const { settings, results } = benchReportOf(run)
    expect(settings.quick).toBe(true)
    expect(results[0]?.rounds).toBeLessThan(30)
  })

  it('a seed, and without one takes one and tells it', async () => {
    const [first, second] = await Promise.all([
      bench('-w', 'wake', '-b', 'poll', ...BRIEF),
      bench('-w', 'wake', '-b', 'poll', ...BRIEF),
    ])
    const seeds = [first, second].map((run) => benchReportOf(run).seed)
    expect(seeds.every((seed) => Number.isInteger(seed) && seed >= 0)).toBe(true)
    expect(seeds[0]).not.toBe(seeds[1])
    expect(benchReportOf(await bench('-w', 'wake', '-b', 'poll', '--seed', '7', ...BRIEF)).seed).toBe(7)
  })
})
