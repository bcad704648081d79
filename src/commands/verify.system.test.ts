import { randomUUID } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { candidateBackends } from '../backends/index.ts'
import { outcomes } from '../conformance/check.ts'
import type { CheckResult } from '../conformance/check.ts'
import { checksOf } from '../conformance/checks/index.ts'
import { openLibc } from '../libc/libc.ts'
import { compileLibrary, hasCompiler } from '../testing/compile.ts'
import { runEvloop, verifyReportOf } from '../testing/run-evloop.ts'
import type { Run, RunOptions } from '../testing/run-evloop.ts'
import { temporaryDirectory } from '../testing/temporary-directory.ts'

const directory = temporaryDirectory()
const verify = async (args: readonly string[] = [], options: RunOptions = {}): Promise<Run> =>
  await runEvloop(['verify', ...args], options)

describe('verify', () => {
  it('finds nothing wrong with this machine, and writes one JSON document and nothing else', async () => {
    const run = await verify(['--format', 'json'])
    expect({ exitCode: run.exitCode, stderr: run.stderr }).toEqual({ exitCode: 0, stderr: '' })
    const report = verifyReportOf(run)
    expect(Object.keys(report)).toEqual([
      'schema',
      'tool',
      'environment',
      'startedAt',
      'durationMs',
      'results',
      'summary',
    ])
    expect(report).toMatchObject({ schema: 'evloop/verify@1', tool: { name: 'evloop' } })
    expect(report.environment.schema).toBe('evloop/probe@1')
    expect(new Date(report.startedAt).toISOString()).toBe(report.startedAt)
    for (const result of report.results) {
      expect(Object.keys(result)).toEqual(
        expect.arrayContaining(['id', 'family', 'backend', 'level', 'outcome', 'durationMs']),
      )
      expect(['pass', 'unsupported', 'diverges']).toContain(result.outcome)
    }
    expect(Object.keys(report.summary)).toEqual([...outcomes])
    const sum = Object.values(report.summary).reduce((a, b) => a + b, 0)
    expect(sum).toBe(report.results.length)
    expect(report.results.map(({ backend, id }) => `${backend} ${id}`).toSorted()).toEqual(
      candidateBackends(openLibc())
        .flatMap((backend) => checksOf(backend).map((id) => `${backend} ${id}`))
        .toSorted(),
    )
  })

  it('runs the checks of the backends that are asked for', async () => {
    const { results } = verifyReportOf(await verify(['-b', 'select,poll', '--only', 'poller', '-f', 'json']))
    expect([...new Set(results.map(({ backend }) => backend))]).toEqual(['select', 'poll'])
  })

  it('writes a file whole, and then nothing to stdout', async () => {
    const file = join(directory, 'whole', 'report.json')
    mkdirSync(join(directory, 'whole'))
    const run = await verify(['-b', 'poll', '--only', 'poller', '-f', 'json', '-o', file])
    expect(run).toEqual({ exitCode: 0, signal: null, stdout: '', stderr: '' })
    expect(verifyReportOf({ ...run, stdout: readFileSync(file, 'utf8') }).schema).toBe('evloop/verify@1')
    expect(readdirSync(join(directory, 'whole'))).toEqual(['report.json'])
  })

  it('has colour if it is told to, and not where nobody looks or NO_COLOR asks for none', async () => {
    const colored = async (args: readonly string[], env: RunOptions['env'] = {}): Promise<boolean> =>
      (await verify(['-b', 'poll', '--only', 'poller.errors', ...args], { env })).stdout.includes('\u001B[')
    expect(await colored([])).toBe(false)
    expect(await colored(['--color'])).toBe(true)
    expect(await colored(['--color'], { NO_COLOR: '1' })).toBe(true)
    expect(await colored(['--no-color'], { FORCE_COLOR: '1' })).toBe(false)
  })

  it('works with 64 descriptors; what does not is unsupported, with the reason', async () => {
    const run = await verify(['-f', 'json'], { through: ['prlimit', '--nofile=64:64'] })
    expect({ exitCode: run.exitCode, stderr: run.stderr }).toEqual({ exitCode: 0, stderr: '' })
    const unsupported = verifyReportOf(run).results.filter(({ outcome }) => outcome === 'unsupported')
    expect(unsupported.map(({ id }) => id)).toContain('poller.large-fd')
    // What is unsupported for another reason is so with any number of descriptors.
    const others = unsupported.filter(({ message = '' }) => !/descriptors/.test(message))
    const ids = [...new Set(others.map(({ id }) => id))]
    const again =
      ids.length === 0 ? [] : verifyReportOf(await verify(['-f', 'json', '--only', ids.join()])).results
    const keysOf = (results: readonly CheckResult[]): string[] =>
      results.map(({ backend, id, outcome, message }) => `${backend} ${id} ${outcome} ${message}`)
    expect(keysOf(again)).toEqual(expect.arrayContaining(keysOf(others)))
  })
})

