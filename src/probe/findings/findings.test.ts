import { describe, expect, test } from 'vitest'
import type { FeatureReport, LimitsReport, ProbeReport, SandboxEvidence } from '../report.ts'
import { findingsOf } from './index.ts'
import type { Evidence } from './rule.ts'

type Descriptors = LimitsReport['descriptors']

const usable: FeatureReport = { state: 'usable' }
const libc = '/usr/lib/libc.so.6'

/** A machine on which there is nothing to find. */
const good: Evidence = {
  schema: 'evloop/probe@1',
  tool: { name: 'evloop', version: '0.0.0' },
  startedAt: '2026-01-01T00:00:00.000Z',
  durationMs: 200,
  platform: {
    os: 'linux',
    arch: 'x64',
    kernel: '6.18.44',
    kernelVersion: '#1 SMP',
    libc: { name: 'glibc', version: '2.36' },
    node: '20.20.2',
    libuv: '1.46.0',
    cpus: { model: 'AMD EPYC', count: 2, usable: 2 },
    clockSource: 'tsc',
    timerSlackNs: 50_000,
    pageSize: 4096,
    endianness: 'LE',
  },
  limits: {
    descriptors: { soft: 20_000, hard: 20_000, inherited: 20_000, open: 20 },
    lockedMemory: 8_388_608,
    nrOpen: 1_048_576,
    fileMax: 2_466_170,
    maxUserWatches: 5_491_511,
    maxUserInstances: 128,
    pidMax: 32_768,
    threadsMax: 192_730,
  },
  backends: [
    { name: 'epoll', available: true, features: { level: usable, epoll_pwait2: usable } },
    { name: 'io_uring', available: true, features: { setup: usable } },
  ],
  interfaces: [{ name: 'pidfd', available: true, features: { pidfd_open: usable } }],
  ring: null,
  structs: {},
  sandbox: [],
  ffi: {
    binding: 'ffi-rs',
    version: '1.3.7',
    callNs: null,
    origins: { epoll_wait: libc, poll: libc, select: libc, libc },
    preloaded: [],
  },
}

/** The findings of a machine that differs from the good one: `warning: /proc is not there`. */
function findings(different: Partial<ProbeReport>): string[] {
  return findingsOf({ ...good, ...different }).map(({ severity, title }) => `${severity}: ${title}`)
}

test('nothing is found where nothing is wrong', () => {
  expect(findings({})).toEqual([])
})

describe('backends', () => {
  const withEpoll = (features: Record<string, FeatureReport>, available = true): Partial<ProbeReport> => ({
    backends: [{ name: 'epoll', available, features }],
  })

  test('one that cannot be used is an error', () => {
    const level: FeatureReport = { state: 'forbidden', cause: 'seccomp', signal: 'SIGSYS' }
    expect(findings(withEpoll({ level }, false))).toEqual([
      'error: epoll cannot be used',
      'warning: a seccomp filter kills processes instead of refusing a call',
    ])
  })

  test('one that no library has is not missed', () => {
    const report = withEpoll({ level: { state: 'missing', cause: 'libc' } }, false)
    const backends = report.backends?.map((backend) => ({ ...backend, cause: 'libc' as const }))
    expect(findings({ ...report, ...(backends === undefined ? {} : { backends }) })).toEqual([])
  })

  test('a feature that does the wrong thing is an error', () => {
    expect(findings(withEpoll({ level: usable, edge: { state: 'broken' } }))).toEqual([
      'error: epoll: edge does not work',
    ])
  })

  test('without epoll_pwait2 timeouts are coarse', () => {
    expect(findings(withEpoll({ epoll_pwait2: { state: 'missing', cause: 'kernel' } }))).toEqual([
      'advice: timeouts of epoll are rounded up to milliseconds',
    ])
  })

  test('a binding that cannot be loaded is the one error', () => {
    expect(findings({ ...withEpoll({}, false), ffi: { ...good.ffi, error: 'no binary' } })).toEqual([
      'error: native functions cannot be called',
    ])
  })
})

