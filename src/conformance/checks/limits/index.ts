import type { Family } from '../../check.ts'
import { descriptors } from './descriptors.ts'
import { entries } from './entries.ts'
import { files } from './files.ts'
import { watches } from './watches.ts'

/** What happens where there is no more: of descriptors, entries, depth, and what cannot be watched at all. */
export const limits: Family = {
  name: 'lim',
  title: 'resource limits',
  why: 'A busy server meets its limits. It must be told so by the errno that the manual names, lose nothing that it has, and go on when there is room again.',
  checks: [...descriptors, ...files, ...entries, ...watches],
}
