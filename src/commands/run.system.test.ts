import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { backendNames } from '../backends/index.ts'
import type { RunReport } from '../conformance/scenarios/run/report.ts'
import { runSchema } from '../conformance/scenarios/run/schema.ts'
import { packageRoot } from '../package-root.ts'
import { problemOf } from '../saved/problem.ts'
import { compileLibrary, hasCompiler } from '../testing/compile.ts'
import { runEvloop } from '../testing/run-evloop.ts'
import { temporaryDirectory } from '../testing/temporary-directory.ts'

const folder = join(packageRoot(), 'fixtures', 'scenarios')
const scenario = (name: string): string => join(folder, `${name}.json`)
const directory = temporaryDirectory()

/** Writes a scenario of some steps, and says where it is. */
function write(name: string, steps: readonly unknown[], more: object = {}): string {
  const file = join(directory, `${name}.json`)
  writeFileSync(file, JSON.stringify({ schema: 'evloop/scenario@1', name, steps, ...more }))
  return file
}

const pipe = { op: 'pipe', read: 'r', write: 'w' }
const ep = { op: 'epoll', as: 'ep' }
const add = { op: 'epoll_ctl', ep: 'ep', command: 'ADD', fd: 'r', events: 'IN', expect: 0 }

async function report(...args: readonly string[]): Promise<RunReport & { readonly exitCode: number | null }> {
  const { exitCode, stdout } = await runEvloop(['run', ...args, '-f', 'json'])
  const parsed = JSON.parse(stdout) as RunReport
  expect(problemOf(runSchema, parsed)).toBeUndefined()
  return { ...parsed, exitCode }
}

