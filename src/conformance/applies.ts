import type { Backend } from '../backends/backend.ts'
import { backends } from '../backends/index.ts'
import type { BackendName } from '../backends/index.ts'
import type { Check } from './check.ts'

/**
 * Whether a check applies to a backend. To one that speaks the language of another also what is written for that one. A
 * world of its own has one thread and a time of its own: no check of it needs another thread, or a race.
 */
export function applies({ backends: named, kind }: Check, backend: BackendName): boolean {
  const { speaks, world }: Backend = backends[backend]
  if (world !== undefined && kind !== 'det' && kind !== 'time') return false
  return named.includes(backend) || (speaks !== undefined && named.includes(speaks))
}
