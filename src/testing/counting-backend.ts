import type { Backend } from '../backends/backend.ts'

/** A backend whose registrations are counted, and whose calls are written down. */
export interface CountingBackend {
  readonly backend: Backend
  /** How many descriptors are registered. */
  readonly left: () => number
  /** `add 1`, `modify 3`, `remove`, with the interest of each. */
  readonly calls: readonly string[]
}

/** Counts what the Pollers of a backend register. */
export function counting(real: Backend): CountingBackend {
  const registered = new Set<number>()
  const calls: string[] = []
  const backend: Backend = {
    ...real,
    open(...args) {
      const poller = real.open(...args)
      return {
        backend,
        add(fd, interest, ...rest) {
          poller.add(fd, interest, ...rest)
          registered.add(fd)
          calls.push(`add ${interest}`)
        },
        modify(fd, interest, ...rest) {
          poller.modify(fd, interest, ...rest)
          calls.push(`modify ${interest}`)
        },
        remove(fd) {
          registered.delete(fd)
          calls.push('remove')
          poller.remove(fd)
        },
        wait: (batch, timeoutNs) => poller.wait(batch, timeoutNs),
        wake: () => poller.wake(),
        wakeHandle: () => poller.wakeHandle(),
        close: () => poller.close(),
        [Symbol.dispose]: () => poller.close(),
      }
    },
  }
  return { backend, left: () => registered.size, calls }
}
