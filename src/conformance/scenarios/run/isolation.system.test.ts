import { readdirSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import type { BackendName } from '../../../backends/index.ts'
import { LibraryError } from '../../../errors.ts'
import { compileLibrary, hasCompiler } from '../../../testing/compile.ts'
import { temporaryDirectory } from '../../../testing/temporary-directory.ts'
import type { ScenarioStep } from '../schema.ts'
import { playIsolated } from './isolation.ts'
import type { Played, PlayOptions } from './isolation.ts'

const directory = temporaryDirectory()
const { TMPDIR } = process.env
const { execPath } = process
afterEach(() => {
  if (TMPDIR === undefined) delete process.env['TMPDIR']
  else process.env['TMPDIR'] = TMPDIR
  process.execPath = execPath
})

const fifo: readonly ScenarioStep[] = [
  { op: 'fifo', as: 'f', mode: 'both' },
  { op: 'write', fd: 'f', bytes: 3 },
  { op: 'poll', fd: 'f', events: 'IN|OUT' },
]

async function play(
  steps: readonly ScenarioStep[],
  over: Partial<PlayOptions> & { readonly backend?: BackendName } = {},
): Promise<Played & { readonly warnings: readonly string[] }> {
  const warnings: string[] = []
  const { backend = 'epoll', ...options } = over
  const played = await playIsolated(backend, steps, {
    lib: undefined,
    timeoutMs: 10_000,
    onWarning: (message) => warnings.push(message),
    signal: new AbortController().signal,
    ...options,
  })
  return { ...played, warnings }
}

describe('a scenario in a process of its own', () => {
  it('leaves nothing in the directory for temporary files', async () => {
    process.env['TMPDIR'] = directory
    expect(await play(fifo)).toEqual({ given: ['#0', '3', 'IN|OUT'], warnings: [] })
    expect(readdirSync(directory).filter((name) => name.startsWith('evloop-run-'))).toEqual([])
  })

  it('has a place where there is no directory for temporary files', async () => {
    process.env['TMPDIR'] = '/nonexistent'
    expect((await play(fifo)).given).toEqual(['#0', '3', 'IN|OUT'])
  })

  it('is not played where that was called off', async () => {
    expect(await play(fifo, { signal: AbortSignal.abort() })).toMatchObject({
      given: [],
      reason: 'interrupted',
    })
  })
})

describe.skipIf(!hasCompiler)('a library', () => {
  it('that ends the process when all steps are made has not come to its end', async () => {
    const lib = compileLibrary('faults/exit-in-close')
    expect(await play([{ op: 'epoll', as: 'ep' }], { lib })).toMatchObject({
      given: ['#0'],
      cause: 'exit code 0',
    })
    const closed = await play(
      [
        { op: 'epoll', as: 'ep' },
        { op: 'close', fd: 'ep' },
      ],
      { lib },
    )
    expect(closed).toMatchObject({ given: ['#0'], cause: 'exit code 0' })
  })

  it('that hangs leaves nothing behind', async () => {
    process.env['TMPDIR'] = directory
    const lib = compileLibrary('faults/hang-in-wait')
    const steps: readonly ScenarioStep[] = [
      ...fifo,
      { op: 'epoll', as: 'ep' },
      { op: 'epoll_wait', ep: 'ep', timeoutMs: 30 },
    ]
    expect(await play(steps, { lib, timeoutMs: 500 })).toMatchObject({
      given: ['#0', '3', 'IN|OUT', '#1'],
      cause: 'it hung and was killed',
    })
    expect(readdirSync(directory).filter((name) => name.startsWith('evloop-run-'))).toEqual([])
  })

  it('whose call a policy kills is no fault of the backend', async () => {
    const lib = compileLibrary('faults/kill-eventfd')
    expect(
      await play(
        [
          { op: 'pipe', read: 'r', write: 'w' },
          { op: 'eventfd', as: 'e' },
        ],
        { lib },
      ),
    ).toMatchObject({
      reason: 'a seccomp filter kills the process for a system call',
    })
  })
})

describe('where no child process can be started', () => {
  it('the steps are made in this process, with a warning', async () => {
    process.execPath = '/nonexistent/node'
    const { given, warnings } = await play(fifo)
    expect(given).toEqual(['#0', '3', 'IN|OUT'])
    expect(warnings).toEqual([
      expect.stringMatching(
        /^no child process can be started here \(.*ENOENT.*\): a crash or a hang ends everything/,
      ),
    ])
  })

  it('a library that cannot be loaded is an error all the same', async () => {
    process.execPath = '/nonexistent/node'
    await expect(play(fifo, { lib: import.meta.filename })).rejects.toThrow(LibraryError)
  })
})
