import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { FuzzReport, FoundDifference } from '../conformance/fuzz/report.ts'
import { compileLibrary, hasCompiler } from '../testing/compile.ts'
import { runEvloop } from '../testing/run-evloop.ts'
import { temporaryDirectory } from '../testing/temporary-directory.ts'

const directory = temporaryDirectory()

/** What a run without difference gives, of which a run is quick. */
const few = ['fuzz', '--backend', 'epoll', '--runs', '200']

const reportOf = ({ stdout }: { readonly stdout: string }): FuzzReport => JSON.parse(stdout) as FuzzReport

async function found(library: string, ...args: readonly string[]): Promise<FoundDifference> {
  const lib = ['--lib', compileLibrary(library)]
  const run = await runEvloop([...few, '--runs', '10000', '--seed', '1', '--format', 'json', ...lib, ...args])
  expect([run.exitCode, run.stderr]).toEqual([1, ''])
  const { difference } = reportOf(run).results[0] ?? {}
  if (difference === undefined) throw new Error('nothing was found')
  return difference
}

test('says how much was played, and that there is no difference', async () => {
  const run = await runEvloop([...few, '--seed', '3'])
  expect(run).toMatchObject({ exitCode: 0, stderr: '' })
  expect(run.stdout).toContain('seed 3')
  expect(run.stdout).toMatch(/epoll +200 +[\d,]+ +\S+ m?s +[\d,]+ +no difference/)
})

test('several backends: each plays its programs, and says which documented differences it needed', async () => {
  const run = await runEvloop([...few, '--backend', 'poll,select', '--seed', '1', '--format', 'json'])
  expect(run.exitCode).toBe(0)
  const { results, schema, seed } = reportOf(run)
  expect([schema, seed]).toEqual(['evloop/fuzz@1', 1])
  expect(results.map(({ backend, programs }) => [backend, programs])).toEqual([
    ['poll', 200],
    ['select', 200],
  ])
  expect(results[0]?.rules.map(({ id }) => id)).toContain('trigger-absent')
})

test('without a seed there is one all the same, which is told', async () => {
  const [one, other] = await Promise.all(
    [1, 2].map(async () => await runEvloop([...few, '--format', 'json'])),
  )
  expect(reportOf(one ?? { stdout: '' }).seed).not.toBe(reportOf(other ?? { stdout: '' }).seed)
})

test('a duration ends it', async () => {
  const run = await runEvloop(['fuzz', '--backend', 'epoll', '--duration', '5', '--format', 'json'])
  expect(run.exitCode).toBe(0)
  const [result] = reportOf(run).results
  expect(result?.programs).toBeGreaterThan(0)
  expect(result?.durationMs).toBeGreaterThanOrEqual(5000)
  expect(result?.durationMs).toBeLessThan(40_000)
})

test('Ctrl-C ends it, with what was played by then', async () => {
  const run = await runEvloop(['fuzz', '--backend', 'epoll', '--duration', '60', '--format', 'json'], {
    onStart: (child) => setTimeout(() => child.kill('SIGINT'), 3000),
  })
  expect(run.exitCode).toBe(130)
  expect(reportOf(run).interrupted).toBe(true)
})

test.each<[string, readonly string[], RegExp]>([
  ['the model itself', ['--backend', 'userspace'], /userspace is the model/],
  ['a seed that is none', ['--seed', '-1'], /whole number from 0/],
  ['no programs', ['--runs', '0'], /whole number of at least 1/],
  ['a backend that is not here', ['--backend', 'kqueue', '--runs', '10'], /kqueue/],
  ['a file that cannot be written', ['--output', '/nowhere/at/all.json'], /cannot be written/],
])('%s is exit 2', async (_, args, message) => {
  const run = await runEvloop(['fuzz', ...args])
  expect(run.exitCode).toBe(2)
  expect(run.stderr).toMatch(message)
  expect(run.stdout).toBe('')
})

test('64 descriptors are enough', async () => {
  const run = await runEvloop(few, { through: ['prlimit', '--nofile=64'] })
  expect(run).toMatchObject({ exitCode: 0, stderr: '' })
  expect(run.stdout).toContain('no difference')
})

test('it needs no directory of its own in a place that is not there', async () => {
  const run = await runEvloop(few, { env: { TMPDIR: '/nowhere' } })
  expect(run).toMatchObject({ exitCode: 0, stderr: '' })
})

describe.skipIf(!hasCompiler)('with a library that is wrong', () => {
  test('a backend that is there and cannot be opened differs', async () => {
    const difference = await found('faults/epoll-emfile')
    expect(difference).toMatchObject({ actual: 'EMFILE', expected: '#0' })
  })

  test('the difference is short, is the same however many play, and is saved for evloop run', async () => {
    const file = join(directory, 'found.json')
    const library = compileLibrary('mutants/edge-as-level')
    const first = await found('mutants/edge-as-level', '--output', file, '--jobs', '1')
    expect(first.scenario.steps.length).toBeLessThanOrEqual(8)
    expect(first.foundSteps).toBeGreaterThanOrEqual(first.scenario.steps.length)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(first.scenario)
    const again = await found('mutants/edge-as-level', '--jobs', '3')
    expect(again).toEqual(first)

    // Played again it fails with the library, and not without.
    const wrong = await runEvloop(['run', file, '--lib', library])
    expect([wrong.exitCode, wrong.stderr]).toEqual([1, ''])
    expect(await runEvloop(['run', file])).toMatchObject({ exitCode: 0, stderr: '' })
  })

  test('a crash is found, and made short', async () => {
    const difference = await found('faults/crash-with-two')
    expect(difference.actual).toBe('the process ends: SIGSEGV')
    expect(difference.scenario.steps.length).toBeLessThanOrEqual(8)
  })

  test('a hang is found, and made short', async () => {
    const difference = await found('faults/hang-with-room-for-two', '--timeout', '2')
    expect(difference.actual).toBe('it hangs, and was killed')
    expect(difference.scenario.steps.length).toBeLessThanOrEqual(8)
  }, 120_000)

  test('a library that ends the process before anything is played is exit 2', async () => {
    const run = await runEvloop([...few, '--lib', compileLibrary('faults/crash-on-load')])
    expect([run.exitCode, run.stdout]).toEqual([2, ''])
    expect(run.stderr).toContain('crash-on-load')
  })
})