describe.runIf(hasCompiler)('verify that is interrupted', () => {
  /** Interrupts a run when it has come to the check that hangs, as the key of a terminal does if `group`. */
  async function interrupted(args: readonly string[], { group }: { group: boolean }): Promise<Run> {
    const mark = join(directory, `mark ${randomUUID()}`)
    const lib = compileLibrary('faults/hang-in-wait')
    return await verify(['--only', 'epoll.lt,loop', '--jobs', '1', '--lib', lib, ...args], {
      env: { MARK: mark },
      group,
      onStart: (child) => {
        const watch = setInterval(() => {
          if (!existsSync(mark) || child.pid === undefined) return
          clearInterval(watch)
          process.kill(group ? -child.pid : child.pid, 'SIGINT')
        }, 20)
        child.once('close', () => clearInterval(watch))
      },
    })
  }

  it.each([{ group: false }, { group: true }])(
    'exits 130, with what it has as one JSON document (whole process group: $group)',
    async ({ group }) => {
      const run = await interrupted(['-f', 'json'], { group })
      expect({ exitCode: run.exitCode, stderr: run.stderr }).toEqual({ exitCode: 130, stderr: '' })
      const { interrupted: marked, results, summary } = verifyReportOf(run)
      const all = checksOf('epoll').filter((id) => /^(epoll\.lt|loop)\./.test(id))
      expect(marked).toBe(true)
      // All that came before the check that hung, which has no result itself.
      expect(results.map(({ id }) => id)).toEqual(all.slice(0, all.indexOf('epoll.lt.rcvlowat')))
      expect(summary.pass).toBe(results.length)
    },
  )

  it('says in the table that something is missing', async () => {
    const run = await interrupted(['-o', join(directory, 'interrupted')], { group: false })
    expect(run).toMatchObject({ exitCode: 130, stdout: '', stderr: '' })
    expect(readFileSync(join(directory, 'interrupted'), 'utf8')).toContain(
      'Interrupted: not everything was checked.',
    )
  })
})

describe.runIf(hasCompiler)('text from elsewhere', () => {
  it('never reaches the terminal with control characters: the paths of libraries', async () => {
    const library = join(directory, 'lib\u001B]0;owned\u0007\u009B31m.so')
    copyFileSync(compileLibrary('mutants/rdhup-dropped'), library)
    for (const args of [['--lib', library], []]) {
      const env = args.length === 0 ? { LD_PRELOAD: library } : {}
      for (const format of ['table', 'json']) {
        for (const command of [['verify', '--only', 'loop.half-close'], ['probe']]) {
          const run = await runEvloop([...command, '-b', 'poll', '-v', '-f', format, ...args], { env })
          expect(run.stdout + run.stderr).not.toMatch(/(?!\n)\p{Cc}/u)
        }
      }
    }
  })

  it('is what a fault library that is preloaded makes of it: it counts as well as one that is asked for', async () => {
    const env = { LD_PRELOAD: compileLibrary('mutants/edge-as-level') }
    const { results } = verifyReportOf(
      await verify(['-b', 'epoll', '--only', 'poller', '-f', 'json'], { env }),
    )
    expect(results.filter(({ outcome }) => outcome === 'fail').map(({ id }) => id)).toContain('poller.edge')
  })
})
