import type { BackendName } from '../../backends/index.ts'
import { applies } from '../applies.ts'
import type { Check, Family } from '../check.ts'
import { families } from './families.ts'

export { families } from './families.ts'

/** A check and its family. */
export interface KnownCheck {
  readonly check: Check
  readonly family: Family
}

const all = new Map(
  families.flatMap((family) => family.checks.map((check) => [check.id, { check, family }] as const)),
)

/** Whether there is a check of this id: there may be none any more, or not yet, of an id that comes from a file. */
export function hasCheck(id: string): boolean {
  return all.has(id)
}

/** The check of an id, with its family. Throws where there is none. */
export function findCheck(id: string): KnownCheck {
  const found = all.get(id)
  if (found === undefined) throw new TypeError(`there is no check ${id}`)
  return found
}

/** The ids of the checks that apply to a backend. */
export function checksOf(backend: BackendName): string[] {
  return [...all.values()].filter(({ check }) => applies(check, backend)).map(({ check }) => check.id)
}
