/** A thread that does the same in every round of a race: waits in an epoll for one event, and perhaps more. */
import { errnoName } from '../../libc/libc.ts'
import type { Memory } from '../../libc/memory.ts'
import { Failure } from '../check.ts'
import type { Machine } from '../machine.ts'
import { decodeEvents, eventBuffer } from '../operations/events.ts'
import { LONGEST_WAIT_MS } from '../patience.ts'
import type { Name } from '../steps.ts'
import type { Job, JobResult } from './job.ts'
import { waitUntilBlocked } from './thread-pool.ts'
import type { WaiterThread } from './thread-pool.ts'

/** Waits until each of them is asleep, or has come back. */
export function untilAsleep(waiters: readonly RacingWaiter[]): void {
  waitUntilBlocked(waiters.map(({ thread }) => thread))
}

export class RacingWaiter {
  readonly #machine: Machine
  readonly thread: WaiterThread
  readonly #events: Memory
  readonly #job: Job
  readonly #timeoutMs: number

  /** What follows in `then` is done only after an event. */
  constructor(machine: Machine, ep: Name, timeoutMs: number, then: Job['calls'] = []) {
    this.#machine = machine
    this.#timeoutMs = timeoutMs
    this.thread = machine.acquireThread()
    this.#events = eventBuffer(1)
    machine.keep(this.#events)
    const wait = {
      fn: 'epoll_wait',
      args: [machine.fd(ep), this.#events.address, 1, timeoutMs],
      accept: [1],
    } as const
    this.#job = { calls: [wait, ...then], rounds: 1 }
  }

  start(): void {
    this.thread.post(this.#job)
  }

  /** Waits for the end of the round: the event, or what came instead; and how its calls went. */
  end(): { readonly got: string; readonly calls: JobResult } {
    const calls = this.thread.join(LONGEST_WAIT_MS)
    if (calls === undefined) throw new Failure('every wait returns', 'a thread is still in its call')
    if (calls.call === 0 && calls.result !== 1) {
      const { result, errno, elapsedNs } = calls
      const early =
        elapsedNs < this.#timeoutMs * 1e6 ? `, after ${elapsedNs / 1e6} ms of ${this.#timeoutMs}` : ''
      return {
        got: result === 0 ? `no event${early}` : result === -1 ? errnoName(errno) : `${result} events`,
        calls,
      }
    }
    const [[label, mask] = ['nothing', '0']] = decodeEvents(this.#machine, this.#events, 1)
    return { got: `${label} ${mask}`, calls }
  }
}
