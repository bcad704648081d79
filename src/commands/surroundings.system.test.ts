import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { CheckResult } from '../conformance/check.ts'
import type { BenchReport } from '../measure/report.ts'
import { compileLibrary, hasCompiler } from '../testing/compile.ts'
import {
  hasSeccomp,
  noNewPrivileges,
  readOnly,
  seccomp,
  littleLockedMemory,
  unprivileged,
  withoutProc,
} from '../testing/launchers.ts'
import type { Launcher } from '../testing/launchers.ts'
import { runEvloop, runShell, verifyReportOf } from '../testing/run-evloop.ts'
import type { RunOptions } from '../testing/run-evloop.ts'
import { temporaryDirectory } from '../testing/temporary-directory.ts'

const directory = temporaryDirectory()

/** Checks of every kind and of all that surroundings may take away, which together take a second or two. */
const MIXED = [
  '--only',
  'poller,loop,epoll.fd,epoll.ctl,eventfd,ready.timerfd,ready.iouring,life,sig.pwait-mask-atomic*',
]

/** How long a run may take on a machine that is very busy. */
const PATIENCE_MS = 240_000

/** What a run in poor surroundings ends with, if all is well. */
const well = { exitCode: 0, stderr: '', findings: [] as CheckResult[] }

interface Poor {
  readonly end: typeof well
  readonly unsupported: readonly CheckResult[]
}

/** Runs checks in poor surroundings. There must be a report. */
async function poor(args: readonly string[], options: RunOptions = {}): Promise<Poor> {
  const run = await runEvloop(['verify', '-f', 'json', ...args], options)
  const { exitCode, stderr } = run
  if (run.stdout === '') throw new Error(`there is no report: ${stderr}`)
  const { results } = verifyReportOf(run)
  expect(results.some(({ outcome }) => outcome === 'pass')).toBe(true)
  return {
    end: {
      exitCode: exitCode ?? -1,
      stderr,
      findings: results.filter(({ outcome }) => outcome === 'fail' || outcome === 'broken'),
    },
    unsupported: results.filter(({ outcome }) => outcome === 'unsupported'),
  }
}

const idsOf = (results: readonly CheckResult[]): string[] => [...new Set(results.map(({ id }) => id))]

/** Says which surroundings this machine does not allow to make: their tests are skipped. */
function available(launcher: Launcher | undefined, what: string): Launcher | undefined {
  if (launcher === undefined)
    process.stderr.write(`skipped: this machine does not allow to make it so: ${what}\n`)
  return launcher
}

describe('verify in poor surroundings', { timeout: PATIENCE_MS }, () => {
  const noProc = available(withoutProc, 'no /proc')
  it.skipIf(noProc === undefined)('works without /proc, threads included', async () => {
    const through = noProc ?? []
    const { end, unsupported } = await poor([...MIXED, '--only', 'thr,epoll.wake'], { through })
    expect(end).toEqual(well)
    expect(idsOf(unsupported)).toContain('epoll.fd.fdinfo')
  })

  const readOnlyDirectory = join(directory, 'read-only')
  mkdirSync(readOnlyDirectory)
  const noWriting = available(readOnly(readOnlyDirectory), 'read-only file systems')
  it.skipIf(noWriting === undefined)('works where nothing can be written', async () => {
    const through = noWriting ?? []
    const env = { TMPDIR: readOnlyDirectory, HOME: readOnlyDirectory, XDG_CACHE_HOME: undefined }
    expect((await poor(MIXED, { through, env })).end).toEqual(well)
  })

  it('works without a home directory, or with one that is not there', async () => {
    const only = ['--only', 'poller,loop']
    const none = await poor(only, { env: { HOME: undefined, XDG_CACHE_HOME: undefined } })
    const gone = await poor(only, { env: { HOME: '/nonexistent', XDG_CACHE_HOME: undefined } })
    expect([none.end, gone.end]).toEqual([well, well])
  })

  const noPrivilege = available(unprivileged, 'another user')
  it.skipIf(noPrivilege === undefined)('works without any privilege', async () => {
    const through = noPrivilege ?? []
    expect((await poor([...MIXED, '--only', 'lim'], { through })).end).toEqual(well)
  })

  const littleLocked = available(littleLockedMemory, 'a small limit of locked memory')
  it.skipIf(littleLocked === undefined)('works where next to no memory may be locked for rings', async () => {
    const through = littleLocked ?? []
    expect((await poor(['-b', 'io_uring'], { through })).end).toEqual(well)
  })

  const noNew = available(noNewPrivileges, 'no_new_privs')
  it.skipIf(noNew === undefined)('works with no_new_privs', async () => {
    const through = noNew ?? []
    expect((await poor(MIXED, { through })).end).toEqual(well)
  })

  it.runIf(hasCompiler)('works with a library that is preloaded and does nothing', async () => {
    const env = { LD_PRELOAD: compileLibrary('libraries/bystander') }
    expect((await poor(MIXED, { env })).end).toEqual(well)
  })

  it('works with a library that is to be preloaded and is not there', async () => {
    const { end } = await poor(['--only', 'poller,loop'], { env: { LD_PRELOAD: '/nonexistent/lib.so' } })
    // The dynamic linker complains, and goes on.
    expect(end).toEqual({ ...well, stderr: expect.stringMatching(/^(ERROR: ld\.so: .*\n)+$/) as string })
  })

  it('ends with its exit code where stdin, stdout and stderr are closed', async () => {
    const only = '--only poller,loop,epoll.fd'
    for (const closed of ['<&-', '<&- >&-', '<&- >&- 2>&-']) {
      const { exitCode, stderr } = await runShell(`$EVLOOP verify ${only} ${closed}`)
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    }
    const file = join(directory, 'closed.json')
    const { exitCode } = await runShell(`$EVLOOP verify ${only} -f json -o ${file} <&- >&- 2>&-`)
    expect(exitCode).toBe(0)
  })

  it('works in a directory that is gone', async () => {
    const gone = join(directory, 'gone')
    mkdirSync(gone)
    const run = await runShell(`cd ${gone} && rmdir ${gone} && $EVLOOP verify --only poller,loop`)
    expect({ exitCode: run.exitCode, stderr: run.stderr }).toEqual({ exitCode: 0, stderr: '' })
  })
})

