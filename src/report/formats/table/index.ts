import type { Format } from '../../format.ts'

/**
 * For people: tables, with what needs attention spelled out below them. Each is loaded by itself: that of `verify`
 * brings all checks along, and nobody who measures should wait for them.
 */
export const tables: { readonly [Command in keyof Format]: () => Promise<Format[Command]> } = {
  probe: async () => (await import('./probe.ts')).probeTable,
  verify: async () => (await import('./verify.ts')).verifyTable,
  async bench() {
    const [{ benchTable }, { compareTable }] = [await import('./bench.ts'), await import('./compare.ts')]
    return (report, options) =>
      report.baseline === undefined
        ? benchTable(report, options)
        : `${benchTable(report, options)}\n${compareTable(report.baseline, options)}`
  },
  compare: async () => (await import('./compare.ts')).compareTable,
  fuzz: async () => (await import('./fuzz.ts')).fuzzTable,
  run: async () => (await import('./run.ts')).runTable,
  list: async () => (await import('./catalogue.ts')).catalogueTable,
  explain: async () => (await import('./explanation.ts')).explanation,
}
