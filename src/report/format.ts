import type { BenchReport } from '../measure/report.ts'
import type { CompareReport } from '../measure/compare/report.ts'
import type { ProbeReport } from '../probe/report.ts'
import type { FuzzReport } from '../conformance/fuzz/report.ts'
import type { CatalogueReport } from '../conformance/catalogue-report.ts'
import type { RunReport } from '../conformance/scenarios/run/report.ts'
import type { VerifyReport } from '../conformance/report.ts'
import type { Style } from './style.ts'

/** How a format is to write. */
export interface FormatOptions {
  readonly style: Style
  /** Also what is well: every check that passed, every feature that is there. */
  readonly verbose: boolean
}

/** A format turns reports into text. It is pure: it reads no clock, no environment and no terminal. */
export interface Format {
  probe(report: ProbeReport, options: FormatOptions): string
  verify(report: VerifyReport, options: FormatOptions): string
  bench(report: BenchReport, options: FormatOptions): string
  compare(report: CompareReport, options: FormatOptions): string
  fuzz(report: FuzzReport, options: FormatOptions): string
  /** What the steps of scenarios gave. */
  run(report: RunReport, options: FormatOptions): string
  /** What checks there are, a line each. */
  list(report: CatalogueReport, options: FormatOptions): string
  /** The same checks, with all that is to be said of each. */
  explain(report: CatalogueReport, options: FormatOptions): string
}