describe('run', () => {
  it('plays all scenarios that come with evloop on what is here and on the model: all is as expected', async () => {
    const files = readdirSync(folder).map((file) => join(folder, file))
    const { exitCode, summary, scenarios } = await report(...files)
    expect({ exitCode, unmet: summary.unmet, crashed: summary.crashed }).toEqual({
      exitCode: 0,
      unmet: 0,
      crashed: 0,
    })
    expect(scenarios.map(({ file }) => file)).toEqual(files)
    const hasModel = ({ columns }: (typeof scenarios)[number]): boolean =>
      columns.some(({ backend, made }) => backend === 'userspace' && made > 0)
    expect(scenarios.every(hasModel)).toBe(true)
  })

  it('exits 1 where one thing is not as expected, and marks it', async () => {
    const text = readFileSync(scenario('edge-without-drain'), 'utf8')
    const file = join(directory, 'changed.json')
    writeFileSync(file, text.replace('"expect": {}', '"expect": { "r": "IN" }'))
    const run = await runEvloop(['run', file, '-b', 'userspace'])
    expect(run).toMatchObject({ exitCode: 1, stderr: '' })
    expect(run.stdout).toMatch(/8 {2}✗ {2}epoll_wait\(ep, 20 ms\) +✗ nothing\n.* expected r: IN\n/)
    expect(run.stdout).toContain('1 not as expected.')
  })

  it('marks what differs where nothing is expected, which is no finding', async () => {
    const steps = [
      pipe,
      { op: 'poller', as: 'p' },
      { op: 'add', poller: 'p', fd: 'r', interest: 'READ' },
      { op: 'close', fd: 'w' },
      { op: 'wait', poller: 'p', timeoutMs: 1000 },
    ]
    const { exitCode, summary, scenarios } = await report(write('differs', steps), '-b', 'poll,select')
    expect({ exitCode, differs: summary.differs }).toEqual({ exitCode: 0, differs: 1 })
    expect(scenarios[0]?.steps[4]).toMatchObject({
      differs: true,
      on: {
        poll: { given: 'r: HANGUP', outcome: 'open' },
        select: { given: 'r: READABLE', outcome: 'open' },
      },
    })
  })

  it('says in its column what a backend cannot, and goes on without it', async () => {
    const edge = await report(scenario('portable-edge'), '-b', 'epoll,poll')
    expect(edge.exitCode).toBe(0)
    expect(edge.scenarios[0]?.columns).toEqual([
      { backend: 'epoll', made: 10 },
      { backend: 'poll', made: 0, reason: 'it has no trigger edge (step 3)' },
    ])
    const language = await report(scenario('oneshot-needs-mod'), '-b', 'select,epoll')
    expect(language.scenarios[0]?.columns[0]?.reason).toBe(
      'select does not speak epoll, as the scenario does',
    )
  })

  it('exits 2 where no backend can play it', async () => {
    const run = await runEvloop(['run', scenario('oneshot-needs-mod'), '-b', 'select,poll'])
    expect(run).toMatchObject({ exitCode: 2, stdout: '' })
    expect(run.stderr).toMatch(/^evloop: .*no backend can play .*select does not speak epoll.*\n$/)
  })

  it('exits 2 for a bad scenario before it plays a good one', async () => {
    const bad = write('bad', [{ op: 'reed' }])
    const run = await runEvloop(['run', scenario('oneshot-needs-mod'), bad])
    expect(run).toMatchObject({ exitCode: 2, stdout: '' })
    expect(run.stderr).toMatch(
      /^evloop: .*bad\.json: steps\[0\]: there is no operation "reed" \(did you mean read\?\)/,
    )
  })

  it('plays on the backends that the scenario names, unless others are named', async () => {
    const file = write('named', [pipe, { op: 'write', fd: 'w', bytes: 3, expect: 3 }], {
      backends: ['poll', 'userspace'],
    })
    const columnsOf = ({ scenarios }: RunReport): unknown =>
      scenarios[0]?.columns.map(({ backend }) => backend)
    expect(columnsOf(await report(file))).toEqual(['poll', 'userspace'])
    expect(columnsOf(await report(file, '-b', 'select'))).toEqual(['select'])
  })

  it('takes as many steps as there may be, and names of any length', async () => {
    const long = (i: number): string => `${'n'.repeat(30)}${i}`
    const steps = [
      pipe,
      ...Array.from({ length: 999 }, (_, i) => ({
        op: 'poll',
        fd: 'w',
        events: 'OUT',
        expect: 'OUT',
        note: long(i).repeat(8),
      })),
    ]
    const { exitCode, summary } = await report(write('long', steps), '-b', 'epoll,userspace')
    expect({ exitCode, met: summary.met }).toEqual({ exitCode: 0, met: 2 * 999 })
  })

  it('waits in the time of the world where there is one', async () => {
    const timer = { op: 'timer', fd: 't', afterMs: 9000, expect: 0 }
    const steps = [
      { op: 'timerfd', as: 't' },
      ep,
      { ...add, fd: 't' },
      timer,
      { op: 'epoll_wait', ep: 'ep', timeoutMs: 10_000, expect: { t: 'IN' } },
    ]
    const { exitCode, durationMs } = await report(write('virtual', steps), '-b', 'userspace')
    expect(exitCode).toBe(0)
    expect(durationMs).toBeLessThan(9000)
  })

  it('writes markdown, and to a file', async () => {
    const output = join(directory, 'run.md')
    const run = await runEvloop([
      'run',
      scenario('half-close'),
      '-b',
      'epoll',
      '-f',
      'markdown',
      '-o',
      output,
    ])
    expect(run).toMatchObject({ exitCode: 0, stdout: '', stderr: '' })
    expect(readFileSync(output, 'utf8')).toContain('| 4 | ✓ | epoll\\_wait(ep) | nothing |')
  })

  it('has formats and backends of its own', async () => {
    expect(await runEvloop(['run', 'x.json', '-f', 'junit'])).toMatchObject({ exitCode: 2, stdout: '' })
    const help = (await runEvloop(['run', '--help'])).stdout
    for (const text of ['<scenarios...>', '--timeout', 'markdown']) expect(help).toContain(text)
    expect(backendNames).toContain('userspace')
  })
})

