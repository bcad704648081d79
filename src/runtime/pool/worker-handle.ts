import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import type { WakeHandle } from '../../backends/backend.ts'
import { wakeRemote } from '../../backends/waker.ts'
import { entryPoint } from '../../entry-point.ts'
import type { Gate } from './gate.ts'
import type { Mail, Report, ThreadData } from './messages.ts'
import type { PoolMemory } from './shared.ts'

/**
 * A module may take for ever to be loaded. That its thread is ended nevertheless costs a descriptor at worst: that of a
 * file which Node was reading.
 */
const MOST_PATIENCE_MS = 2000

/** What a thread does that the pool has to know. */
export interface WorkerEvents {
  report(report: Report): void
  /** It is gone, and all its reports have been given. */
  ended(reason: string): void
}

/** One thread of a pool, from outside. */
export class WorkerHandle {
  readonly #memory: PoolMemory
  readonly #data: ThreadData
  readonly #events: WorkerEvents
  readonly #worker: Worker
  readonly #port: MessagePort
  readonly #gone: Promise<void>
  #wakeHandle: WakeHandle | undefined
  #isKilled = false
  #isGone = false
  #error: unknown

  /** Starts it. Throws what `Worker` does where the system gives no thread. */
  constructor(memory: PoolMemory, data: ThreadData, events: WorkerEvents) {
    this.#memory = memory
    this.#data = data
    this.#events = events
    memory.gates[data.thread]?.reset()
    const { port1, port2 } = new MessageChannel()
    this.#worker = new Worker(entryPoint('src/runtime/pool/thread-main', 'cjs'), {
      workerData: { data, port: port2 },
      transferList: [port2],
    })
    this.#port = port1
    port1.on('message', (report: Report) => this.#receive(report))
    this.#worker.on('error', (error: unknown) => {
      this.#error = error
    })
    this.#gone = new Promise((resolve) => {
      this.#worker.once('exit', (code) => {
        this.#drain()
        this.#port.close()
        this.#isGone = true
        events.ended(this.#reason(code))
        resolve()
      })
    })
  }

  /** Whether it did not come as far as to look for jobs, though nobody has killed it. */
  get isFalseStart(): boolean {
    return this.#wakeHandle === undefined && !this.#isKilled
  }

  wake(): void {
    const handle = this.#wakeHandle
    // One that is not ready yet is woken when it is.
    if (handle !== undefined) this.#gate?.wake(() => wakeRemote(handle))
  }

  /** Throws `DataCloneError`. A definition is looked for when a job needs it; arguments are waited for. */
  send(mail: Mail): void {
    this.#port.postMessage(mail)
    this.#memory.addMail(this.#data.thread)
    if (mail.kind === 'arguments') this.wake()
  }

  /**
   * Ends it where it is. It is waited for while it makes a native call, while it opens or closes its poller, and while it
   * loads a module, but not for ever. Resolves when it is gone.
   */
  async kill(): Promise<void> {
    const deadline = performance.now() + MOST_PATIENCE_MS
    while (!this.#isGone && !this.doom() && performance.now() < deadline) await sleep(1)
    if (!this.#isGone) {
      this.#isKilled = true
      void this.#worker.terminate()
      // After all that patience, it may be in the kernel, and has to come back to be ended.
      this.wake()
    }
    await this.#gone
  }

  /** Has it wait to be ended, as soon as it can be. Returns whether it can be now. */
  doom(): boolean {
    const canBeEnded = this.#gate?.doom() !== false
    if (!canBeEnded) this.wake()
    return canBeEnded
  }

  /** After `doom`, and where nothing else will be done any more: waits until it can be ended, or the time is over. */
  awaitDoom(timeoutMs: number): void {
    // How it is woken may be among what was not delivered yet.
    this.#drain()
    this.#gate?.awaitDoom(timeoutMs)
  }

  /** Resolves when it is gone. */
  async join(): Promise<void> {
    await this.#gone
  }

  get #gate(): Gate | undefined {
    return this.#memory.gates[this.#data.thread]
  }

  #receive(report: Report): void {
    if (report.kind === 'ready') {
      // The plan is the one that it was given, for which the functions of this thread are at hand.
      this.#wakeHandle = { ...report.handle, plan: this.#data.libc }
      // It could not be woken before, and may be asleep already, with a job that it was given meanwhile.
      this.wake()
    }
    this.#events.report(report)
  }

  /** What it has sent, and the event loop has not delivered yet. */
  #drain(): void {
    for (;;) {
      const received = receiveMessageOnPort(this.#port) as { readonly message: Report } | undefined
      if (received === undefined) return
      this.#receive(received.message)
    }
  }

  #reason(code: number): string {
    if (this.#isKilled) return 'it was killed'
    return this.#error === undefined ? `it exited with code ${code}` : describe(this.#error)
  }
}

/** Anything may be thrown; an error is told by its name and message alone. */
function describe(error: unknown): string {
  return error instanceof Error ? String(error) : `it threw ${inspect(error, { depth: 1 })}`
}
