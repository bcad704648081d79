/**
 * A library with a bug in front of libc: `verify` must survive it, whatever it does to the process. That it finds the
 * bugs of libraries that behave is what `npm run test:mutants` is for.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { compileLibrary, hasCompiler } from '../testing/compile.ts'
import { runEvloop, verifyReportOf } from '../testing/run-evloop.ts'
import type { Run } from '../testing/run-evloop.ts'
import { temporaryDirectory } from '../testing/temporary-directory.ts'
import type { CheckResult } from './check.ts'
import { checksOf, findCheck } from './checks/index.ts'
import { runIsolated } from './isolation.ts'
import { verify } from './verify.ts'

const directory = temporaryDirectory()

/** Long enough for every step on a loaded machine but the one that hangs. */
const TIMEOUT_MS = 4000

/** The families that are run: with all of them it would take minutes, because waiters wait in vain. */
const families = ['poller', 'loop', 'epoll.lt']

/** A fault, the checks that must find it, and what each of them must say of it. */
interface Fault {
  readonly name: string
  readonly found: Readonly<Record<string, RegExp>>
}

const faults: readonly Fault[] = [
  {
    name: 'hang-in-wait',
    found: {
      'epoll.lt.rcvlowat':
        /^the check ends within 4000 ms -> it hung and was killed at step 6: epoll.wait ep ep, timeoutMs 30$/,
    },
  },
  {
    name: 'crash-in-ctl',
    found: {
      'epoll.lt.mask-subset':
        /^the process survives the check -> the process ended: SIGSEGV at step 8: epoll.ctl .* events PRI\|RDHUP/,
    },
  },
  {
    name: 'exit-in-ctl',
    found: {
      'epoll.lt.band-bits': /-> the process ended: exit code 0 at step 6: epoll.ctl .*RDNORM\|WRNORM/,
    },
  },
]

/** Checks of what ends, and of what does not: those in which threads wait in vain take minutes. */
const ABOUT_ENDS = 'loop.*,poller.*,epoll.lt.*,ready.tcp.*,ready.unix-stream.*'

describe.runIf(hasCompiler)('verify of a library with a fault', () => {
  it('exits 1 and names the checks that broke', async () => {
    const run = await verifyWith(compileLibrary('mutants/rdhup-dropped'), '--only', ABOUT_ENDS)
    const failed = verifyReportOf(run).results.filter(({ outcome }) => outcome === 'fail')
    expect({ exitCode: run.exitCode, stderr: run.stderr }).toEqual({ exitCode: 1, stderr: '' })
    const expected = ['loop.half-close', 'ready.unix-stream.peer-shut-wr', 'ready.tcp.peer-fin']
    expect(failed.map(({ id }) => id)).toEqual(expect.arrayContaining(expected))
    expect(failed.filter(({ expected: text = '' }) => !/RDHUP|eof/.test(text))).toEqual([])
  })

  it.each(faults)('$name: fails exactly the checks about it', async ({ name, found }) => {
    const results = await resultsWith(name)
    expect(named(results, 'fail')).toEqual(Object.keys(found).toSorted())
    for (const [id, text] of Object.entries(found)) expect(finding(results, id)).toMatch(text)
  })

  it('a crash costs nothing but the check, also where checks run side by side, again and again', async () => {
    const { results } = await verify({
      backends: ['epoll'],
      lib: compileLibrary('faults/crash-in-ctl'),
      checks: checksOf('epoll').filter((id) => id.startsWith('epoll.lt.')),
      repeat: 12,
      jobs: 3,
      timeoutMs: 30_000,
      onWarning: () => undefined,
      signal: new AbortController().signal,
    })
    expect(results.filter(({ runs }) => runs?.pass !== 12).map(({ id, runs }) => ({ id, runs }))).toEqual([
      { id: 'epoll.lt.mask-subset', runs: { fail: 12 } },
    ])
  })

  it('crash-on-load: exits 2 and says in a line what the library did', async () => {
    const library = compileLibrary('faults/crash-on-load')
    expect(await verifyWith(library)).toEqual({
      exitCode: 2,
      signal: null,
      stdout: '',
      stderr: expect.stringMatching(/^evloop: cannot load \S+crash-on-load\.so: [^\n]* SIGSEGV\n$/) as string,
    })
  })

  it('no-backends: exits 2 and says why each backend is not there', async () => {
    const run = await runEvloop(['verify', '--lib', compileLibrary('faults/no-backends')])
    expect(run).toEqual({
      exitCode: 2,
      signal: null,
      stdout: '',
      stderr:
        'evloop: nothing to verify: epoll is not available: epoll_create1 failed with ENOSYS; ' +
        'io_uring is not available: io_uring_setup failed with ENOSYS; ' +
        'poll is not available: poll of nothing failed with ENOSYS; ' +
        'select is not available: select of nothing failed with EPERM\n',
    })
  })

  it('no-epoll: verifies what is left as long as there is one backend', async () => {
    const library = compileLibrary('faults/no-epoll')
    const run = await runEvloop(['verify', '-b', 'epoll,poll', '-f', 'json', '--lib', library])
    const { results, summary } = verifyReportOf(run)
    expect(run.exitCode).toBe(0)
    const outcomesOf = (backend: string): Set<string> =>
      new Set(results.filter((result) => result.backend === backend).map(({ outcome }) => outcome))
    expect(outcomesOf('epoll')).toEqual(new Set(['unsupported']))
    expect(outcomesOf('poll')).toContain('pass')
    expect(summary.unsupported).toBeGreaterThanOrEqual(checksOf('epoll').length)
  })
})

describe('verify of something that is no library', () => {
  it('exits 2 and names it', async () => {
    const path = join(directory, 'no-library.so')
    writeFileSync(path, 'no library')
    expect(await verifyWith(path)).toEqual({
      exitCode: 2,
      signal: null,
      stdout: '',
      stderr: expect.stringMatching(/^evloop: cannot load \S+no-library\.so: [^\n]+\n$/) as string,
    })
  })
})

async function verifyWith(lib: string, ...args: readonly string[]): Promise<Run> {
  return await runEvloop(['verify', '-b', 'epoll', '-f', 'json', '--lib', lib, ...args])
}

/** What checks find with a fault in front of libc. Every check must have a result, and none must be broken. */
async function resultsWith(fault: string): Promise<readonly CheckResult[]> {
  const ids = checksOf('epoll').filter((id) => families.includes(findCheck(id).family.name))
  const results: CheckResult[] = []
  const complaints: string[] = []
  await runIsolated('epoll', ids, {
    lib: compileLibrary(`faults/${fault}`),
    timeoutMs: TIMEOUT_MS,
    onResult: (result) => results.push(result),
    onUnavailable: (reason) => complaints.push(reason),
    onWarning: (message) => complaints.push(message),
  })
  expect(complaints).toEqual([])
  expect(results.map(({ id }) => id).toSorted()).toEqual(ids.toSorted())
  expect(results.filter(({ outcome }) => outcome === 'broken')).toEqual([])
  return results
}

function named(results: readonly CheckResult[], outcome: CheckResult['outcome']): string[] {
  return results
    .filter((result) => result.outcome === outcome)
    .map(({ id }) => id)
    .toSorted()
}

/** What the result of a check says, in a line. */
function finding(results: readonly CheckResult[], id: string): string {
  const { expected, actual, step } = results.find((result) => result.id === id) ?? {}
  return `${expected} -> ${actual} at ${step}`
}
