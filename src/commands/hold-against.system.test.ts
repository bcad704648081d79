import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadExpectations } from '../conformance/saved/load.ts'
import { compileLibrary, hasCompiler } from '../testing/compile.ts'
import { runEvloop, verifyReportOf } from '../testing/run-evloop.ts'
import type { Run } from '../testing/run-evloop.ts'
import { temporaryDirectory } from '../testing/temporary-directory.ts'

const directory = temporaryDirectory()
const path = (name: string): string => join(directory, name)

/** Two checks, of which a library that drops RDHUP fails the first. */
const ONLY = 'ready.unix-stream.peer-shut-wr,epoll.lt.basic-in'
const verify = async (...args: readonly string[]): Promise<Run> =>
  await runEvloop(['verify', '-b', 'epoll', '--only', ONLY, ...args])
const faulty = (): readonly string[] => ['--lib', compileLibrary('mutants/rdhup-dropped')]
const write = (name: string, document: unknown): string => {
  writeFileSync(path(name), JSON.stringify(document))
  return path(name)
}
const expectations = (...entries: object[]): unknown => ({ schema: 'evloop/expect@1', expectations: entries })

describe('a file to hold a run against', () => {
  it.each([
    [['--expect', path('nope')], /^evloop: --expect \S+: there is no such file \(.*\)\n$/],
    [['--expect', 'gvisor', '--expect', 'qemu-aarch64'], /It was given before, as gvisor: .* one file\.\n$/],
    [['--list', '-f', 'junit'], /^evloop: there is no list format "junit" \(list formats: table, json\)\n$/],
    [['--against', path('nope')], /^evloop: \S+: there is no such file\n$/],
    [['--expect', write('bad', [])], /^evloop: \S+: it is not an expectation file, but an array of 0\n$/],
    [
      ['--against', write('other', expectations())],
      /^evloop: \S+: it is an expectation file, not a verify report\n$/,
    ],
    [
      ['--write-expect', write('thesis', { text: 'x' })],
      /^evloop: \S+: it is not an expectation file: schema is missing\n$/,
    ],
    [
      ['--write-expect', '/nonexistent/x'],
      /^evloop: --write-expect \/nonexistent\/x cannot be written: .*\n$/,
    ],
    [['--expect', 'x', '--against', 'y'], /^evloop: --against and --expect do not go together \(.*\)\n$/],
    [['--strict', '--against', 'y'], /^evloop: --against and --strict do not go together \(.*\)\n$/],
  ])('ends it before it begins where it cannot be used: %j', async (args, stderr) => {
    const run = await verify(...args)
    expect({ exitCode: run.exitCode, stdout: run.stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(run.stderr).toMatch(stderr)
  })
})

describe.runIf(hasCompiler)('--expect', () => {
  it('makes an expected failure of a failure that is known, and exits with 0', async () => {
    const file = write(
      'known.json',
      expectations({ id: 'ready.unix-stream.*', outcome: 'fail', reason: 'RDHUP is dropped' }),
    )
    const run = await verify(...faulty(), '--expect', file, '-f', 'json')
    expect({ exitCode: run.exitCode, stderr: run.stderr }).toEqual({ exitCode: 0, stderr: '' })
    const { results, summary, expectations: held } = verifyReportOf(run)
    expect(summary).toMatchObject({ fail: 1, expected: 1, unexpected: 0 })
    expect(held).toEqual({ file, unknown: [] })
    expect(results.find(({ outcome }) => outcome === 'fail')).toMatchObject({
      expectedBy: { id: 'ready.unix-stream.*', reason: 'RDHUP is dropped' },
    })
    const table = await verify(...faulty(), '--expect', file)
    expect(table.exitCode).toBe(0)
    expect(table.stdout).toContain('1 expected failure')
  })

  it('takes an unexpected failure, and an unexpected pass, for findings', async () => {
    const none = await verify(...faulty(), '--expect', write('none.json', expectations()))
    expect(none.exitCode).toBe(1)
    const file = write(
      'passes.json',
      expectations({ id: 'epoll.lt.basic-in', outcome: 'fail', reason: 'old' }),
    )
    const run = await verify('--expect', file)
    expect(run.exitCode).toBe(1)
    expect(run.stdout).toContain('unexpected pass epoll.lt.basic-in on epoll')
    expect(run.stdout).toContain('entry    epoll.lt.basic-in is to be fail: old')
  })

  it('says which entries are about no check', async () => {
    const file = write('slip.json', expectations({ id: 'epoll.lt.basic-inn', outcome: 'fail', reason: 'x' }))
    const run = await verify('--expect', file)
    expect(run.exitCode).toBe(0)
    expect(run.stdout).toContain('there is no check epoll.lt.basic-inn')
  })

  it('counts with --bail: what is expected stops nothing', async () => {
    const file = write('bail.json', expectations({ id: '*.peer-shut-wr', outcome: 'fail', reason: 'x' }))
    const run = await verify(...faulty(), '--bail', '--expect', file, '-f', 'json')
    expect(verifyReportOf(run)).not.toHaveProperty('stopped')
  })
})

describe.runIf(hasCompiler)('--write-expect', () => {
  it('makes a file that the same run meets, and keeps reasons that were written into it', async () => {
    const file = path('made.json')
    const first = await verify(...faulty(), '--write-expect', file)
    expect(first.exitCode).toBe(1)
    const made = loadExpectations(file)
    expect(made.expectations).toEqual([
      {
        id: 'ready.unix-stream.peer-shut-wr',
        backend: 'epoll',
        outcome: 'fail',
        reason: expect.stringMatching(/^expected .*, got /),
      },
    ])
    expect(made.madeOn?.library).toMatch(/rdhup-dropped/)
    expect((await verify(...faulty(), '--expect', file)).exitCode).toBe(0)

    const [entry] = made.expectations
    writeFileSync(
      file,
      JSON.stringify({ ...made, about: 'mine', expectations: [{ ...entry, reason: 'a better reason' }] }),
    )
    const again = await verify(...faulty(), '--expect', file, '--write-expect', file)
    expect(again.exitCode).toBe(0)
    expect(loadExpectations(file)).toMatchObject({
      about: 'mine',
      expectations: [{ reason: 'a better reason' }],
    })
  })

  it('writes nothing of a run that was not whole', async () => {
    const file = path('partial.json')
    const run = await verify(...faulty(), '--bail', '--write-expect', file)
    expect({ exitCode: run.exitCode, stderr: run.stderr }).toEqual({
      exitCode: 1,
      stderr: `evloop: ${file} was not written: not everything was checked\n`,
    })
    expect(existsSync(file)).toBe(false)
  })
})

describe.runIf(hasCompiler)('--against', () => {
  it('says what differs from another run, both sides, and nothing else', async () => {
    const file = path('there.json')
    await verify('-f', 'json', '-o', file)
    const run = await verify(...faulty(), '--against', file)
    expect(run.exitCode).toBe(1)
    expect(run.stdout).toMatch(/^against \S+there\.json · linux /m)
    expect(run.stdout).toContain('1 difference in 2 results.')
    expect(run.stdout).toMatch(/^failed here, ok there ready\.unix-stream\.peer-shut-wr on epoll/m)
    expect(run.stdout).toMatch(/^ {2}there {4}pass$/m)
    const json = await verify(...faulty(), '--against', file, '-f', 'json')
    const differing = verifyReportOf(json).results.filter(({ there }) => there !== undefined)
    expect(differing).toMatchObject([{ outcome: 'fail', there: { outcome: 'pass' } }])
  })

  it('finds no fault with what fails on both', async () => {
    const file = path('faulty.json')
    expect((await verify(...faulty(), '-f', 'json', '-o', file)).exitCode).toBe(1)
    expect(readFileSync(file, 'utf8')).toContain('"fail"')
    const run = await verify(...faulty(), '--against', file)
    expect(run.exitCode).toBe(0)
    expect(run.stdout).toContain('No difference in 2 results.')
  })
})
