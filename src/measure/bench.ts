/** The benchmark: which workloads, over which backends, in which order, within which limits. */
import { loadavg } from 'node:os'
import { backends } from '../backends/index.ts'
import type { BackendName } from '../backends/index.ts'
import { UnsupportedError, UsageError } from '../errors.ts'
import type { Libc } from '../libc/libc.ts'
import { descriptorsPerSignal } from '../libc/fd.ts'
import { descriptorLimit, raiseDescriptorLimit } from '../libc/limits.ts'
import { openDescriptors } from '../libc/open-descriptors.ts'
import { workloads } from '../workloads/index.ts'
import type { WorkloadName } from '../workloads/index.ts'
import { Sources } from '../workloads/sources.ts'
import type { Workload } from '../workloads/workload.ts'
import { measureCallTax } from './call-tax.ts'
import { seededRandom } from './random.ts'
import type { BenchGap, BenchReport, BenchResult } from './report.ts'
import { runRounds } from './rounds.ts'
import { summarise } from './summary.ts'

export interface BenchOptions {
  readonly libc: Libc
  readonly backends: readonly BackendName[]
  readonly workloads: readonly WorkloadName[]
  readonly fds: number
  /** How many sources are active at once. Default: a hundredth of them, between 1 and 100. */
  readonly active?: number | undefined
  /** How long the whole run may take, in milliseconds; slow combinations may take longer. */
  readonly durationMs: number
  readonly seed: number
  readonly signal?: AbortSignal | undefined
  /** Called between measurements, never during one. */
  readonly onProgress?: (workload: WorkloadName, index: number, count: number) => void
}

/** All of a report but what it says of the tool and the machine. */
export type Measurement = Omit<BenchReport, 'schema' | 'tool' | 'environment'>

/** Descriptors that Node, a Poller and its waker may come to need while a workload runs. */
const SPARE_DESCRIPTORS = 16

/**
 * Measures. Raises the soft descriptor limit to the hard one; throws `UsageError`, with the number that would
 * fit, where `fds` does not, and `UnsupportedError` where none of the backends is there. An aborted run returns
 * what it has.
 */
export async function bench(options: BenchOptions): Promise<Measurement> {
  const { libc } = options
  const startedAt = new Date().toISOString()
  const start = performance.now()
  const before = process.resourceUsage().involuntaryContextSwitches
  const loadBefore = loadAverage()
  assertAvailable(options)
  assertFits(options)
  const random = seededRandom(options.seed)
  const tax = await measureCallTax(libc)
  const results: BenchResult[] = []
  const gaps: BenchGap[] = []
  for (const [index, name] of options.workloads.entries()) {
    if (options.signal?.aborted === true) break
    options.onProgress?.(name, index, options.workloads.length)
    const workload: Workload = workloads[name]
    const sourceCount = workload.sources(options.fds)
    const fds = workload.registered(options.fds)
    const active = Math.min(options.active ?? defaultActive(sourceCount), Math.max(1, sourceCount))
    using sources = new Sources(libc, sourceCount)
    const capable = options.backends.filter((backend) => {
      const reason = whyNot(libc, backend, sources)
      if (reason !== undefined) {
        gaps.push({ workload: name, backend, fds, outcome: 'unsupported', reason })
      }
      return reason === undefined
    })
    const series = await runRounds({
      libc,
      workload,
      backends: capable.map((backend) => backends[backend]),
      sources,
      active,
      budgetMs: options.durationMs / options.workloads.length,
      tax,
      random,
      signal: options.signal,
    })
    const eventsPerCycle = workload.eventsPerCycle(sourceCount, active)
    const summary = summarise(series, { workload: name, fds, active, eventsPerCycle, random })
    results.push(...summary.results)
    gaps.push(...summary.gaps)
  }
  return {
    startedAt,
    durationMs: Math.round(performance.now() - start),
    seed: options.seed,
    callTax: tax,
    results,
    gaps,
    noise: {
      involuntaryContextSwitches: process.resourceUsage().involuntaryContextSwitches - before,
      loadAverage: [loadBefore, loadAverage()],
    },
    ...(options.signal?.aborted === true ? { interrupted: true } : {}),
  }
}

function assertAvailable({ libc, backends: names }: BenchOptions): void {
  const reasons: string[] = []
  for (const name of names) {
    const availability = backends[name].availability(libc)
    if (availability.available) return
    reasons.push(`${name} is not available: ${availability.reason}`)
  }
  throw new UnsupportedError('nothing to measure', reasons.join('; '))
}

/** Throws `UsageError` where the workloads need more descriptors than there can be, and says what would fit. */
function assertFits({ libc, workloads: names, fds }: BenchOptions): void {
  const limit = raiseLimit(libc)
  const free = limit - openDescriptors(libc).size - SPARE_DESCRIPTORS
  const each = descriptorsPerSignal(libc)
  const extra = Math.max(...names.map((name) => workloads[name].extraDescriptors))
  const sources = Math.max(...names.map((name) => workloads[name].sources(fds)))
  if (sources * each + extra <= free) return
  const room = Math.max(0, Math.floor((free - extra) / each) - (sources - fds))
  throw new UsageError(
    `--fds ${fds} does not fit: this process may have ${limit} descriptors, which leaves room for --fds ${room}`,
    'raise the hard limit (ulimit -Hn, LimitNOFILE, --ulimit nofile) or ask for fewer',
  )
}

function raiseLimit(libc: Libc): number {
  try {
    return raiseDescriptorLimit(libc).soft
  } catch {
    // Where raising is not permitted, the present limit is what there is.
    return descriptorLimit(libc).soft
  }
}

function defaultActive(fds: number): number {
  return Math.min(100, Math.max(1, Math.floor(fds / 100)))
}

/** Why a backend cannot run a workload with these sources; undefined if it can. */
function whyNot(libc: Libc, name: BackendName, sources: Sources): string | undefined {
  const backend = backends[name]
  const availability = backend.availability(libc)
  if (!availability.available) return availability.reason
  const { largestFd } = backend.capabilities
  const largest = sources.fds.reduce((max, fd) => Math.max(max, fd), 0)
  if (largestFd === undefined || largest <= largestFd) return undefined
  return `it cannot watch descriptors above ${largestFd}, and this needs ${largest}`
}

function loadAverage(): number {
  return loadavg()[0] ?? 0
}
