import type { Backend } from '../backends/backend.ts'
import { backendNames, backends } from '../backends/index.ts'
import { classicNames } from './classic.ts'
import type { Check } from './check.ts'

/** `Check` with its commonest values left out. A union must be taken apart member by member. */
type WithDefaults<C> = C extends Check
  ? Omit<C, 'backends' | 'level' | 'kind'> & Partial<Pick<C, 'backends' | 'level' | 'kind'>>
  : never

/** A check of epoll: a contract, deterministic, unless it says otherwise. */
export function epollCheck(check: WithDefaults<Check>): Check {
  return { level: 'contract', kind: 'det', backends: ['epoll'], ...check } as Check
}

/** A check of the calls that wait, each called as C does. */
export function classicCheck(check: WithDefaults<Check>): Check {
  return { level: 'contract', kind: 'det', backends: classicNames, ...check } as Check
}

/** The backends of the machine itself: those of a world of their own have one thread, and a time that is not ours. */
const machineNames = backendNames.filter((name) => {
  const { world }: Backend = backends[name]
  return world === undefined
})

/** A check of the portable contract, which runs on every backend that has what its kind needs. */
export function portableCheck(check: WithDefaults<Check>): Check {
  const named = (check.kind ?? 'det') === 'det' ? backendNames : machineNames
  return { level: 'contract', kind: 'det', backends: named, ...check } as Check
}

/** A check of poll itself, called as C does. */
export function pollCheck(check: WithDefaults<Check>): Check {
  return { level: 'contract', kind: 'det', backends: ['poll'], ...check } as Check
}

/** A check of select itself, called as C does. */
export function selectCheck(check: WithDefaults<Check>): Check {
  return { level: 'contract', kind: 'det', backends: ['select'], ...check } as Check
}

/** A check of io_uring itself, called as C does. */
export function ringCheck(check: WithDefaults<Check>): Check {
  return { level: 'contract', kind: 'det', backends: ['io_uring'], ...check } as Check
}

/** A check of kqueue itself, called as C does. */
export function kqueueCheck(check: WithDefaults<Check>): Check {
  return { level: 'contract', kind: 'det', backends: ['kqueue'], ...check } as Check
}
