import type { BackendName } from '../../backends/index.ts'
import type { Family } from '../check.ts'
import { checkIn, loadChecks } from './groups.ts'
import type { KnownCheck } from './groups.ts'

const all = await loadChecks()

/** Every family of checks, in the order of the matrix. */
export const families: readonly Family[] = [...new Set([...all.values()].map(({ family }) => family))]

/** Whether there is a check of this id: there may be none any more, or not yet, of an id that comes from a file. */
export function hasCheck(id: string): boolean {
  return all.has(id)
}

/** The check of an id, with its family. Throws where there is none. */
export function findCheck(id: string): KnownCheck {
  return checkIn(all, id)
}

/** The ids of the checks that apply to a backend. */
export function checksOf(backend: BackendName): string[] {
  return [...all.values()]
    .filter(({ check }) => check.backends.includes(backend))
    .map(({ check }) => check.id)
}
