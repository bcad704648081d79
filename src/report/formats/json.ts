import type { Format } from '../format.ts'

/**
 * JSON text in which DEL and the control characters behind it, which JSON would let stand as they are and a terminal
 * may obey, are escaped.
 */
export function escapeControls(text: string): string {
  return text.replaceAll(
    /(?!\n)\p{Cc}/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** One document, as the contract in the README and the types of the reports have it. */
const document = (report: object): string => `${escapeControls(JSON.stringify(report, null, 2))}\n`

export const json: Format = {
  probe: document,
  verify: document,
  bench: document,
  compare: document,
  fuzz: document,
  run: document,
  list: document,
  explain: document,
}
