/** Saved reports made by hand, and held against each other. */
import { expect } from 'vitest'
import type { BenchReport, BenchResult, Control } from '../measure/report.ts'
import { compareReports } from '../measure/compare/compare-reports.ts'
import type { CompareOptions } from '../measure/compare/compare-reports.ts'
import type { CompareReport, FigureComparison, OtherFile } from '../measure/compare/report.ts'
import type { Saved } from '../measure/saved/load.ts'
import { benchReport, measuredResult, roundsAround } from './reports.ts'

/** A result around this median. Every call draws its rounds in another order. */
let seed = 1
export const around = (medianNs: number, over: Partial<BenchResult> = {}, spread = 0.01): BenchResult =>
  measuredResult(roundsAround(medianNs, spread, 30, seed++), over)

/** As it is when it was loaded. */
export const saved = (results: readonly BenchResult[], over: Partial<BenchReport> = {}): Saved => ({
  file: 'some.json',
  report: benchReport(results, over),
})

/** Holds one file against another. */
export function compare(base: Saved, other: Saved, over: Partial<CompareOptions> = {}): CompareReport {
  return compareReports({ base, others: [other], version: '1.2.3', ...over })
}

/** The only file that was held against the base, and its only figure. */
export const otherOf = (report: CompareReport): OtherFile => report.others[0] as OtherFile
export const onlyComparison = (report: CompareReport): FigureComparison => {
  expect(otherOf(report).comparisons).toHaveLength(1)
  return otherOf(report).comparisons[0] as FigureComparison
}

/** The control of `wake` on epoll, with a noise floor. */
export const control = (floor: number, over: Partial<Control> = {}): Control => ({
  workload: 'wake',
  backend: 'epoll',
  fds: 1,
  value: 1,
  ci95: [1 / (1 + floor), 1 + floor],
  p: 1,
  verdict: 'inconclusive',
  floor,
  ...over,
})