describe('interfaces', () => {
  const withRing = (setup: FeatureReport): Partial<ProbeReport> => ({
    backends: [{ name: 'io_uring', available: false, ...setup, features: { setup } }],
  })
  const withPidfd = (pidfd_open: FeatureReport): Partial<ProbeReport> => ({
    interfaces: [{ name: 'pidfd', available: false, ...pidfd_open, features: { pidfd_open } }],
  })

  test('io_uring is said to be forbidden, and by whom', () => {
    expect(findings(withRing({ state: 'forbidden', cause: 'sysctl', errno: 'EPERM' }))).toEqual([
      'advice: io_uring is forbidden (sysctl)',
    ])
    expect(findings(withRing({ state: 'forbidden', errno: 'EPERM' }))).toEqual([
      'advice: io_uring is forbidden',
    ])
  })

  test('io_uring is mentioned where it is missing, and others are not', () => {
    expect(findings(withRing({ state: 'missing', cause: 'emulator' }))).toEqual([
      'advice: io_uring cannot be used (emulator)',
    ])
    expect(findings(withPidfd({ state: 'missing', cause: 'kernel' }))).toEqual([])
    expect(findings(withPidfd({ state: 'forbidden', cause: 'seccomp' }))).toEqual([
      'advice: pidfd is forbidden (seccomp)',
    ])
  })
})

describe('libraries', () => {
  const withOrigin = (epoll: string, library?: string): Partial<ProbeReport> => ({
    ffi: {
      ...good.ffi,
      ...(library === undefined ? {} : { library }),
      origins: { ...good.ffi.origins, epoll_wait: epoll },
    },
  })

  test('a preloaded one is found', () => {
    expect(findings(withOrigin('/opt/shim.so'))).toEqual(['warning: a preloaded library provides epoll_wait'])
  })

  test('the one that was asked for is not', () => {
    expect(findings(withOrigin('/opt/shim.so', '/opt/shim.so'))).toEqual([])
  })
})

describe('the machine', () => {
  const evidence = (layer: string): SandboxEvidence[] => [{ layer, evidence: 'seen', confidence: 'high' }]

  test('under an emulator figures are not those of the host', () => {
    expect(findings({ sandbox: evidence('gvisor') })).toEqual([
      'warning: gVisor stands between this program and the kernel',
    ])
    expect(findings({ sandbox: evidence('docker') })).toEqual([])
  })

  test('a slow clock is found, and an unknown one is not', () => {
    const clock = (clockSource: string | null): string[] =>
      findings({ platform: { ...good.platform, clockSource } })
    expect(clock('hpet')).toEqual(['warning: the clock source is hpet'])
    expect(clock('kvm-clock')).toEqual([])
    expect(clock(null)).toEqual([])
  })

  test('a large timer slack is found', () => {
    expect(findings({ platform: { ...good.platform, timerSlackNs: 40_000_000 } })).toEqual([
      'advice: timeouts may be late',
    ])
  })

  test.each([
    ['5.10.0-28-amd64', 1],
    ['5.4.0-150-generic', 1],
    ['5.5.1', 2],
    ['5.13.19', 1],
    ['5.14.0', 0],
    ['6.14.4', 1],
    ['6.14.8', 0],
  ])('Linux %s has %i known mistakes', (kernel, count) => {
    expect(findings({ platform: { ...good.platform, kernel } })).toEqual(
      Array(count).fill('warning: this version of Linux had a mistake'),
    )
  })

  test('the version of an emulated kernel has no mistakes of Linux', () => {
    const platform = { ...good.platform, kernel: '5.5.1' }
    expect(findings({ platform, sandbox: evidence('gvisor') })).toHaveLength(1)
  })
})

describe('limits', () => {
  const withDescriptors = (descriptors: Partial<Descriptors>): string[] =>
    findings({ limits: { ...good.limits, descriptors: { ...good.limits.descriptors, ...descriptors } } })

  test('the soft limit of other programs is compared with the hard one', () => {
    expect(withDescriptors({ inherited: 1024 })).toEqual([
      'advice: the soft descriptor limit is below the hard one',
    ])
    expect(withDescriptors({ inherited: null, soft: 1024, hard: 'unlimited' })).toEqual([
      'advice: the soft descriptor limit is below the hard one',
    ])
  })

  test('a small hard limit is found', () => {
    expect(withDescriptors({ soft: 1024, hard: 1024, inherited: 1024 })).toEqual([
      'warning: the hard descriptor limit is small',
    ])
  })

  test('a limit that is nearly reached is found', () => {
    expect(withDescriptors({ open: 19_990 })).toEqual(['warning: hardly any descriptors are left'])
  })

  test('limits that are not known are not complained of, but a missing /proc is', () => {
    const unknown = { soft: null, hard: null, inherited: null, open: null }
    expect(withDescriptors(unknown)).toEqual(['warning: /proc is not there'])
  })

  test('few watches are found', () => {
    expect(findings({ limits: { ...good.limits, maxUserWatches: 100 } })).toEqual([
      'warning: few descriptors can be registered with epoll',
    ])
  })
})
