import type { Style } from '../../style.ts'
import { printable } from '../../text.ts'
import { caseName, figuresOf } from './bench-cases.ts'
import type { CaseAtSize } from './bench-cases.ts'
import { intervalCell, nsCell, percentCell } from './bench-cells.ts'
import { quotient } from './bench-results.ts'
import { layOutOpen } from './layout.ts'

const head = [
  'what fibers add',
  'backend',
  'fds',
  'bare',
  'fibers',
  'adds',
  '95 % interval',
  'of it tax',
  'calls',
  'with fibers',
]

/** The same work by hand and by fibers, side by side: the difference is what the runtime adds. */
export function runtimeLines(cases: readonly CaseAtSize[], style: Style): string[] {
  const figures = figuresOf(cases)
  const rows = figures.flatMap((result) => {
    const { workload, backend, fds, difference } = result
    const bare = figures.find(
      (one) =>
        one.variant === difference?.to &&
        one.workload === workload &&
        one.backend === backend &&
        one.fds === fds,
    )
    if (difference === undefined || bare === undefined) return []
    return [
      [
        printable(workload),
        backend,
        String(fds),
        nsCell(bare.medianNs),
        nsCell(result.medianNs),
        style.strong(nsCell(difference.ns)),
        intervalCell(difference.ci95Ns),
        nsCell(result.taxNs - bare.taxNs),
        quotient(bare.callsPerCycle, bare.eventsPerCycle),
        quotient(result.callsPerCycle, result.eventsPerCycle),
      ],
    ]
  })
  if (rows.length === 0) return []
  return [
    layOutOpen(head, rows, [2, 3, 4, 5, 6, 7, 8, 9]),
    style.dim(
      'adds: the median of what each round shows, in which both were measured; of it tax: what more calls cost on their way; calls: system calls for an event',
    ),
  ]
}

/** Where the jobs of a pool have run. */
export function poolLines(cases: readonly CaseAtSize[]): string[] {
  const rows = figuresOf(cases).flatMap((result) => {
    const { pool, backend } = result
    if (pool === undefined) return []
    const { threads, jobs, stolen } = pool
    return [
      [caseName(result), backend, String(threads), String(jobs), String(stolen), percentCell(stolen / jobs)],
    ]
  })
  if (rows.length === 0) return []
  const poolHead = ['jobs that were stolen', 'backend', 'threads', 'jobs', 'stolen', 'of all']
  return [layOutOpen(poolHead, rows, [2, 3, 4, 5])]
}
