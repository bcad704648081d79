/** What is to be measured, in which order, and what of it side by side. */
import type { Backend } from '../backends/backend.ts'
import { backends } from '../backends/index.ts'
import { workloads } from '../workloads/index.ts'
import type { WorkloadName } from '../workloads/index.ts'
import { usableSource } from '../workloads/sources.ts'
import type { Case, Workload } from '../workloads/workload.ts'
import type { BenchOptions } from './bench.ts'
import { assertFits } from './fit.ts'
import type { AtOnce, Room } from './fit.ts'

/** A case that is to be measured at a size. */
export interface Planned {
  readonly name: WorkloadName
  readonly size: number
  readonly case: Case
}

/** Cases of one workload and one size whose rounds are interleaved: usually one. */
export type Together = readonly [Planned, ...Planned[]]

/** All cases. Throws `UsageError` where a size does not fit. */
export function makePlan(options: BenchOptions, room: Room): readonly Together[] {
  const source = usableSource(options.libc, options.source)
  if (source !== options.source) {
    options.onWarning(`there are no ${options.source}s here; ${source}s are used instead`)
  }
  const seen = new Set<string>()
  return options.sizes.flatMap((size) => {
    const planned = options.workloads.flatMap((name) => {
      const workload: Workload = workloads[name]
      return workload
        .cases({ ...options, fds: size, source })
        .map((one): Planned => ({ name, size, case: one }))
    })
    assertFits(
      planned.map((one) => ({ case: one.case, atOnce: openAtOnce(options, one.case) })),
      size,
      room,
    )
    // What does not grow with the size is measured once.
    const fresh = planned.filter(({ name, case: { variant = '', fds } }) => {
      const key = `${name} ${fds} ${variant}`
      return !seen.has(key) && seen.add(key)
    })
    return groups(fresh)
  })
}

/** Puts what is held against another case beside it. */
function groups(all: readonly Planned[]): Together[] {
  const found: [Planned, ...Planned[]][] = []
  for (const one of all) {
    const last = found.at(-1)
    if (last !== undefined && last[0].name === one.name && one.case.against !== undefined) last.push(one)
    else found.push([one])
  }
  return found
}

/**
 * How often a case is open in this process at once. The ffi driver opens it on all backends, on one a second time, and
 * beside it what it is held against; the replay driver opens one after the other, and each has a process of its own then.
 */
export function openAtOnce({ driver, backends: names }: BenchOptions, workload: Case): AtOnce {
  if (driver !== 'ffi' && workload.driver !== 'ffi') return { sources: 1, entries: 1 }
  const here = names.filter((name) => (backends[name] as Backend).world === undefined).length
  const cases = workload.driver === 'ffi' ? 2 : 1
  return { sources: cases, entries: cases * (here + 1) }
}
