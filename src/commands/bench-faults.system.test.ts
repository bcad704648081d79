/** bench of libraries with a bug that shows late: every one ends in a gap, and the rest is measured all the same. */
import { describe, expect, it } from 'vitest'
import type { BenchGap, BenchReport } from '../measure/report.ts'
import { compileLibrary, hasCompiler } from '../testing/compile.ts'
import { benchReportOf, runEvloop } from '../testing/run-evloop.ts'

/** Whoever hangs is given up after some seconds, and there are two of them for each backend. */
const PATIENCE_MS = 30_000

async function benchWith(fault: string, workloads: string): Promise<BenchReport> {
  const start = performance.now()
  const lib = compileLibrary(fault)
  const args = ['bench', '-w', workloads, '-b', 'epoll,poll', '--fds', '4', '--rounds', '40', '-d', '1']
  const run = await runEvloop([...args, '--driver', 'replay', '-f', 'json', '--lib', lib])
  expect({ exitCode: run.exitCode, stderr: run.stderr }).toEqual({ exitCode: 1, stderr: '' })
  expect(performance.now() - start).toBeLessThan(PATIENCE_MS)
  return benchReportOf(run)
}

/** What failed, and that nothing but that has no figure. */
function failedOf(
  { gaps, results, control }: BenchReport,
  workloads: readonly string[],
): readonly BenchGap[] {
  const failed = gaps.map(({ workload, backend }) => `${workload} ${backend}`)
  const measured = results.map(({ workload, backend }) => `${workload} ${backend}`)
  const all = workloads.flatMap((workload) => [`${workload} epoll`, `${workload} poll`])
  expect([...failed, ...measured].toSorted()).toEqual(all.toSorted())
  expect(failed.filter((name) => name.endsWith(' poll'))).toEqual([])
  // Where epoll has failed there is nothing that it could be held against.
  expect(control.map(({ workload }) => `${workload} epoll`).filter((name) => failed.includes(name))).toEqual(
    [],
  )
  for (const { events } of results) expect(events.seen).toBe(events.expected)
  return gaps
}

const STEP = String.raw`step \d+ of \d+, cycle \d+: `
const WAIT = String.raw`epoll_wait\(\d+, memory, \d+, (-1|0)\): `

describe.skipIf(!hasCompiler)('bench of a library that (needs a C compiler)', () => {
  it.each([
    ['lose-later', 'loses a wake now and then', 'wake,rearm,register', `${WAIT}expected 1, actual 0$`],
    ['duplicate-later', 'reports an event twice', 'wake,rearm,register', `${WAIT}expected 1, actual 2$`],
    [
      'wrong-data-later',
      'reports the wrong entry',
      'wake,rearm,register',
      `${WAIT}it left other bytes than expected: expected ([0-9a-f]{2} )+.*, actual ([0-9a-f]{2} )+.*, from byte 4$`,
    ],
    [
      'crash-later',
      'crashes',
      'wake,rearm,register',
      `${WAIT}expected 1, actual: the process ended there with SIGSEGV$`,
    ],
    [
      'exit-later',
      'ends the process',
      'wake,rearm,register',
      `${WAIT}expected 1, actual: the process ended there with exit code 0$`,
    ],
    [
      'hang-later',
      'does not return',
      'wake,register',
      String.raw`${WAIT}expected 1, actual: it has not returned after \d+(\.\d)? s$`,
    ],
  ])('%s: %s', async (fault, _, workloads, told) => {
    const names = workloads.split(',')
    const gaps = failedOf(await benchWith(`faults/${fault}`, workloads), names)
    const waiting = names.filter((name) => name !== 'register')
    expect(gaps.map(({ workload }) => workload)).toEqual(waiting)
    for (const { workload, backend, outcome, fds, reason } of gaps) {
      expect({ backend, outcome, fds }).toEqual({ backend: 'epoll', outcome: 'failed', fds: 1 })
      expect(reason).toMatch(new RegExp(`^${workload} on epoll: ${STEP}${told}`))
    }
  })

  it('modify-fails-later: cannot change entries any more', async () => {
    const gaps = failedOf(await benchWith('faults/modify-fails-later', 'wake,register'), ['wake', 'register'])
    const call = String.raw`epoll_ctl\(\d+, 3, \d+, memory\): expected 0, actual -1 \(ENOMEM\)$`
    expect(gaps.map(({ reason }) => reason)).toEqual([
      expect.stringMatching(new RegExp(`^register on epoll: ${STEP}${call}`)),
    ])
  })

  it('wrong-data-later: is found also where the data of an entry change from cycle to cycle', async () => {
    const names = ['eof', 'libevent', 'dispatch']
    const gaps = failedOf(await benchWith('faults/wrong-data-later', names.join(',')), names)
    expect(gaps.map(({ workload }) => workload).toSorted()).toEqual(names.toSorted())
    for (const { reason } of gaps) expect(reason).toContain('it left other bytes than expected')
  })

  it('go-deaf: has the count of the events that were lost while it was recorded', async () => {
    const gaps = failedOf(await benchWith('faults/go-deaf', 'wake,libevent,echo'), [
      'wake',
      'libevent',
      'echo',
    ])
    const counted = gaps.filter(({ events }) => events !== undefined)
    expect(counted.length).toBeGreaterThan(0)
    for (const { events, reason } of counted) {
      expect(events?.lost).toBeGreaterThan(0)
      expect(events?.expected).toBe((events?.seen ?? 0) + (events?.lost ?? 0))
      expect(reason).toContain(`of ${events?.expected} events ${events?.lost} were lost`)
    }
  })

  it('timeout-ignored: has no figure for waits that end before their time', async () => {
    const { gaps, results } = await benchWith('mutants/timeout-ignored', 'timeout')
    expect(results.filter(({ backend }) => backend === 'poll')).toHaveLength(3)
    const early = gaps.filter(({ reason }) => reason.endsWith('before its deadline'))
    expect(early.length).toBeGreaterThan(0)
    expect(early.every(({ backend }) => backend === 'epoll')).toBe(true)
  })
})

it.skipIf(!hasCompiler)(
  'bench of a library whose first waits are interrupted has figures all the same (needs a C compiler)',
  async () => {
    const lib = compileLibrary('faults/interrupt-at-first')
    const args = ['bench', '-w', 'timeout,wake', '-b', 'epoll', '--rounds', '2', '-d', '0.2', '-f', 'json']
    const run = await runEvloop([...args, '--driver', 'replay', '--lib', lib])
    expect({ exitCode: run.exitCode, stderr: run.stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(benchReportOf(run).gaps).toEqual([])
  },
)
