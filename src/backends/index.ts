import type { Libc } from '../libc/libc.ts'
import type { Availability, Backend } from './backend.ts'
import { epoll } from './epoll.ts'
import { ioUring } from './io-uring.ts'
import { ioUringSqpoll } from './io-uring-sqpoll.ts'
import { kqueue } from './kqueue.ts'
import { poll } from './poll.ts'
import { select } from './select.ts'
import { userspace } from './userspace.ts'

/** Every backend, best first. Adding one is a file and a line here. */
export const backends = {
  epoll,
  kqueue,
  io_uring: ioUring,
  'io_uring-sqpoll': ioUringSqpoll,
  poll,
  select,
  userspace,
} as const satisfies Record<string, Backend>

export type BackendName = keyof typeof backends

export const backendNames = Object.keys(backends) as BackendName[]

/** Those that are meant where nobody names one, as far as they are there. */
export const usualBackendNames = backendNames.filter((name) => {
  const backend: Backend = backends[name]
  return backend.onRequest !== true
})

/**
 * What is there at all: the backends whose interface this process has, best first. They are what is meant where
 * nobody names a backend: on Linux nobody misses a kqueue.
 */
export function candidateBackends(libc: Libc): BackendName[] {
  return usualBackendNames.filter((name) => backends[name].isPresent(libc))
}

/** What works: a backend with the result of a harmless try. */
export function availabilityOf(libc: Libc, name: BackendName): Availability {
  return backends[name].availability(libc)
}

/** What is best here: the first backend that works, of those that can be tried without fear. Undefined where none does. */
export function defaultBackend(libc: Libc): Backend | undefined {
  const all: readonly Backend[] = Object.values(backends)
  return all.find(
    (backend) =>
      backend.onRequest !== true && backend.mayKill !== true && backend.availability(libc).available,
  )
}
