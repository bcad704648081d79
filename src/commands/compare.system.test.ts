import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { CompareReport } from '../measure/compare/report.ts'
import type { BenchReport } from '../measure/report.ts'
import { benchReport, environment, measuredResult, roundsAround, verifyReport } from '../testing/reports.ts'
import { benchReportOf, runEvloop } from '../testing/run-evloop.ts'
import type { Run } from '../testing/run-evloop.ts'
import { temporaryDirectory } from '../testing/temporary-directory.ts'

const directory = temporaryDirectory()
const path = (name: string): string => join(directory, name)
const compare = async (...args: readonly string[]): Promise<Run> => await runEvloop(['compare', ...args])

/** Saves something, a report for the most part, and returns the name of the file. */
function save(name: string, content: object | string): string {
  writeFileSync(path(name), typeof content === 'string' ? content : JSON.stringify(content, null, 2))
  return path(name)
}

const reportAround = (medianNs: number, over: Partial<BenchReport> = {}): BenchReport =>
  benchReport([measuredResult(roundsAround(medianNs, 0.01, 30, medianNs))], over)

const base = save('base.json', reportAround(1000))
const slower = save('slower.json', reportAround(1100))
const faster = save('faster.json', reportAround(900))
const whole = readFileSync(base, 'utf8')

describe('compare', () => {
  it('shows a table, and exits 0 whatever changed unless it is told to fail on it', async () => {
    const run = await compare(base, slower, faster)
    expect(run).toMatchObject({ exitCode: 0, stderr: '' })
    expect(run.stdout).toMatch(/^wake +epoll +1 +1\.00 us ± \d % +1\.10 us ± \d % +\+10\.\d % .* slower$/m)
    expect(run.stdout).toMatch(/^wake +epoll +1 .* -10\.\d % .* faster$/m)
  })

  it('writes one JSON document with a comparison for every file', async () => {
    const run = await compare(base, slower, faster, '-f', 'json', '--fail-on', '5 %')
    expect({ exitCode: run.exitCode, stderr: run.stderr }).toEqual({ exitCode: 1, stderr: '' })
    const report = JSON.parse(run.stdout) as CompareReport
    expect(report).toMatchObject({
      schema: 'evloop/compare@1',
      base: { file: base },
      gate: { limit: 0.05, outcome: 'failed', beyond: 1, within: 1, undecided: 0 },
    })
    expect(report.others.map(({ file, comparisons }) => [file, comparisons[0]?.verdict])).toEqual([
      [slower, 'slower'],
      [faster, 'faster'],
    ])
  })

  it.each([
    ['faster.json', '5%', 0],
    ['slower.json', '20%', 0],
    ['slower.json', '5%', 1],
    ['slower.json', '10%', 4],
    ['elsewhere.json', '5%', 4],
    ['nothing.json', '5%', 4],
  ])('holds %s against a limit of %s and exits %d', async (file, limit, exitCode) => {
    const platform = { ...environment.platform, kernel: '7.0.0' }
    save('elsewhere.json', reportAround(2000, { environment: { ...environment, platform } }))
    save('nothing.json', benchReport([]))
    const run = await compare(base, path(file), '--fail-on', limit)
    expect({ exitCode: run.exitCode, stderr: run.stderr }).toEqual({ exitCode, stderr: '' })
    expect(run.stdout).toMatch(/\nLimit of \d+ %: (passed|failed|undecided): .*\n$/)
  })

  it('compares what was interrupted, with a warning', async () => {
    const interrupted = save('interrupted.json', reportAround(1000, { interrupted: true }))
    const run = await compare(base, interrupted)
    expect(run).toMatchObject({
      exitCode: 0,
      stderr: `evloop: ${interrupted} was interrupted: it does not have every figure\n`,
    })
    expect(await compare(base, interrupted, '-q')).toMatchObject({ exitCode: 0, stderr: '' })
  })

  it('compares the backends that are asked for', async () => {
    const run = await compare(base, slower, '-b', 'poll', '--fail-on', '5%')
    expect(run.exitCode).toBe(4)
    expect(run.stdout).toContain('There is nothing to compare.')
  })

  it('says in its help what its exit codes are', async () => {
    const { stdout } = await compare('--help')
    for (const code of [0, 1, 2, 4]) expect(stdout).toMatch(new RegExp(`^  ${code}  `, 'm'))
  })
})

