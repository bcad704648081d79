import type { MessagePort } from 'node:worker_threads'
import type { Refusal, Report } from './messages.ts'
import type { PoolMemory } from './shared.ts'

/** How the jobs of a thread have ended, said to the main thread: numbers by shared memory, all else by messages. */
export class Outcomes {
  readonly #memory: PoolMemory
  readonly #me: number
  readonly #port: MessagePort

  constructor(memory: PoolMemory, me: number, port: MessagePort) {
    this.#memory = memory
    this.#me = me
    this.#port = port
  }

  report(report: Report): void {
    this.#port.postMessage(report)
  }

  /** Has the main thread look at what is in shared memory of this thread. Many become one. */
  tellToLook(): void {
    if (this.#memory.notify(this.#me)) this.report({ kind: 'look' })
  }

  returned(slot: number, value: unknown): void {
    if (value === undefined || typeof value === 'number') {
      this.#memory.table.finish(slot, this.#me, value)
      this.#memory.returned[this.#me]?.push(slot)
      return this.tellToLook()
    }
    if (isThenable(value)) {
      // It is dropped, and so is its error.
      value.then(nothing, nothing)
      return this.refuse(
        slot,
        'asynchronous',
        'it returned a promise: a job returns a value, or is a generator',
      )
    }
    try {
      this.#tell({ kind: 'result', slot, value })
    } catch (error) {
      this.refuse(slot, 'not-cloneable', `its result: ${String(error)}`)
    }
  }

  threw(slot: number, error: unknown): void {
    try {
      this.#tell({ kind: 'threw', slot, error })
    } catch {
      this.#tell({ kind: 'threw', slot, error: new Error(String(error)) })
    }
  }

  refuse(slot: number, why: Refusal, reason: string): void {
    this.#tell({ kind: 'refused', slot, why, reason })
  }

  /**
   * How a job has ended, by a message. The state comes first: when the message is there, the main thread may have made
   * another job of the slot, which is not this thread's to touch.
   */
  #tell(report: Report & { readonly slot: number }): void {
    this.#memory.table.told(report.slot, this.#me)
    this.report(report)
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

function nothing(): void {}
