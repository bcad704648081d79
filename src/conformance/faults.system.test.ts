/** A library with a bug in front of libc: `verify` must find that bug, name the checks about it, and survive it. */
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

const directory = temporaryDirectory()

/** Long enough for every step on a loaded machine but the one that hangs, and shorter than some waits in threads. */
const TIMEOUT_S = 4

/** The families whose checks are named here one by one. */
const families = ['poller', 'loop', 'epoll.lt']

/** A fault, the checks that must find it, and what each of them must say of it. */
interface Fault {
  readonly name: string
  readonly found: Readonly<Record<string, RegExp>>
  /** What every failure, in any family, must expect. */
  readonly about?: RegExp
  /** The families that are run. Default: `families`. */
  readonly in?: readonly string[]
}

const faults: readonly Fault[] = [
  {
    name: 'strip-rdhup',
    about: /RDHUP|READ_CLOSED|eof/,
    found: {
      'loop.half-close': /token \d+ readable eof bytes 4 -> .*token \d+ readable bytes 4 at step 6/,
      'loop.half-close-tcp': /readable eof bytes 0 -> .* readable bytes 0 at step 7/,
      // Another thread of it waits for longer than a step may take. That must not become its result.
      'epoll.lt.hup-only-poller-blocked': /^a RDHUP -> a 0 at step 19: join thread t2$/,
    },
  },
  {
    name: 'hang-in-wait',
    found: {
      'epoll.lt.rcvlowat':
        /^the step ends within 4000 ms -> it hung and was killed at step 6: epoll.wait ep ep, timeoutMs 30$/,
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
  {
    name: 'leak-in-ctl',
    found: {
      'poller.remove-drops-pending': /^no descriptor is left open -> left open: \d+ at step 10: compare/,
      'poller.many': /-> left open: \d+/,
      'epoll.lt.instances-separate': /-> left open: \d+/,
      'loop.half-close': /-> left open: \d+ at/,
      'loop.removal-idempotent': /-> left open: \d+ at/,
    },
  },
  {
    name: 'early-wait',
    found: {
      'poller.never-early': /^the wait lasts at least \d+ ns -> it lasted \d+ ns at step/,
      'loop.idle-timeout': /^the wait lasts at least 20000000 ns -> it lasted \d+ ns at step 4/,
      'epoll.lt.basic-out': /^epoll_wait lasts at least 10 ms -> epoll_wait lasted [\d.]+ ms at step 8/,
      'epoll.lt.unready-is-retracted': /^epoll_wait lasts at least 10 ms -> epoll_wait lasted [\d.]+ ms/,
      'epoll.lt.mask-zero-silent': /^epoll_wait lasts at least 10 ms -> epoll_wait lasted [\d.]+ ms/,
      'epoll.lt.rcvlowat': /^epoll_wait lasts at least 30 ms -> epoll_wait lasted [\d.]+ ms/,
    },
  },
  {
    name: 'edge-as-level',
    found: {
      'poller.edge': /^no events -> 1 READABLE at/,
      'epoll.lt.mixed-modes': /^r1 IN -> r1 IN, r2 IN at/,
      'epoll.lt.independent-instances': /^no events -> r IN at step 8/,
      'epoll.lt.splice-tee-vmsplice': /^no events -> r IN at .* ep edge$/,
    },
  },
  {
    name: 'lose-second-event',
    found: {
      'poller.token-64-bit': /^\d+ READABLE, \d+ READABLE -> \d+ READABLE at/,
      'poller.wake': /^0 WAKE, 1 READABLE -> (0 WAKE|1 READABLE) at/,
      'poller.many': /^(\d+ READABLE, ){6}64 READABLE -> (\d+ READABLE, ){3}\d+ READABLE at/,
      'loop.wake': /user, .* readable -> [^,]* at/,
      'loop.hang-up': /eof, .* eof -> [^,]* at/,
      'loop.error': /error, .* error -> [^,]* at/,
      'epoll.lt.two-fds': /^r1 IN, r2 IN -> r[12] IN at/,
      'epoll.lt.already-ready-at-add': /^r IN, w OUT -> (r IN|w OUT) at/,
      'epoll.lt.mixed-modes': /^r1 IN, r2 IN -> r[12] IN at/,
      'epoll.lt.mask-zero-hup': /^r1 HUP, w2 ERR -> (r1 HUP|w2 ERR) at/,
      'epoll.lt.band-bits': /^r RDNORM, w WRNORM -> (r RDNORM|w WRNORM) at/,
    },
  },
  {
    name: 'first-64-entries',
    found: { 'poller.many': /^1 READABLE, .*, 64 READABLE -> 1 READABLE, 63 READABLE at/ },
  },
  {
    name: 'err-once',
    found: { 'epoll.lt.mask-zero-hup': /^r1 HUP, w2 ERR -> r1 HUP at/ },
  },
  {
    name: 'del-from-all',
    found: { 'epoll.lt.instances-separate': /^first IN -> no events at/ },
  },
  {
    name: 'mod-noop',
    in: ['epoll.et'],
    found: {
      'epoll.et.mod-rearms': /^fourth IN -> no events at/,
      // Its wait is longer than a step may take here.
      'epoll.et.mod-race': /^the step ends within 4000 ms -> it hung and was killed at/,
    },
  },
  {
    name: 'partial-read-loses-edge',
    in: ['epoll.et'],
    found: {
      'epoll.et.data-after-partial-read': /^r IN -> no events at/,
      // Here a part of what was sent is one of several datagrams.
      'epoll.et.dgram-each': /^unix b IN -> no events at/,
    },
  },
]

/** A fault that all checks must find but for those that expect no such event, and what one of them must say. */
interface GreatFault extends Fault {
  readonly missed: readonly string[]
}

const greatFaults: readonly GreatFault[] = [
  {
    name: 'truncate-data',
    found: {
      'epoll.lt.basic-in': /^r IN -> data 0x[0-9a-f]{8} IN at step 6/,
      'poller.token-64-bit': /READABLE -> no events, before the time was over at/,
    },
    missed: [
      'poller.never-early',
      'poller.closed',
      'loop.idle-timeout',
      'loop.wake-thread',
      'loop.close',
      'epoll.lt.mask-zero-silent',
      'epoll.lt.buffer-tail-untouched',
      'epoll.lt.no-false-negative',
    ],
  },
  {
    name: 'duplicate-events',
    found: {
      'epoll.lt.one-entry-per-fd': /^e IN\|OUT -> e IN\|OUT, e IN\|OUT at/,
      'poller.oneshot': /^1 READABLE -> 1 READABLE, 1 READABLE at/,
    },
    missed: [
      'poller.small-batch',
      'poller.rotation',
      'poller.never-early',
      'poller.closed',
      'loop.idle-timeout',
      'loop.close',
      'epoll.lt.mask-zero-silent',
      'epoll.lt.no-false-negative',
    ],
  },
]

describe.runIf(hasCompiler)('verify of a library with a fault', () => {
  it('exits 1 and names the checks that broke', async () => {
    const run = await verifyWith(compileLibrary('faults/strip-rdhup'))
    const failed = verifyReportOf(run).results.filter(({ outcome }) => outcome === 'fail')
    expect({ exitCode: run.exitCode, stderr: run.stderr }).toEqual({ exitCode: 1, stderr: '' })
    // Besides those that are named below: the rows of the matrix in which a peer stops sending.
    const expected = ['loop.half-close', 'ready.unix-stream.peer-shut-wr', 'ready.tcp.peer-fin']
    expect(failed.map(({ id }) => id)).toEqual(expect.arrayContaining(expected))
    expect(failed.filter(({ expected: text = '' }) => !/RDHUP|eof/.test(text))).toEqual([])
  })

  it.each(faults)('$name: fails exactly the checks about it', async ({ name, found, about, in: run }) => {
    const results = await resultsWith(name, run)
    expect(named(results, 'fail')).toEqual(Object.keys(found).toSorted())
    for (const [id, text] of Object.entries(found)) expect(finding(results, id)).toMatch(text)
    const failed = results.filter(({ outcome }) => outcome === 'fail')
    expect(failed.filter(({ expected = '' }) => about?.test(expected) === false)).toEqual([])
  })

  it.each(greatFaults)('$name: passes only what cannot see it', async ({ name, found, missed }) => {
    const results = await resultsWith(name)
    expect(named(results, 'pass')).toEqual(missed.toSorted())
    for (const [id, text] of Object.entries(found)) expect(finding(results, id)).toMatch(text)
  })

  it('overcount-events: finds more events than there is room for, and does not read them', async () => {
    const results = await resultsWith('overcount-events')
    expect(finding(results, 'epoll.lt.basic-in')).toMatch(/^8 events at the most -> 9 events at step 6/)
    expect(finding(results, 'epoll.lt.one-entry-per-fd')).toMatch(/^4 events at the most -> 5 events at/)
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

async function verifyWith(lib: string): Promise<Run> {
  return await runEvloop([
    'verify',
    '-b',
    'epoll',
    '-f',
    'json',
    '--timeout',
    String(TIMEOUT_S),
    '--lib',
    lib,
  ])
}

/**
 * What the checks of some families find with a fault in front of libc. All families would take minutes, because
 * many a fault makes waiters wait in vain. Every check must have a result, and none must be broken.
 */
async function resultsWith(
  fault: string,
  run: readonly string[] = families,
): Promise<readonly CheckResult[]> {
  const ids = checksOf('epoll').filter((id) => run.includes(findCheck(id).family.name))
  const results: CheckResult[] = []
  const complaints: string[] = []
  await runIsolated('epoll', ids, {
    lib: compileLibrary(`faults/${fault}`),
    timeoutMs: TIMEOUT_S * 1000,
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
