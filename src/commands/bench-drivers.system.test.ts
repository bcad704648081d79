/** Which driver bench uses, and what it says where it cannot have the one that it wants. */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { hasCompiler } from '../testing/compile.ts'
import { ownMounts } from '../testing/replayer.ts'
import { benchReportOf, runEvloop } from '../testing/run-evloop.ts'
import type { Run, RunOptions } from '../testing/run-evloop.ts'
import { temporaryDirectory } from '../testing/temporary-directory.ts'

const base = temporaryDirectory()
const BRIEF = ['-w', 'wake', '-b', 'epoll,poll', '-d', '0.1', '--rounds', '2'] as const

/** Runs bench with an empty cache of its own. */
async function bench(args: readonly string[], { env = {}, ...options }: RunOptions = {}): Promise<Run> {
  const XDG_CACHE_HOME = mkdtempSync(join(base, 'cache-'))
  return await runEvloop(['bench', ...BRIEF, ...args], { ...options, env: { XDG_CACHE_HOME, ...env } })
}

/** There is nothing on the search path: no compiler above all. */
const NO_COMPILER: RunOptions = { env: { PATH: mkdtempSync(join(base, 'bin-')), CC: undefined } }

describe('bench without a compiler and without a cache', () => {
  it('works with the ffi driver, says so and why, and shows the tax', async () => {
    const run = await bench([], NO_COMPILER)
    expect(run.exitCode).toBe(0)
    expect(run.stderr).toMatch(/^evloop: replayer: .*no C compiler could make it.*the ffi driver is used/m)
    expect(run.stdout).toMatch(/driver ffi/i)
    expect(run.stdout).toMatch(/the tax of each call \(/)
  })

  it('tells all that in its report too', async () => {
    const run = await bench(['-f', 'json'], NO_COMPILER)
    expect(run.exitCode).toBe(0)
    const { driver, results, callTax } = benchReportOf(run)
    expect(driver.name).toBe('ffi')
    expect(driver.reason).toContain('cc: not found')
    expect(callTax.baseNs).toBeGreaterThan(0)
    for (const { taxNs, driver: used } of results) {
      expect(used).toBe('ffi')
      expect(taxNs).toBeGreaterThan(0)
    }
  })

  it('is refused where --driver replay is asked for', async () => {
    const run = await bench(['--driver', 'replay'], NO_COMPILER)
    expect(run).toMatchObject({ exitCode: 2, stdout: '' })
    expect(run.stderr).toMatch(
      /^evloop: --driver replay: replayer: .* \(--driver auto takes the ffi driver then\)\n$/,
    )
  })

  it('has a gap for what needs threads, and figures for all else', async () => {
    const run = await bench(['-w', 'wake,wake-thread,herd', '-f', 'json', '-q'], NO_COMPILER)
    expect(run).toMatchObject({ exitCode: 0, stderr: '' })
    const { gaps, results } = benchReportOf(run)
    expect(new Set(results.map(({ workload }) => workload))).toEqual(new Set(['wake']))
    expect(new Set(gaps.map(({ outcome }) => outcome))).toEqual(new Set(['unsupported']))
  })
})

describe('bench --driver ffi', () => {
  it('uses it without a word of warning, because it was asked for', async () => {
    const run = await bench(['--driver', 'ffi', '-f', 'json'])
    expect(run).toMatchObject({ exitCode: 0, stderr: '' })
    expect(benchReportOf(run).driver).toEqual({ name: 'ffi', reason: 'it was asked for' })
  })
})

describe.skipIf(!hasCompiler)('bench with a compiler (needs one)', () => {
  it('compiles once, and finds what it has compiled the next time, with or without a compiler', async () => {
    const XDG_CACHE_HOME = mkdtempSync(join(base, 'kept-'))
    const first = await bench(['-f', 'json'], { env: { XDG_CACHE_HOME } })
    expect(benchReportOf(first).driver).toMatchObject({ name: 'replay', process: 'forked' })
    expect(readdirSync(join(XDG_CACHE_HOME, 'evloop'))).toHaveLength(1)
    const second = await bench(['-f', 'json'], { env: { ...NO_COMPILER.env, XDG_CACHE_HOME } })
    expect(second).toMatchObject({ exitCode: 0, stderr: '' })
    expect(benchReportOf(second).driver.reason).toContain('compiled before')
  })

  it.each([
    ['the directory of the cache', 'evloop'],
    ['the directory above it', ''],
  ])('refuses a cache that others can write to: %s', async (_, open) => {
    const XDG_CACHE_HOME = mkdtempSync(join(base, 'open-'))
    mkdirSync(join(XDG_CACHE_HOME, 'evloop'))
    chmodSync(join(XDG_CACHE_HOME, open), 0o777)
    const run = await bench(['-f', 'json'], { env: { XDG_CACHE_HOME } })
    expect(run.exitCode).toBe(0)
    expect(run.stderr).toMatch(
      /^evloop: [^\n]*others can write to [^\n]* \(mode 0777\)[^\n]*the ffi driver is used[^\n]*\n$/,
    )
    expect(benchReportOf(run).driver.name).toBe('ffi')
    expect(readdirSync(join(XDG_CACHE_HOME, 'evloop'))).toEqual([])
    const forced = await bench(['--driver', 'replay'], { env: { XDG_CACHE_HOME } })
    expect(forced).toMatchObject({ exitCode: 2, stdout: '' })
    expect(forced.stderr).toMatch(/^evloop: --driver replay: [^\n]*others can write to [^\n]*\n$/)
  })

  it.each([
    ['there is none', { HOME: undefined, XDG_CACHE_HOME: undefined }, 'there is no home directory'],
    ['it does not exist', { HOME: join(base, 'nowhere'), XDG_CACHE_HOME: undefined }, 'does not exist'],
  ])('compiles for this run alone without a home: %s', async (_, env, said) => {
    const run = await bench(['-f', 'json'], { env })
    expect(run).toMatchObject({ exitCode: 0, stderr: '' })
    const { driver } = benchReportOf(run)
    expect(driver.name).toBe('replay')
    expect(driver.reason).toContain('for this run alone')
    expect(driver.reason).toContain(said)
  })

  it.skipIf(ownMounts === undefined)(
    'works where all of the file system but /tmp is read-only (needs unshare with the right to mount)',
    async () => {
      const home = mkdtempSync(join(base, 'read-only-'))
      const mounts = `mount -t tmpfs -o ro none ${home} && exec "$0" "$@"`
      const through = [...(ownMounts ?? []), 'sh', '-c', mounts]
      const run = await bench(['-f', 'json'], { through, env: { HOME: home, XDG_CACHE_HOME: undefined } })
      expect(run).toMatchObject({ exitCode: 0, stderr: '' })
      expect(benchReportOf(run).driver.reason).toMatch(/for this run alone: .*EROFS/)
    },
  )

  it.skipIf(ownMounts === undefined)(
    'has the ffi driver where nothing can be written at all (needs unshare with the right to mount)',
    async () => {
      const home = mkdtempSync(join(base, 'nothing-'))
      const mounts = `mount -t tmpfs -o ro none ${home} && exec "$0" "$@"`
      const env = { HOME: home, XDG_CACHE_HOME: undefined, TMPDIR: home }
      const run = await bench(['-f', 'json'], { through: [...(ownMounts ?? []), 'sh', '-c', mounts], env })
      expect(run.exitCode).toBe(0)
      expect(run.stderr).toMatch(/^evloop: replayer: .*EROFS.*the ffi driver is used/m)
      expect(benchReportOf(run).driver.name).toBe('ffi')
    },
  )
})

it('the sandbox of these tests has mounts of its own, or says that it has not', () => {
  expect(ownMounts === undefined || execFileSync('unshare', ['--version'], { encoding: 'utf8' }) !== '').toBe(
    true,
  )
})
