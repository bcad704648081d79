import type { BackendName } from '../backends/index.ts'

/** The backends that are one system call to wait with, which checks call as C does, each in its own words. */
export const classicNames = ['epoll', 'poll', 'select'] as const satisfies readonly BackendName[]

export type ClassicName = (typeof classicNames)[number]

/** One of them. A check that speaks their words names no other backend, so another one is a mistake in the check. */
export function classic(backend: BackendName): ClassicName {
  const name = classicNames.find((candidate) => candidate === backend)
  if (name === undefined) throw new TypeError(`this is not written for ${backend}`)
  return name
}