describe.runIf(hasSeccomp)('verify under a seccomp filter', { timeout: PATIENCE_MS }, () => {
  /** Each with an id that must be unsupported for it. */
  const calls = [
    ['epoll_pwait2', 'sig.pwait-mask-atomic.pwait2'],
    ['io_uring_setup', 'ready.iouring'],
    ['timerfd_create', 'ready.timerfd'],
  ] as const

  it.each(['EPERM', 'ENOSYS', 'kill-process', 'kill-thread'] as const)(
    'that answers %s has what it is about as unsupported, with the reason',
    async (answer) => {
      const { end, unsupported } = await poor(MIXED, {
        through: seccomp(answer, ...calls.map(([call]) => call)),
      })
      expect(end).toEqual(well)
      const reason = answer.startsWith('kill') ? /seccomp filter kills/ : new RegExp(answer)
      for (const [, id] of calls) {
        const messages = unsupported.filter((result) => result.id === id).map(({ message }) => message)
        expect(messages).not.toEqual([])
        expect(messages.filter((message = '') => !reason.test(message))).toEqual([])
      }
    },
  )

  it('that lets no process be started runs the checks in its own, and says so', async () => {
    const { end } = await poor(['--only', 'poller,loop,eventfd'], { through: seccomp('EPERM', 'fork') })
    const warnings = /^(evloop: no child process can be started here \(spawn EPERM\): .*\n)+$/
    expect(end).toEqual({ ...well, stderr: expect.stringMatching(warnings) as string })
  })

  it.each([
    ['refuses eventfds', 'faults/forbid-eventfd', /none can be started here/],
    ['kills for eventfds', 'faults/kill-eventfd', /none can be started here: SIGSYS/],
  ])('that %s once evloop runs has no threads, and a result all the same', async (_, name, noThreads) => {
    // A thread that does not come is waited for, so this has few processes.
    const { end, unsupported } = await poor([
      '-b',
      'epoll',
      '--only',
      'poller,life',
      '--lib',
      compileLibrary(name),
    ])
    expect(end).toEqual(well)
    expect(unsupported.some(({ message = '' }) => noThreads.test(message))).toBe(true)
  })
})

describe.runIf(hasSeccomp)('bench under a seccomp filter', { timeout: PATIENCE_MS }, () => {
  it.each(['EPERM', 'ENOSYS', 'kill-process', 'kill-thread'] as const)(
    'that answers io_uring_setup by %s measures the others, and says why not that one',
    async (answer) => {
      const run = await runEvloop(
        ['bench', '-b', 'io_uring,epoll', '-w', 'wake', '--rounds', '2', '--quick', '-f', 'json'],
        { through: seccomp(answer, 'io_uring_setup') },
      )
      const { results, gaps } = JSON.parse(run.stdout) as BenchReport
      expect(run.exitCode).toBe(0)
      expect(results.map(({ backend }) => backend)).toEqual(['epoll'])
      const reason = answer.startsWith('kill') ? /seccomp filter kills/ : new RegExp(answer)
      expect(gaps).toEqual([
        expect.objectContaining({
          backend: 'io_uring',
          outcome: 'unsupported',
          reason: expect.stringMatching(reason) as string,
        }),
      ])
    },
  )
})
