import type { JudgedResult } from '../../../conformance/report.ts'
import { plural } from '../../text.ts'

/** As many ids as fit a line that is still read. */
const IDS_IN_A_LINE = 4

/** A reason that kept checks from running, and which ones, in words. */
export interface UnsupportedGroup {
  readonly which: string
  readonly reason: string
}

/** What could not be checked, by the reason: a backend that is not there is one line, not hundreds. */
export function unsupportedGroups(results: readonly JudgedResult[]): UnsupportedGroup[] {
  const groups = new Map<string, { ids: Set<string>; backends: Set<string> }>()
  for (const { outcome, message = 'for no reason that it tells', id, backend } of results) {
    if (outcome !== 'unsupported') continue
    const group = groups.get(message) ?? { ids: new Set(), backends: new Set() }
    groups.set(message, group)
    group.ids.add(id)
    group.backends.add(backend)
  }
  return [...groups].map(([reason, { ids, backends }]) => {
    const names = ids.size > IDS_IN_A_LINE ? plural(ids.size, 'check') : [...ids].join(', ')
    return { which: `${names} on ${[...backends].join(', ')}`, reason }
  })
}
