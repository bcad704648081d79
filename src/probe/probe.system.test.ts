import { execFileSync } from 'node:child_process'
import { afterEach, describe, expect, test } from 'vitest'
import { entryPoint } from '../entry-point.ts'
import { LibraryError } from '../errors.ts'
import { probe } from './index.ts'
import type { FeatureReport, ProbeReport } from './report.ts'

const node = process.execPath

afterEach(() => {
  process.execPath = node
})

async function quietProbe(): Promise<ProbeReport> {
  const warnings: string[] = []
  const report = await probe({ onWarning: (message) => warnings.push(message) })
  expect(warnings).toEqual([])
  return report
}

describe('probe', () => {
  test('finds epoll, poll and select usable', async () => {
    const report = await quietProbe()
    expect(report.backends.map(({ name, available }) => ({ name, available }))).toEqual([
      { name: 'epoll', available: true },
      // Of libc alone: what a library brings is another test's.
      { name: 'kqueue', available: false },
      { name: 'io_uring', available: report.ring !== null },
      { name: 'poll', available: true },
      { name: 'select', available: true },
    ])
    const states = report.backends.flatMap(({ features }) => Object.values(features))
    expect(states.filter(({ state }) => state === 'broken')).toEqual([])
  })

  test('finds a backend of its own world usable, where it is asked for', async () => {
    const { backends } = await probe({ backends: ['userspace'], onWarning: () => undefined })
    expect(backends.map(({ name, available, features }) => ({ name, available, features }))).toEqual([
      { name: 'userspace', available: true, features: { level: { state: 'usable' } } },
    ])
  })

  test('says why of everything that is not usable', async () => {
    const { backends, interfaces } = await quietProbe()
    const verdicts = [...backends, ...interfaces].flatMap(({ name, available, reason, features }) => [
      { name, good: available, reason },
      ...Object.entries(features).map(([feature, verdict]) => ({
        name: `${name} ${feature}`,
        good: verdict.state === 'usable',
        reason: verdict.reason,
      })),
    ])
    expect(verdicts.filter(({ good, reason }) => !good && reason === undefined)).toEqual([])
    expect(verdicts.filter(({ good, reason }) => good && reason !== undefined)).toEqual([])
  })

  test('fills in the platform, and survives the way through JSON', async () => {
    const report = await quietProbe()
    expect(report.platform).toMatchObject({ os: process.platform, arch: process.arch })
    expect(report.platform.pageSize).toBeGreaterThanOrEqual(4096)
    expect(report.limits.descriptors.soft).toBeGreaterThan(0)
    expect(report.ffi.callNs?.noArguments).toBeGreaterThan(0)
    expect(report.structs).toMatchObject({ pollfd: 8, io_uring_params: 120, io_uring_sqe: 64 })
    expect(JSON.parse(JSON.stringify(report))).toEqual(report)
  })

  test('probes only the backends that are asked for', async () => {
    const report = await probe({ backends: ['poll'], onWarning: () => undefined })
    expect(report.backends.map(({ name }) => name)).toEqual(['poll'])
  })

  test('refuses a library that is not there', async () => {
    const failing = probe({ lib: '/nowhere/lib.so', onWarning: () => undefined })
    await expect(failing).rejects.toThrow(LibraryError)
  })

  test('goes on in this process, and says so, where no child can be started', async () => {
    process.execPath = '/nowhere/node'
    const warnings: string[] = []
    const report = await probe({ onWarning: (message) => warnings.push(message) })
    expect(warnings).toEqual([expect.stringContaining('no child process can be started here')])
    expect(othersOf(report).every(({ available, cause }) => available || cause === 'libc')).toBe(true)
  })
})

/**
 * A program that puts a seccomp filter on itself, which its children inherit, and then probes. The filter
 * answers epoll_pwait2 and io_uring_setup, whose numbers are the same on every architecture, with an action.
 */
const confinedProgram = `
const [libcPath, memoryPath, probePath, action] = process.argv.slice(1)
const { openLibc } = await import(libcPath)
const { Memory } = await import(memoryPath)
const { probe } = await import(probePath)
const libc = openLibc()
const filter = new Memory(5 * 8), program = new Memory(16)
const instruction = (i, code, jt, jf, k) => {
  filter.view.setUint16(8 * i, code, true)
  filter.view.setUint8(8 * i + 2, jt)
  filter.view.setUint8(8 * i + 3, jf)
  filter.view.setUint32(8 * i + 4, k, true)
}
instruction(0, 0x20, 0, 0, 0)
instruction(1, 0x15, 2, 0, 441)
instruction(2, 0x15, 1, 0, 425)
instruction(3, 0x06, 0, 0, 0x7fff0000)
instruction(4, 0x06, 0, 0, Number(action))
program.view.setUint16(0, 5, true)
program.view.setBigUint64(8, BigInt(filter.address), true)
libc.fn.prctl(38, 1, 0, 0, 0)
if (libc.fn.prctl(22, 2, program.address, 0, 0) !== 0) throw new Error('there is no seccomp here')
console.log(JSON.stringify(await probe({ onWarning() {} })))
`

/** The report of a process in which two system calls are answered by a filter. */
function probeConfined(action: number): ProbeReport {
  const modules = ['src/libc/libc', 'src/libc/memory', 'src/probe/index'].map((path) => entryPoint(path))
  const output = execFileSync(
    node,
    ['--input-type=module', '--eval', confinedProgram, ...modules, String(action)],
    { encoding: 'utf8' },
  )
  return JSON.parse(output) as ProbeReport
}

/** What became of epoll_pwait2, and of io_uring_setup, which may be forbidden for other reasons as well. */
function refusals({ backends }: ProbeReport): (FeatureReport | undefined)[] {
  const epoll = backends.find(({ name }) => name === 'epoll')
  const ring = backends.find(({ name }) => name === 'io_uring')
  return [epoll?.features['epoll_pwait2'], ring?.features['setup']]
}

/** The backends that the filter has nothing to do with. */
const othersOf = ({ backends }: ProbeReport): ProbeReport['backends'] =>
  backends.filter(({ name }) => name !== 'io_uring')

const EPERM = 1
const ENOSYS = 38

describe.runIf(process.platform === 'linux')('under a seccomp filter', () => {
  test.each([
    ['EPERM', 0x50000 | EPERM],
    ['ENOSYS', 0x50000 | ENOSYS],
  ])('that answers %s, the filter is named', (errno, action) => {
    const report = probeConfined(action)
    expect(refusals(report)).toMatchObject([
      { state: 'forbidden', cause: 'seccomp', errno },
      { state: 'forbidden', errno },
    ])
    expect(report.sandbox.map(({ layer }) => layer)).toContain('seccomp')
    expect(othersOf(report).every(({ available, cause }) => available || cause === 'libc')).toBe(true)
  })

  test.each([
    ['the process', 0x80000000],
    ['the thread', 0],
  ])('that kills %s, everything else is probed', (_victim, action) => {
    const report = probeConfined(action)
    const killed = { state: 'forbidden', cause: 'seccomp', signal: 'SIGSYS' }
    expect(refusals(report)).toMatchObject([killed, killed])
    expect(othersOf(report).every(({ available, cause }) => available || cause === 'libc')).toBe(true)
    expect(report.findings.map(({ title }) => title)).toContain(
      'a seccomp filter kills processes instead of refusing a call',
    )
  })
})
