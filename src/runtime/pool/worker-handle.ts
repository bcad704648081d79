import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import type { WakeHandle } from '../../backends/backend.ts'
import { wakeRemote } from '../../backends/waker.ts'
import { entryPoint } from '../../entry-point.ts'
import type { PoolMemory, Mail, Report, ThreadData } from './shared.ts'

/** What a thread does that the pool has to know. */
export interface WorkerEvents {
  report(report: Report): void
  /** It is gone, and all its reports have been given. */
  ended(reason: string): void
}

/** One thread of a pool, from outside. */
export class WorkerHandle {
  readonly #memory: PoolMemory
  readonly #thread: number
  readonly #events: WorkerEvents
  readonly #worker: Worker
  readonly #port: MessagePort
  readonly #gone: Promise<void>
  #wakeHandle: WakeHandle | undefined
  #isKilled = false
  #error: unknown

  constructor(memory: PoolMemory, data: ThreadData, events: WorkerEvents) {
    this.#memory = memory
    this.#thread = data.thread
    this.#events = events
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    port1.on('message', (report: Report) => this.#receive(report))
    this.#worker = new Worker(entryPoint('src/runtime/pool/thread-main', 'cjs'), {
      workerData: { data, port: port2 },
      transferList: [port2],
    })
    this.#worker.on('error', (error: unknown) => {
      this.#error = error
    })
    this.#gone = new Promise((resolve) => {
      this.#worker.once('exit', (code) => {
        this.#drain()
        this.#port.close()
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
    // One that is not ready yet is woken when it is.
    if (this.#wakeHandle !== undefined) wakeRemote(this.#wakeHandle)
  }

  /** Throws `DataCloneError`. */
  send(mail: Mail): void {
    this.#port.postMessage(mail)
    this.#memory.addMail(this.#thread)
    this.wake()
  }

  /** Ends it where it is. Resolves when it is gone. */
  async kill(): Promise<void> {
    this.#isKilled = true
    const done = this.#worker.terminate()
    // A thread that waits in the kernel has to come back to be ended.
    this.wake()
    await done
    await this.#gone
  }

  /** Resolves when it is gone. */
  async join(): Promise<void> {
    await this.#gone
  }

  #receive(report: Report): void {
    if (report.kind === 'ready') {
      this.#wakeHandle = report.handle
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
      // Its descriptors are there until `ended`, so that a wake does no harm.
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
  return error instanceof Error ? String(error) : `it threw ${JSON.stringify(error)}`
}