/** Files that are no reports, or not good ones, and what is said of them. */
const badFiles: readonly (readonly [name: string, make: (file: string) => void, reason: string])[] = [
  ['missing', () => undefined, 'there is no such file'],
  ['empty', (file) => writeFileSync(file, ''), 'it is empty'],
  ['truncated', (file) => writeFileSync(file, whole.slice(0, whole.length / 2)), 'its end is missing'],
  ['words', (file) => writeFileSync(file, 'hello'), 'it is not JSON: Unexpected token'],
  ['array', (file) => writeFileSync(file, '[]'), 'it is not a bench report, but an array of 0'],
  [
    'verify',
    (file) => writeFileSync(file, JSON.stringify(verifyReport([]))),
    'it is a report of evloop verify, not of evloop bench',
  ],
  [
    'newer',
    (file) => writeFileSync(file, whole.replace('bench@1', 'bench@2')),
    'its schema is evloop/bench@2',
  ],
  [
    'nan',
    (file) => writeFileSync(file, whole.replace(/"p50Ns": [\d.]+/, '"p50Ns": NaN')),
    'it is not JSON: ',
  ],
  [
    'negative',
    (file) => writeFileSync(file, whole.replace(/"p50Ns": /, '"p50Ns": -')),
    'results[0].p50Ns is -1000; expected at least 0',
  ],
  [
    'absurd',
    (file) => writeFileSync(file, whole.replace(/"maxNs": [\d.]+/, '"maxNs": 1e308')),
    'results[0].maxNs is 1e+308; expected at most 1000000000000000000',
  ],
  [
    'escapes',
    (file) => writeFileSync(file, whole.replace('"evloop"', String.raw`"\u001b[31mred"`)),
    String.raw`tool.name is "\u001b[31mred"; expected "evloop"`,
  ],
  ['escapes\u001B[31m', (file) => writeFileSync(file, '\u001B[31m'), 'it is not JSON: '],
  ['directory', (file) => mkdirSync(file), 'it is a directory'],
  ['pipe', (file) => execFileSync('mkfifo', [file]), 'it is a pipe; save the report to a file first'],
  [
    'gigabyte',
    (file) => {
      writeFileSync(file, whole)
      truncateSync(file, 2 ** 30)
    },
    'it is larger than 64 MB, which no report is',
  ],
]

describe('a file that is no good report', () => {
  it.each(badFiles)(
    'is refused in one line, with its name and what is wrong: %j',
    async (name, make, reason) => {
      const file = path(`bad ${name}`)
      make(file)
      const run = await compare(base, file)
      expect({ ...run, stderr: '' }).toEqual({ exitCode: 2, signal: null, stdout: '', stderr: '' })
      // One line, with nothing in it that a terminal would obey.
      expect(run.stderr).toMatch(/^evloop: \P{Cc}+\n$/u)
      const shown = file.replace('\u001B', String.raw`\x1b`)
      expect(run.stderr.startsWith(`evloop: ${shown}: ${reason}`)).toBe(true)
    },
  )

  it('is refused as the base, and as the baseline of bench before anything is measured', async () => {
    const bad = save('bad base', '{')
    const told = { exitCode: 2, stdout: '', stderr: `evloop: ${bad}: its end is missing\n` }
    expect(await compare(bad, base)).toMatchObject(told)
    // It would take ten minutes.
    expect(await runEvloop(['bench', '--baseline', bad, '--duration', '600'])).toMatchObject(told)
  })

  it('may be the second of several', async () => {
    const run = await compare(base, slower, path('none'))
    expect(run).toMatchObject({
      exitCode: 2,
      stdout: '',
      stderr: `evloop: ${path('none')}: there is no such file\n`,
    })
  })
})

describe('bench --baseline', () => {
  const bench = async (...args: readonly string[]): Promise<Run> =>
    await runEvloop(['bench', '-w', 'wake', '-b', 'poll', '--rounds', '12', '-d', '2', ...args])

  /** The same run on a machine that is so many times slower, without noise. */
  function slowed(report: BenchReport, factor: number): BenchReport {
    const results = report.results.map(
      ({ medianNs, workload, backend, fds, active, driver, eventsPerCycle }) =>
        measuredResult(roundsAround(factor * medianNs), {
          workload,
          backend,
          fds,
          active,
          driver,
          eventsPerCycle,
        }),
    )
    return { ...report, results, control: [] }
  }

  it('shows the comparison below the figures, and has the exit codes of compare', async () => {
    const first = await bench('-f', 'json')
    expect(first.exitCode).toBe(0)
    const report = benchReportOf(first)
    const slow = save('slow.json', slowed(report, 100))
    const quick = save('quick.json', slowed(report, 0.01))
    const other = save('other.json', { ...slowed(report, 0.01), timerSlackNs: 1 })

    const passed = await bench('--baseline', slow, '--fail-on', '5%')
    expect(passed).toMatchObject({ exitCode: 0, stderr: '' })
    expect(passed.stdout).toMatch(
      /evloop bench[^]*\nevloop compare · base [^]* faster\n[^]*\nLimit of 5 %: passed/,
    )

    const failed = await bench('--baseline', quick, '--fail-on', '5%', '-f', 'json')
    expect({ exitCode: failed.exitCode, stderr: failed.stderr }).toEqual({ exitCode: 1, stderr: '' })
    expect(benchReportOf(failed).baseline).toMatchObject({
      schema: 'evloop/compare@1',
      base: { file: quick },
      others: [{ file: 'this run' }],
      gate: { outcome: 'failed' },
    })
    // What was compared is a report too, and may be the next baseline.
    const next = save('next.json', failed.stdout)
    expect(await compare(next, next)).toMatchObject({ exitCode: 0, stderr: '' })

    expect(await bench('--baseline', other, '--fail-on', '5%')).toMatchObject({ exitCode: 4, stderr: '' })
    expect(await bench('--baseline', quick)).toMatchObject({ exitCode: 0, stderr: '' })
  })
})
