/** `--ffi`: which binding calls native functions, in every process and thread that evloop starts. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { BindingName } from '../libc/libc.ts'
import type { ProbeReport } from '../probe/index.ts'
import { runEvloop, verifyReportOf } from '../testing/run-evloop.ts'
import type { Run } from '../testing/run-evloop.ts'

const directory = mkdtempSync(join(tmpdir(), 'evloop-test-'))
afterAll(() => rmSync(directory, { recursive: true }))

const hasKoffi = isInstalled('koffi')
if (!hasKoffi) process.stderr.write('skipped: koffi is not installed (npm install --no-save koffi)\n')

/** Checks that have a thread and another process. */
const WITH_OTHERS = 'timerfd.fork-shared,waker.*,life.*'

/** Every attempt to load a binding: by which program, in which thread (0 is the main one), and which. */
interface Load {
  readonly program: string
  readonly thread: number
  readonly binding: string
}

let runs = 0

/** Runs evloop on a machine where bindings are missing, and notes who loads which. */
async function run(
  missing: readonly BindingName[],
  ...args: readonly string[]
): Promise<Run & { readonly loads: readonly Load[] }> {
  const log = join(directory, `loads-${runs++}`)
  const preload = `data:text/javascript,${encodeURIComponent(watcher(log, missing))}`
  const ended = await runEvloop(args, { env: { NODE_OPTIONS: `--import ${preload}` } })
  const lines = readFileSync(log, 'utf8').trim().split('\n')
  return { ...ended, loads: lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Load) }
}

/** A module that sees what its process, and each thread of it, requires. */
function watcher(log: string, missing: readonly BindingName[]): string {
  return `
    import { appendFileSync } from 'node:fs'
    import Module from 'node:module'
    import { threadId } from 'node:worker_threads'
    const resolve = Module._resolveFilename
    appendFileSync('${log}', '')
    Module._resolveFilename = function (request, ...rest) {
      if (request === 'ffi-rs' || request === 'koffi') {
        const load = { program: process.argv[1], thread: threadId, binding: request }
        appendFileSync('${log}', JSON.stringify(load) + '\\n')
        if (${JSON.stringify(missing)}.includes(request)) throw new Error('Cannot find module ' + request)
      }
      return resolve.call(this, request, ...rest)
    }`
}

function isInstalled(name: string): boolean {
  try {
    createRequire(import.meta.url).resolve(name)
    return true
  } catch {
    return false
  }
}

const ffiOf = ({ stdout }: Run): ProbeReport['ffi'] => (JSON.parse(stdout) as ProbeReport).ffi
const bindingsOf = (loads: readonly Load[]): string[] => [...new Set(loads.map(({ binding }) => binding))]

/** The programs and kinds of thread that have loaded a binding. */
function placesOf(loads: readonly Load[]): string[] {
  const places = loads.map(({ program, thread }) => `${basename(program)}${thread === 0 ? '' : ' thread'}`)
  return [...new Set(places)].toSorted()
}

describe('ffi-rs', () => {
  it('is what calls native functions, and koffi is not even looked for', async () => {
    const { loads, ...ended } = await run([], 'verify', '-b', 'epoll', '--only', WITH_OTHERS, '-f', 'json')
    expect(ended).toMatchObject({ exitCode: 0, stderr: '' })
    expect(verifyReportOf(ended).environment.ffi).toMatchObject({ binding: 'ffi-rs' })
    expect(bindingsOf(loads)).toEqual(['ffi-rs'])
    expect(placesOf(loads)).toEqual(expect.arrayContaining(['child.js', 'peer.js', 'thread-main.cjs thread']))
  })
})

describe('koffi that is not installed', () => {
  it('is an error that says what to do, if it was asked for', async () => {
    for (const command of ['probe', 'verify', 'bench']) {
      const { loads, ...ended } = await run(['koffi'], command, '--ffi', 'koffi')
      expect(ended).toEqual({
        exitCode: 2,
        signal: null,
        stdout: '',
        stderr: 'evloop: cannot load koffi: it is not installed (npm install koffi)\n',
      })
      expect(bindingsOf(loads)).toEqual(['koffi'])
    }
  })

  it('is a fact about the machine where ffi-rs cannot be loaded either', async () => {
    const probed = await run(['ffi-rs', 'koffi'], 'probe', '-f', 'json')
    expect(probed).toMatchObject({ exitCode: 0, stderr: '' })
    const { error = '' } = ffiOf(probed)
    expect(error).toContain(`it has no binary for ${process.platform}-${process.arch}`)
    expect(error).toContain('koffi in its place: it is not installed (npm install koffi)')
    const verified = await run(['ffi-rs', 'koffi'], 'verify', '-b', 'poll')
    expect(verified).toMatchObject({ exitCode: 2, stdout: '' })
    expect(verified.stderr).toBe(`evloop: cannot load ffi-rs: ${error}\n`)
  })
})

describe.skipIf(!hasKoffi)('koffi (which must be installed)', () => {
  it('calls native functions in every process and thread, if it was asked for', async () => {
    const args = ['-b', 'epoll', '--only', WITH_OTHERS, '--ffi', 'koffi', '-f', 'json']
    const { loads, ...ended } = await run(['ffi-rs'], 'verify', ...args)
    expect(ended).toMatchObject({ exitCode: 0, stderr: '' })
    const report = verifyReportOf(ended)
    expect(report.environment.ffi).toMatchObject({ binding: 'koffi', version: expect.any(String) })
    expect(report.results.filter(({ outcome }) => outcome !== 'pass' && outcome !== 'unsupported')).toEqual(
      [],
    )
    expect(bindingsOf(loads)).toEqual(['koffi'])
    expect(placesOf(loads)).toEqual(expect.arrayContaining(['child.js', 'peer.js', 'thread-main.cjs thread']))
  })

  it('calls native functions where ffi-rs cannot be loaded, without being asked for', async () => {
    const ended = await run(['ffi-rs'], 'probe', '-f', 'json')
    expect(ended).toMatchObject({ exitCode: 0, stderr: '' })
    expect(ffiOf(ended)).toMatchObject({ binding: 'koffi', version: expect.any(String) })
    expect(ffiOf(ended).callNs?.noArguments).toBeGreaterThan(0)
    expect(ffiOf(ended)).not.toHaveProperty('error')
  })

  it.each(['replay', 'ffi'])('measures, with the driver %s', async (driver) => {
    const args = ['-w', 'wake,wake-thread', '-d', '0.2', '--ffi', 'koffi', '-f', 'json']
    const { loads, ...ended } = await run(['ffi-rs'], 'bench', '--driver', driver, ...args)
    expect(ended).toMatchObject({ exitCode: 0 })
    expect(bindingsOf(loads)).toEqual(['koffi'])
    const { results, gaps } = JSON.parse(ended.stdout) as Record<'results' | 'gaps', readonly unknown[]>
    expect(results.length).toBeGreaterThan(0)
    expect(gaps.filter((gap) => (gap as { outcome: string }).outcome === 'failed')).toEqual([])
  })
})

it.each(['compare a b', 'explain poller'])('--ffi is of no use to %s, which calls nothing', async (line) => {
  const ended = await runEvloop([...line.split(' '), '--ffi', 'koffi'])
  expect(ended).toMatchObject({ exitCode: 2, stdout: '' })
  expect(ended.stderr).toContain('--ffi is of no use here')
})
