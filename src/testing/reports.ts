/** Reports made by hand, for tests of what is made of them. */
import type { CheckResult } from '../conformance/check.ts'
import { countOutcomes } from '../conformance/report.ts'
import type { JudgedResult, VerifyReport } from '../conformance/report.ts'
import type { BenchReport, BenchResult } from '../measure/report.ts'
import { seededRandom, shuffled } from '../random.ts'
import { median } from '../measure/statistics/describe.ts'
import type { ProbeReport } from '../probe/report.ts'

const tool = { name: 'evloop', version: '1.2.3' } as const
const startedAt = '2026-01-02T03:04:05.678Z'

/** A machine about which little is known. */
export const environment: ProbeReport = {
  schema: 'evloop/probe@1',
  tool,
  startedAt,
  durationMs: 12,
  platform: {
    os: 'linux',
    arch: 'x64',
    kernel: '6.1.0',
    kernelVersion: '#1 SMP',
    libc: { name: 'glibc', version: '2.36' },
    node: '20.19.0',
    libuv: '1.46.0',
    cpus: { model: null, count: 2, usable: 2 },
    clockSource: 'tsc',
    timerSlackNs: 50_000,
    pageSize: 4096,
    endianness: 'LE',
  },
  limits: {
    descriptors: { soft: 1024, hard: 4096, inherited: 1024, open: 20 },
    lockedMemory: null,
    nrOpen: null,
    fileMax: null,
    maxUserWatches: null,
    maxUserInstances: null,
    pidMax: null,
    threadsMax: null,
  },
  backends: [],
  interfaces: [],
  ring: null,
  structs: {},
  sandbox: [],
  ffi: {
    binding: 'ffi-rs',
    version: null,
    callNs: null,
    origins: { epoll_wait: null, poll: null, select: null, libc: null },
    preloaded: [],
  },
  findings: [],
}

export function verifyReport(
  results: readonly JudgedResult[],
  over: Partial<VerifyReport> = {},
): VerifyReport {
  return {
    schema: 'evloop/verify@1',
    tool,
    environment,
    startedAt,
    durationMs: 1234,
    results,
    summary: countOutcomes(results),
    ...over,
  }
}

/** A result of a check of level-triggered epoll that passed, unless it is told otherwise. */
export function checkResult(over: Partial<CheckResult> = {}): CheckResult {
  return {
    id: 'epoll.lt.basic-in',
    family: 'epoll.lt',
    backend: 'epoll',
    level: 'contract',
    outcome: 'pass',
    durationMs: 1,
    ...over,
  }
}

export function benchReport(results: readonly BenchResult[], over: Partial<BenchReport> = {}): BenchReport {
  return {
    schema: 'evloop/bench@1',
    tool,
    environment,
    startedAt,
    durationMs: 2500,
    settings: {
      fds: [1],
      eventsPerWait: 1024,
      trigger: 'level',
      source: 'eventfd',
      writes: 100,
      rateHz: 1000,
      cpus: [],
      quick: false,
    },
    driver: { name: 'replay', reason: 'prebuilt for linux-x64-glibc', process: 'forked' },
    seed: 1,
    clock: { costNs: 24, stepNs: 20 },
    timerSlackNs: 50_000,
    callTax: { baseNs: 1000, perArgumentNs: 100 },
    results,
    openLoop: [],
    control: [],
    scaling: [],
    crossovers: [],
    gaps: [],
    noise: {
      pressureUs: 250_000,
      stealMs: 0,
      throttledMs: 0,
      throttlings: 0,
      voluntaryContextSwitches: 12,
      involuntaryContextSwitches: 1,
      loadAverage: [0.5, 1],
      spoiltRounds: 0,
    },
    ...over,
  }
}

/** A figure of 10 microseconds, a tenth of which is the tool's own, unless it is told otherwise. */
export function benchResult(over: Partial<BenchResult> = {}): BenchResult {
  return {
    workload: 'wake',
    backend: 'epoll',
    fds: 1,
    active: 1,
    driver: 'replay',
    cycles: 1000,
    rounds: 30,
    samples: 1000,
    eventsPerCycle: 1,
    callsPerCycle: 3,
    p50Ns: 9900,
    p90Ns: 11_000,
    p99Ns: 15_000,
    p999Ns: 40_000,
    maxNs: 123_456,
    minNs: 9000,
    meanNs: 10_100,
    medianNs: 10_000,
    ci95Ns: [9950, 10_050],
    roundNs: Array<number>(30).fill(10_000),
    opsPerSecond: 100_000,
    cpuNs: 9000,
    taxNs: 1000,
    outliers: { mild: 3, severe: 1 },
    events: { expected: 1000, seen: 1000, duplicate: 0, spurious: 0, lost: 0 },
    ...over,
  }
}

/** Rounds evenly around a median, in random order, none farther from it than `spread` as a fraction of it. */
export function roundsAround(medianNs: number, spread = 0.01, count = 30, seed = 1): number[] {
  const even = Array.from({ length: count }, (_, i) => (2 * i + 1) / count - 1)
  return shuffled(even, seededRandom(seed)).map((at) => medianNs * (1 + spread * at))
}

/** A figure of these rounds that agrees with itself, as one that was measured does. */
export function measuredResult(roundNs: readonly number[], over: Partial<BenchResult> = {}): BenchResult {
  const medianNs = median(roundNs)
  const [least, most] = [Math.min(...roundNs), Math.max(...roundNs)]
  return benchResult({
    rounds: roundNs.length,
    roundNs,
    medianNs,
    ci95Ns: [least, most],
    minNs: least,
    p50Ns: medianNs,
    p90Ns: most,
    p99Ns: most,
    p999Ns: most,
    maxNs: most,
    meanNs: medianNs,
    opsPerSecond: 1e9 / medianNs,
    ...over,
  })
}
