import type { BenchResult } from '../../../measure/report.ts'
import type { Style } from '../../style.ts'
import { printable } from '../../text.ts'
import { figuresOf } from './bench-cases.ts'
import type { CaseAtSize } from './bench-cases.ts'
import { intervalCell, nsCell } from './bench-cells.ts'
import { quotient } from './bench-results.ts'
import { layOutOpen } from './layout.ts'

/** What the variant by hand is called, and what the one with the runtime. */
const BARE = 'bare'
const FIBERS = 'fibers'

const head = [
  'what fibers add',
  'backend',
  'fds',
  'bare',
  'fibers',
  'adds',
  'interval',
  'calls',
  'with fibers',
]

/** The same work by hand and by fibers, side by side: the difference is what the runtime adds. */
export function runtimeLines(cases: readonly CaseAtSize[], style: Style): string[] {
  const figures = figuresOf(cases)
  const rows = figures.flatMap((bare) => {
    const fibers = bare.variant === BARE ? counterpartOf(bare, figures) : undefined
    return fibers === undefined ? [] : [rowOf(bare, fibers, style)]
  })
  if (rows.length === 0) return []
  return [
    layOutOpen(head, rows, [2, 3, 4, 5, 6, 7, 8]),
    style.dim(
      'adds: fibers less bare, which were measured one after the other; its interval holds all that both of theirs allow; calls: system calls for an event',
    ),
  ]
}

function counterpartOf(bare: BenchResult, figures: readonly BenchResult[]): BenchResult | undefined {
  const { workload, backend, fds } = bare
  return figures.find(
    (one) =>
      one.variant === FIBERS && one.workload === workload && one.backend === backend && one.fds === fds,
  )
}

function rowOf(bare: BenchResult, fibers: BenchResult, style: Style): string[] {
  const [bareLow, bareHigh] = bare.ci95Ns
  const [fibersLow, fibersHigh] = fibers.ci95Ns
  return [
    printable(bare.workload),
    bare.backend,
    String(bare.fds),
    nsCell(bare.medianNs),
    nsCell(fibers.medianNs),
    style.strong(nsCell(fibers.medianNs - bare.medianNs)),
    intervalCell([fibersLow - bareHigh, fibersHigh - bareLow]),
    quotient(bare.callsPerCycle, bare.eventsPerCycle),
    quotient(fibers.callsPerCycle, fibers.eventsPerCycle),
  ]
}