describe.skipIf(!hasCompiler)('run of a library that', () => {
  it('crashes costs its column from that step on, and says so', async () => {
    const lib = compileLibrary('faults/crash-in-ctl')
    const crash = { ...add, command: 'MOD', events: 'PRI|RDHUP' }
    const file = write('crash', [pipe, ep, add, crash, { op: 'epoll_wait', ep: 'ep', expect: {} }])
    const { exitCode, summary, scenarios } = await report(file, '--lib', lib, '-b', 'epoll,userspace')
    expect({ exitCode, crashed: summary.crashed, missing: summary.missing }).toEqual({
      exitCode: 1,
      crashed: 1,
      missing: 1,
    })
    const [one] = scenarios
    expect(one?.columns).toEqual([
      { backend: 'epoll', made: 3, cause: 'SIGSEGV' },
      { backend: 'userspace', made: 5 },
    ])
    expect(one?.steps[3]?.on).toMatchObject({
      epoll: { outcome: 'ended', given: 'SIGSEGV', expected: '0' },
      userspace: { outcome: 'met' },
    })
  })

  it('hangs costs its column from that step on, and says so', async () => {
    const lib = compileLibrary('faults/hang-in-wait')
    const file = write('hang', [
      pipe,
      ep,
      add,
      { op: 'epoll_wait', ep: 'ep', timeoutMs: 30 },
      { op: 'close', fd: 'r' },
    ])
    const run = await runEvloop(['run', file, '--lib', lib, '-b', 'epoll,userspace', '--timeout', '1'])
    expect(run.exitCode).toBe(1)
    expect(run.stdout).toMatch(/4 {2}✗ {2}epoll_wait\(ep, 30 ms\) +✗ it hung and was killed +nothing\n/)
    expect(run.stdout).toContain('1 backend crashed or hung')
  })

  it.each([
    ['mutants/edge-as-level', 'edge-without-drain'],
    ['mutants/oneshot-ignored', 'oneshot-needs-mod'],
    ['mutants/close-removes-duplicates', 'close-while-dup-lives'],
    ['mutants/exclusive-can-be-modified', 'exclusive-einval'],
    ['mutants/nested-cycles', 'loop-of-epolls'],
  ])('has a fault is found by a scenario: %s', async (mutant, name) => {
    const lib = compileLibrary(mutant)
    const { exitCode, scenarios } = await report(scenario(name), '--lib', lib, '-b', 'epoll,userspace')
    expect(exitCode).toBe(1)
    const unmetOn = (backend: 'epoll' | 'userspace'): number =>
      scenarios[0]?.steps.filter(({ on }) => on[backend]?.outcome === 'unmet').length ?? 0
    expect(unmetOn('epoll')).toBeGreaterThan(0)
    // The model has nothing of the library.
    expect(unmetOn('userspace')).toBe(0)
  })

  it('brings an epoll that does not work is a finding, and one that brings none is not', async () => {
    const file = write('create', [{ ...ep, expect: 'ok' }])
    const columnOf = async (name: string): Promise<unknown> => {
      const { exitCode, scenarios } = await report(
        file,
        '--lib',
        compileLibrary(`faults/${name}`),
        '-b',
        'epoll,userspace',
      )
      const [one] = scenarios
      return { exitCode, column: one?.columns[0], cell: one?.steps[0]?.on.epoll }
    }
    expect(await columnOf('epoll-emfile')).toEqual({
      exitCode: 1,
      column: { backend: 'epoll', made: 1 },
      cell: { outcome: 'unmet', given: 'EMFILE', expected: 'ok' },
    })
    expect(await columnOf('no-epoll')).toMatchObject({
      exitCode: 0,
      column: { made: 0, reason: 'epoll is not available: epoll_create1 failed with ENOSYS' },
    })
  })

  it('cannot be loaded is named, exit code 2', async () => {
    const lib = join(directory, 'no.so')
    writeFileSync(lib, 'no library')
    const run = await runEvloop(['run', scenario('half-close'), '-b', 'epoll', '--lib', lib])
    expect(run).toMatchObject({ exitCode: 2, stdout: '' })
    expect(run.stderr).toContain('no.so')
  })
})
