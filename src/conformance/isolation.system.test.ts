import { afterEach, describe, expect, it } from 'vitest'
import { LibraryError } from '../errors.ts'
import { compileLibrary, hasCompiler } from '../testing/compile.ts'
import type { CheckResult } from './check.ts'
import { runIsolated } from './isolation.ts'
import type { IsolationOptions } from './isolation.ts'

const PATIENT_MS = 30_000

interface Told {
  readonly results: CheckResult[]
  readonly warnings: string[]
  readonly unavailable: string[]
}

async function isolated(ids: readonly string[], over: Partial<IsolationOptions> = {}): Promise<Told> {
  const told: Told = { results: [], warnings: [], unavailable: [] }
  await runIsolated('epoll', ids, {
    lib: undefined,
    timeoutMs: PATIENT_MS,
    onResult: (result) => told.results.push(result),
    onWarning: (message) => told.warnings.push(message),
    onUnavailable: (reason) => told.unavailable.push(reason),
    ...over,
  })
  return told
}

const outcomesOf = ({ results }: Told): string[] => results.map(({ id, outcome }) => `${id} ${outcome}`)

describe('checks in a child process', () => {
  it('give their results in the order that was asked for', async () => {
    const told = await isolated(['epoll.lt.two-fds', 'poller.errors', 'epoll.lt.consumed-by-other'])
    expect(outcomesOf(told)).toEqual([
      'epoll.lt.two-fds pass',
      'poller.errors pass',
      'epoll.lt.consumed-by-other pass',
    ])
    expect(told).toMatchObject({ warnings: [], unavailable: [] })
  })

  it('need no child if there are none', async () => {
    expect(await isolated([])).toEqual({ results: [], warnings: [], unavailable: [] })
  })

  it('are not begun if they are to stop before', async () => {
    expect(outcomesOf(await isolated(['epoll.lt.two-fds'], { signal: AbortSignal.abort() }))).toEqual([])
  })
})

describe.runIf(hasCompiler)('checks with a library', () => {
  it('go on in a new child after one that crashed, wherever it stands', async () => {
    const lib = compileLibrary('faults/crash-in-ctl')
    const ids = ['epoll.lt.two-fds', 'epoll.lt.mask-subset', 'epoll.lt.basic-in']
    const expected = ['epoll.lt.two-fds pass', 'epoll.lt.mask-subset fail', 'epoll.lt.basic-in pass']
    expect(outcomesOf(await isolated(ids, { lib }))).toEqual(expected)
    expect(outcomesOf(await isolated(ids.slice(1), { lib }))).toEqual(expected.slice(1))
    expect(outcomesOf(await isolated(ids.slice(0, 2), { lib }))).toEqual(expected.slice(0, 2))
  })

  it('run as often as they are named, also those that crash', async () => {
    const lib = compileLibrary('faults/crash-in-ctl')
    const ids = ['epoll.lt.two-fds', 'epoll.lt.mask-subset']
    expect(outcomesOf(await isolated([...ids, ...ids], { lib }))).toEqual([
      'epoll.lt.two-fds pass',
      'epoll.lt.mask-subset fail',
      'epoll.lt.two-fds pass',
      'epoll.lt.mask-subset fail',
    ])
  })

  it('stop when they are told to, without a result for the one that was running', async () => {
    const controller = new AbortController()
    const results: CheckResult[] = []
    await isolated(['epoll.lt.two-fds', 'epoll.lt.rcvlowat', 'epoll.lt.basic-in'], {
      lib: compileLibrary('faults/hang-in-wait'),
      signal: controller.signal,
      onResult(result) {
        results.push(result)
        controller.abort()
      },
    })
    expect(results.map(({ id }) => id)).toEqual(['epoll.lt.two-fds'])
  })

  it('are not run if it crashes when it is loaded', async () => {
    const lib = compileLibrary('faults/crash-on-load')
    const promise = isolated(['epoll.lt.two-fds'], { lib })
    await expect(promise).rejects.toThrow(LibraryError)
    await expect(promise).rejects.toThrow('the process that was to use it got to no check: SIGSEGV')
  })

  it('tell that the backend is not there, and are all unsupported', async () => {
    const told = await isolated(['epoll.lt.two-fds', 'poller.errors'], {
      lib: compileLibrary('faults/no-epoll'),
    })
    expect(told.unavailable).toEqual(['epoll is not available: epoll_create1 failed with ENOSYS'])
    expect(outcomesOf(told)).toEqual(['epoll.lt.two-fds unsupported', 'poller.errors unsupported'])
  })
})

describe('where no child process can be started', () => {
  const { execPath } = process
  afterEach(() => {
    process.execPath = execPath
  })

  it('checks run in this process, with a warning', async () => {
    process.execPath = '/nonexistent/node'
    const told = await isolated(['epoll.lt.two-fds', 'poller.errors'])
    expect(outcomesOf(told)).toEqual(['epoll.lt.two-fds pass', 'poller.errors pass'])
    expect(told.warnings).toHaveLength(1)
    expect(told.warnings[0]).toMatch(
      /^no child process can be started here \(.*ENOENT.*\): a crash or a hang/,
    )
  })

  it('a library that cannot be loaded is an error all the same', async () => {
    process.execPath = '/nonexistent/node'
    const promise = isolated(['epoll.lt.two-fds'], { lib: import.meta.filename })
    await expect(promise).rejects.toThrow(LibraryError)
  })
})
