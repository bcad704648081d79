import type { Format } from '../../format.ts'
import { benchTable } from './bench.ts'
import { catalogueTable } from './catalogue.ts'
import { compareTable } from './compare.ts'
import { explanation } from './explanation.ts'
import { probeTable } from './probe.ts'
import { verifyTable } from './verify.ts'

/** For people: tables, with what needs attention spelled out below them. */
export const table: Format = {
  probe: probeTable,
  verify: verifyTable,
  bench: (report, options) =>
    report.baseline === undefined
      ? benchTable(report, options)
      : `${benchTable(report, options)}\n${compareTable(report.baseline, options)}`,
  compare: compareTable,
  list: catalogueTable,
  explain: explanation,
}
