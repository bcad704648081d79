import type { Libc } from '../libc/libc.ts'
import type { Availability, Backend } from './backend.ts'
import { epoll } from './epoll.ts'
import { poll } from './poll.ts'
import { select } from './select.ts'

/** Every backend, best first. Adding one is a file and a line here. */
export const backends = { epoll, poll, select } as const satisfies Record<string, Backend>

export type BackendName = keyof typeof backends

export const backendNames = Object.keys(backends) as BackendName[]

/** What works: every backend with the result of a harmless try. */
export function availabilityOf(libc: Libc, name: BackendName): Availability {
  return backends[name].availability(libc)
}

/** What is best here: the first backend that works. Undefined where none does. */
export function defaultBackend(libc: Libc): Backend | undefined {
  return Object.values(backends).find((backend) => backend.availability(libc).available)
}
