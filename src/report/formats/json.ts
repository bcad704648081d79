import type { Format } from '../format.ts'

/**
 * One document, as the contract in the README and the types of the reports have it. JSON would let DEL and the
 * control characters behind it stand as they are, and a terminal may obey them.
 */
const document = (report: object): string =>
  `${JSON.stringify(report, null, 2).replaceAll(/(?!\n)\p{Cc}/gu, escape)}\n`

const escape = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

export const json: Format = {
  probe: document,
  verify: document,
  bench: document,
  compare: document,
  list: document,
  explain: document,
}
