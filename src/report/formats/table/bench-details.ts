/** What some workloads tell besides durations: who woke, libevent's own figures, waiting by the clock. */
import type { OpenLoopResult } from '../../../measure/report.ts'
import type { Style } from '../../style.ts'
import { formatRate, plural, printable } from '../../text.ts'
import { caseName, figuresOf } from './bench-cases.ts'
import type { CaseAtSize } from './bench-cases.ts'
import { nsCell, percentileCell, percentiles } from './bench-cells.ts'
import { layOutOpen } from './layout.ts'

export function herdLines(cases: readonly CaseAtSize[]): string[] {
  const rows = figuresOf(cases).flatMap((result) => {
    const { herd } = result
    if (herd === undefined) return []
    const { threads, pollers, wokenMin, wokenMedian, wokenMax, firstNs, lastNs } = herd
    return [
      [
        caseName(result),
        result.backend,
        String(threads),
        String(pollers),
        String(wokenMedian),
        `${wokenMin}..${wokenMax}`,
        nsCell(firstNs),
        nsCell(lastNs),
      ],
    ]
  })
  if (rows.length === 0) return []
  const head = ['threads that wake', 'backend', 'threads', 'pollers', 'woken', 'min..max', 'first', 'last']
  return [layOutOpen(head, rows, [2, 3, 4, 5, 6, 7])]
}

export function libeventLines(cases: readonly CaseAtSize[]): string[] {
  const rows = figuresOf(cases).flatMap(({ libevent, backend, fds, active }) =>
    libevent === undefined
      ? []
      : [
          [
            backend,
            String(fds),
            String(active),
            String(libevent.writes),
            String(libevent.passes),
            libevent.runsUs.join(' '),
          ],
        ],
  )
  if (rows.length === 0) return []
  const head = ["libevent's bench", '-n', '-a', '-w', 'passes', 'microseconds of every run']
  return [layOutOpen(head, rows, [1, 2, 3, 4])]
}

/** Both distributions side by side: what a caller waits, and what is seen if the waiting before is not counted. */
export function openLoopLines(openLoop: readonly OpenLoopResult[], style: Style): string[] {
  if (openLoop.length === 0) return []
  const names = [...percentiles.map(({ name }) => name), 'max']
  const head = [
    'wake-ups by the clock',
    'backend',
    'rate',
    'signals',
    ...names.map((name) => `due ${name}`),
    ...names.map((name) => `sent ${name}`),
  ]
  const rows = openLoop.map((one) => [
    printable(one.variant ?? one.workload),
    one.backend,
    formatRate(one.rateHz),
    String(one.signals),
    ...distribution(one.corrected, one.signals),
    ...distribution(one.uncorrected, one.signals),
  ])
  return [
    layOutOpen(head, rows, head.map((_, column) => column).slice(2)),
    style.dim(
      'due: since the signal was due, delays of the sender included (corrected); sent: since it was sent (uncorrected)',
    ),
    ...tooFewLines(openLoop, style),
  ]
}

function distribution(values: OpenLoopResult['corrected'], signals: number): string[] {
  return [...percentiles.map(({ key }) => percentileCell(values, key, signals)), nsCell(values.maxNs)]
}

function tooFewLines(openLoop: readonly OpenLoopResult[], style: Style): string[] {
  const fewest = Math.min(...openLoop.map(({ signals }) => signals))
  const missing = percentiles.filter((one) => fewest < one.fewest)
  if (missing.length === 0) return []
  const needs = missing.map(({ name, fewest: needed }) => `${name} (${needed})`).join(', ')
  return [style.warn(`${plural(fewest, 'signal')}: too few for ${needs}.`)]
}
