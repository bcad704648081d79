import type { Format } from '../format.ts'

/** One document, as the contract in the README and the types of the reports have it. */
const document = (report: object): string => `${JSON.stringify(report, null, 2)}\n`

export const json: Format = { probe: document, verify: document, bench: document }
