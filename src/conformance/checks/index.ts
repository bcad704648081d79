import type { BackendName } from '../../backends/index.ts'
import type { Check, Family } from '../check.ts'

/**
 * Every family of checks, in the order of the matrix. Adding one is a folder and a line here.
 *
 * They are loaded one after another. Node opens all files of a static import at once, and these are so many that a
 * process with 64 descriptors could not load them.
 */
export const families: readonly Family[] = [
  (await import('./portable/poller.ts')).pollers,
  (await import('./portable/loop.ts')).eventLoop,
  ...(await import('./control/index.ts')).control,
  (await import('./level-triggered/index.ts')).levelTriggered,
  (await import('./edge-triggered/index.ts')).edgeTriggered,
  (await import('./oneshot/index.ts')).oneshot,
  (await import('./wake/index.ts')).wake,
  (await import('./exclusive/index.ts')).exclusive,
  (await import('./nested/index.ts')).nesting,
  (await import('./thread/index.ts')).threads,
  ...(await import('./readiness/index.ts')).readiness,
  (await import('./eventfd/index.ts')).eventfds,
  (await import('./timeouts/index.ts')).timeouts,
  (await import('./signals/index.ts')).signals,
  (await import('./poll/index.ts')).polls,
  (await import('./select/index.ts')).selects,
  ...(await import('./sources/index.ts')).sources,
  (await import('./emu/index.ts')).pitfalls,
  (await import('./life/index.ts')).lifetimes,
  (await import('./batch/index.ts')).batches,
  (await import('./limits/index.ts')).limits,
]

const byId = new Map<string, { readonly check: Check; readonly family: Family }>()
for (const family of families) {
  for (const check of family.checks) {
    if (byId.has(check.id)) throw new TypeError(`two checks have the id ${check.id}`)
    byId.set(check.id, { check, family })
  }
}

/** Whether there is a check of this id: there may be none any more, or not yet, of an id that comes from a file. */
export function hasCheck(id: string): boolean {
  return byId.has(id)
}

/** The check of an id, with its family. Throws where there is none. */
export function findCheck(id: string): { readonly check: Check; readonly family: Family } {
  const found = byId.get(id)
  if (found === undefined) throw new TypeError(`there is no check ${id}`)
  return found
}

/** The ids of the checks that apply to a backend. */
export function checksOf(backend: BackendName): string[] {
  return [...byId.values()]
    .filter(({ check }) => check.backends.includes(backend))
    .map(({ check }) => check.id)
}
