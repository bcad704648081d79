import type { Check, Family } from '../check.ts'

/**
 * Where the families of checks are, in the order of the matrix. Adding one is a folder and a line here. Each group is
 * loaded by itself: a process that runs a few checks loads what they need, and nothing else.
 */
const groups: readonly (() => Promise<readonly Family[]>)[] = [
  async () => [(await import('./portable/poller.ts')).pollers],
  async () => [(await import('./portable/loop.ts')).eventLoop],
  async () => (await import('./control/index.ts')).control,
  async () => [(await import('./level-triggered/index.ts')).levelTriggered],
  async () => [(await import('./edge-triggered/index.ts')).edgeTriggered],
  async () => [(await import('./oneshot/index.ts')).oneshot],
  async () => [(await import('./wake/index.ts')).wake],
  async () => [(await import('./exclusive/index.ts')).exclusive],
  async () => [(await import('./nested/index.ts')).nesting],
  async () => [(await import('./thread/index.ts')).threads],
  async () => (await import('./readiness/index.ts')).readiness,
  async () => [(await import('./eventfd/index.ts')).eventfds],
  async () => [(await import('./timeouts/index.ts')).timeouts],
  async () => [(await import('./signals/index.ts')).signals],
  async () => [(await import('./poll/index.ts')).polls],
  async () => [(await import('./select/index.ts')).selects],
  async () => (await import('./sources/index.ts')).sources,
  async () => [(await import('./emu/index.ts')).pitfalls],
  async () => [(await import('./life/index.ts')).lifetimes],
  async () => [(await import('./batch/index.ts')).batches],
  async () => [(await import('./limits/index.ts')).limits],
]

/** A check, its family, and the group that it is loaded with. */
export interface KnownCheck {
  readonly check: Check
  readonly family: Family
  readonly group: number
}

/**
 * Loads groups, all of them by default, one after another: Node opens all files of a static import at once, and these
 * are so many that a process with 64 descriptors could not load them. Throws where two checks have the same id.
 */
export async function loadChecks(
  wanted: readonly number[] = [...groups.keys()],
): Promise<ReadonlyMap<string, KnownCheck>> {
  const known = new Map<string, KnownCheck>()
  for (const group of wanted) {
    for (const family of (await groups[group]?.()) ?? []) {
      for (const check of family.checks) {
        if (known.has(check.id)) throw new TypeError(`two checks have the id ${check.id}`)
        known.set(check.id, { check, family, group })
      }
    }
  }
  return known
}

/** The check of an id. Throws where there is none. */
export function checkIn(known: ReadonlyMap<string, KnownCheck>, id: string): KnownCheck {
  const found = known.get(id)
  if (found === undefined) throw new TypeError(`there is no check ${id}`)
  return found
}
