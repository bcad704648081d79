import type { Backend, Poller, ReadinessBatch } from '../backends/backend.ts'
import { poll } from '../backends/poll.ts'
import type { Libc } from '../libc/libc.ts'

/** What becomes of the events of one wait: called with how many came, returns how many are reported. */
export type Tamper = (batch: ReadinessBatch, n: number) => number

/** A backend that works, but for what is done to its events. `opened` counts its Pollers. */
export interface FakeBackend extends Backend {
  readonly opened: { total: number; open: number }
}

/** poll under another name, whose waits never block, and whose events are tampered with. */
export function fakeBackend(name: string, tamper: Tamper = (_, n) => n): FakeBackend {
  const opened = { total: 0, open: 0 }
  const backend: FakeBackend = {
    name,
    opened,
    capabilities: poll.capabilities,
    isPresent: (libc) => poll.isPresent(libc),
    availability: (libc) => poll.availability(libc),
    open(libc: Libc): Poller {
      const real = poll.open(libc)
      opened.total++
      opened.open++
      return {
        backend,
        add: (...args) => real.add(...args),
        modify: (...args) => real.modify(...args),
        remove: (fd) => real.remove(fd),
        // What is due is there already in every workload of one thread, and what is lost never comes.
        wait: (batch) => tamper(batch, real.wait(batch, 0)),
        wake: () => real.wake(),
        wakeHandle: () => real.wakeHandle(),
        close() {
          opened.open--
          real.close()
        },
        [Symbol.dispose]() {
          this.close()
        },
      }
    },
  }
  return backend
}

/** Loses the last event of every wait from the `from`th event on. */
export function losing(from = 1): Tamper {
  let count = 0
  return (_, n) => {
    count += n
    return n > 0 && count >= from ? n - 1 : n
  }
}

/** Reports the first event of a wait a second time where there is room for it. */
export const duplicating: Tamper = (batch, n) => (n > 0 ? repeat(batch, n, batch.tokenWords[0] ?? 0) : n)

/** Adds an event, of the source with that token, to every wait that has room for it. */
export const inventing =
  (token: number): Tamper =>
  (batch, n) =>
    repeat(batch, n, token)

function repeat(batch: ReadinessBatch, n: number, token: number): number {
  if (n >= batch.capacity) return n
  batch.fds[n] = batch.fds[0] ?? 0
  batch.flags[n] = batch.flags[0] ?? 0
  batch.tokenWords[2 * n] = token
  batch.tokenWords[2 * n + 1] = 0
  return n + 1
}
