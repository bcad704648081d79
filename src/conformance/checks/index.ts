import type { BackendName } from '../../backends/index.ts'
import type { Check, Family } from '../check.ts'
import { control } from './control/index.ts'
import { edgeTriggered } from './edge-triggered/index.ts'
import { eventfds } from './eventfd/index.ts'
import { levelTriggered } from './level-triggered/index.ts'
import { oneshot } from './oneshot/index.ts'
import { eventLoop } from './portable/loop.ts'
import { pollers } from './portable/poller.ts'
import { pipeReadiness, tcpReadiness, unixStreamReadiness } from './readiness/index.ts'

/** Every family of checks, in the order of the matrix. Adding one is a folder and a line here. */
export const families: readonly Family[] = [
  pollers,
  eventLoop,
  ...control,
  levelTriggered,
  edgeTriggered,
  oneshot,
  pipeReadiness,
  unixStreamReadiness,
  tcpReadiness,
  eventfds,
]

const byId = new Map<string, { readonly check: Check; readonly family: Family }>()
for (const family of families) {
  for (const check of family.checks) {
    if (byId.has(check.id)) throw new TypeError(`two checks have the id ${check.id}`)
    byId.set(check.id, { check, family })
  }
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
