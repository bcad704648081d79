import type { Backend, Poller, PollerOptions, ReadinessBatch } from '../../../backends/backend.ts'
import { ForwardingPoller } from '../../../backends/forwarding-poller.ts'
import { isShortOfLockedMemory, LOCKED_MEMORY_HINT } from '../../../backends/io-uring/locked-memory.ts'
import { backends } from '../../../backends/index.ts'
import { SystemError, UnsupportedError } from '../../../errors.ts'
import type { Libc } from '../../../libc/libc.ts'
import { Failure } from '../../check.ts'
import type { Machine } from '../../machine.ts'
import { WOKEN } from '../../patience.ts'

/** More waits than any check makes: events that are for nobody come again and again. */
const MOST_WAITS = 20_000

/**
 * The backend under test, of which no wait lasts for ever. A runtime waits for what must come, and where that is lost,
 * nothing ends its wait; where something comes over and over that nobody wants, nothing ends its waits.
 */
export function patientBackend({ backend: name, libc }: Machine): Backend {
  const backend: Backend = backends[name]
  // A world of its own has one thread, and knows itself that nobody is left who could end a wait.
  if (libc.openNumbers !== undefined) return backend
  let lacking: UnsupportedError | undefined
  const open = (over: Libc, options?: PollerOptions): Poller => {
    if (lacking !== undefined) throw lacking
    try {
      return new PatientPoller(backend.open(over, options))
    } catch (error) {
      if (!(error instanceof SystemError && isShortOfLockedMemory(error))) throw error
      // That there is no ring to be had is nothing that sockets have done, whose error a runtime would make of it. It
      // stays so: a fiber that got one after another had none would wait for that in vain.
      lacking = new UnsupportedError(name, `${error.message}: ${LOCKED_MEMORY_HINT}`)
      throw lacking
    }
  }
  return { ...backend, open }
}

class PatientPoller extends ForwardingPoller {
  #waits = 0

  override wait(batch: ReadinessBatch, timeoutNs: number | null): number {
    if (++this.#waits > MOST_WAITS) {
      throw new Failure('each event is told once', `no end of events in ${MOST_WAITS} waits`)
    }
    const n = this.poller.wait(batch, timeoutNs ?? WOKEN.timeoutMs * 1e6)
    if (n !== 0 || timeoutNs !== null) return n
    throw new Failure('an event ends a wait', `none came within ${WOKEN.timeoutMs} ms`)
  }
}
