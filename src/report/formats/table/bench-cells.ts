/** How the figures of a bench report are written in the cells of tables. */
import type { Percentiles } from '../../../measure/report.ts'
import type { Interval } from '../../../measure/statistics/describe.ts'
import type { Verdict } from '../../../measure/statistics/verdict.ts'
import type { Style } from '../../style.ts'
import { formatNs, threeDigits } from '../../text.ts'

/** What stands where there is no figure. */
export const NONE = '-'

/** How many samples are to lie beyond a percentile before it is shown, by custom of load generators. */
const SAMPLES_BEYOND = 10

/** The percentiles of a report, and how many samples each needs at least: 10/(1-p). */
export const percentiles = [
  { name: 'p50', key: 'p50Ns', fewest: fewestFor(0.5) },
  { name: 'p90', key: 'p90Ns', fewest: fewestFor(0.9) },
  { name: 'p99', key: 'p99Ns', fewest: fewestFor(0.99) },
  { name: 'p99.9', key: 'p999Ns', fewest: fewestFor(0.999) },
] as const satisfies readonly {
  readonly name: string
  readonly key: keyof Percentiles
  readonly fewest: number
}[]

export type PercentileKey = (typeof percentiles)[number]['key']

function fewestFor(p: number): number {
  return Math.round(SAMPLES_BEYOND / (1 - p))
}

/** A percentile, or a dash where there are too few samples for it. */
export function percentileCell(values: Percentiles, key: PercentileKey, samples: number): string {
  const fewest = percentiles.find((one) => one.key === key)?.fewest ?? 0
  return samples < fewest ? NONE : nsCell(values[key])
}

export function nsCell(ns: number): string {
  return Number.isFinite(ns) ? formatNs(ns) : NONE
}

/** `387 … 389 ns`, and where the ends differ in their unit `998 ns … 1.02 us`. */
export function intervalCell([low, high]: Interval, format: (ns: number) => string = nsCell): string {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return NONE
  const [lowText, highText] = [format(low), format(high)]
  const [number, unit] = lowText.split(' ')
  return highText.endsWith(` ${unit}`) ? `${number} … ${highText}` : `${lowText} … ${highText}`
}

/** `0.8 %`, `45 %`. */
export function percentCell(share: number): string {
  if (!Number.isFinite(share)) return NONE
  const percent = 100 * share
  return `${percent.toFixed(percent < 9.95 ? 1 : 0)} %`
}

/** `1.16 x`. */
export function factorCell(factor: number): string {
  return Number.isFinite(factor) ? `${threeDigits(factor)} x` : NONE
}

/** As verdicts stand behind a ratio. */
const shortVerdicts: Record<Verdict, string> = {
  faster: 'faster',
  slower: 'slower',
  same: 'same',
  inconclusive: '?',
}
const VERDICT_WIDTH = Math.max(...Object.values(shortVerdicts).map(({ length }) => length))

/** The head of a column of ratios: the word stands above the numbers, not above the verdicts. */
export const ratioHead = `ratio ${' '.repeat(VERDICT_WIDTH)}`

/** `1.16 x slower`, `1.00 x same  `: as wide as any, so that numbers are aligned to the right. */
export function ratioCell(
  ratio: { readonly value: number; readonly verdict: Verdict },
  style: Style,
): string {
  const text = `${factorCell(ratio.value)} ${shortVerdicts[ratio.verdict].padEnd(VERDICT_WIDTH)}`
  return ratio.verdict === 'inconclusive' ? style.dim(text) : text
}

/** As `ratioCell`, for what others are compared with. */
export function baseCell(style: Style): string {
  return `${style.good(factorCell(1))} ${' '.repeat(VERDICT_WIDTH)}`
}
