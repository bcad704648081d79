import { UnsupportedError } from '../../errors.ts'
import { SIG_BLOCK, SIG_SETMASK } from '../../libc/constants/linux.ts'
import { layouts } from '../../libc/layouts.ts'
import { errnoName } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import { NULL } from '../../libc/signatures.ts'
import { sendToThread, signalSet, signalsIn } from '../../libc/signals.ts'
import { Failure } from '../check.ts'
import type { Machine } from '../machine.ts'
import { LONGEST_WAIT_MS, PROMPT_MS } from '../patience.ts'
import type { Invocation, Job, JobResult } from '../threads/job.ts'
import { sleepSync } from '../../sleep.ts'
import type { WaiterThread } from '../threads/thread-pool.ts'
import type { BlockingCall, Made } from './wait.ts'

/** How long something that must not happen gets to happen. */
const SETTLE_MS = 10

/** How long a wait that was to be over gets to return when it is given what it waits for. */
const RELEASE_MS = 500

/** A thread that waits while this one looks on, with a signal mask and pending signals of its own. */
export class WaitingThread {
  readonly #machine: Machine
  readonly #thread: WaiterThread
  readonly #before = new Memory(layouts.sigset.size, { shared: true })
  #wait: BlockingCall | undefined

  constructor(machine: Machine) {
    this.#machine = machine
    this.#thread = machine.acquireThread()
    machine.keep(this.#before)
    this.#makeCall({ fn: 'pthread_sigmask', args: [SIG_BLOCK, NULL, this.#before.address] })
  }

  get tid(): number {
    const { tid } = this.#thread
    if (tid === undefined) throw new UnsupportedError('signals', 'the ids of threads cannot be had here')
    return tid
  }

  /** Starts a wait. */
  start(wait: BlockingCall): void {
    wait.reset()
    this.#wait = wait
    this.#machine.begin(`a thread calls ${wait.text}`)
    this.#thread.post({ calls: [wait.invocation], rounds: 1 })
  }

  /** Starts calls of which only the last one's result is told, for checks that measure. */
  startJob(job: Job): void {
    this.#thread.post(job)
  }

  /** Starts a wait, and returns when the thread truly sleeps in it. Fails if it returns instead. */
  startBlocked(wait: BlockingCall): void {
    this.start(wait)
    if (!this.#thread.waitUntilBlocked()) this.#failAsReturned(wait)
  }

  /** Fails if the wait that blocked is over, now and after it had some time. */
  expectStillBlocked(settleMs: number = SETTLE_MS): void {
    const wait = this.#running()
    this.#machine.begin(`${wait.text} is to be blocked still`)
    sleepSync(settleMs)
    if (this.#thread.isDone) this.#failAsReturned(wait)
  }

  /** Waits for the wait to end, and fails unless it gives this. */
  expect(outcome: string, timeoutMs: number = LONGEST_WAIT_MS): Made {
    const wait = this.#running()
    this.#machine.begin(`${wait.text} is to return in the thread`)
    const made = this.end(timeoutMs)
    if (made === undefined)
      throw new Failure(
        `${wait.text} gives ${outcome}`,
        `${wait.text} does not return within ${timeoutMs} ms`,
      )
    this.#machine.expect(made.outcome, outcome, wait.text)
    return made
  }

  /** Waits for the wait to end; undefined if it does not. */
  end(timeoutMs: number): Made | undefined {
    const wait = this.#running()
    const result = this.#thread.join(timeoutMs)
    if (result === undefined) return undefined
    this.#wait = undefined
    return { outcome: wait.outcome(result.result, result.errno), elapsedNs: result.elapsedNs }
  }

  /** Starts a wait, and fails unless it gives this. */
  expectOf(wait: BlockingCall, outcome: string, timeoutMs?: number): Made {
    this.start(wait)
    return this.expect(outcome, timeoutMs)
  }

  /** Makes a call that cannot block, and says what it gave: its result, or its errno. */
  call(invocation: Invocation): number | string {
    this.#thread.post({ calls: [invocation], rounds: 1 })
    const result = this.#thread.join(PROMPT_MS)
    if (result === undefined) throw new Failure(`${invocation.fn} returns at once`, 'it blocks')
    return result.result === -1 ? errnoName(result.errno) : result.result
  }

  /** Waits for calls that `startJob` started. */
  endJob(timeoutMs: number): JobResult | undefined {
    return this.#thread.join(timeoutMs)
  }

  /** Asks calls that `startJob` started to end. */
  stopJob(): void {
    this.#thread.stop()
  }

  /** Makes the thread's signal mask these signals and no others. */
  setMask(...signals: readonly number[]): void {
    const set = signalSet(...signals)
    this.#machine.keep(set)
    this.#makeCall({ fn: 'pthread_sigmask', args: [SIG_SETMASK, set.address, NULL] })
  }

  /** The thread's signal mask. */
  mask(): number[] {
    const set = new Memory(layouts.sigset.size, { shared: true })
    this.#makeCall({ fn: 'pthread_sigmask', args: [SIG_BLOCK, NULL, set.address] })
    return signalsIn(set)
  }

  /** The signals that are pending for the thread, or for the process. */
  pending(): number[] {
    const set = new Memory(layouts.sigset.size, { shared: true })
    this.#makeCall({ fn: 'sigpending', args: [set.address] })
    return signalsIn(set)
  }

  /** Sends a signal to the thread alone. */
  signal(signal: number): void {
    sendToThread(this.#machine.libc, this.tid, signal)
  }

  /**
   * Leaves the thread as it was: out of its wait, and with the mask that it had. A wait that is still going on
   * is ended by what every wait here is for, a byte in the pipe; if it is not, that must not keep the check's
   * failure from being told, and the mask is restored when everything else is undone.
   */
  release(): void {
    if (!this.#thread.isIdle) {
      this.#thread.stop()
      const byte = new Memory(1)
      this.#machine.libc.fn.write(this.#machine.fd('w'), byte.address, 1)
      if (this.#thread.join(RELEASE_MS) === undefined) {
        this.#machine.cleanups.push(() => this.#restoreMask())
        return
      }
    }
    this.#restoreMask()
  }

  #restoreMask(): void {
    if (!this.#thread.isIdle) return
    this.#makeCall({ fn: 'pthread_sigmask', args: [SIG_SETMASK, this.#before.address, NULL] })
  }

  #running(): BlockingCall {
    if (this.#wait === undefined) throw new TypeError('the thread has no wait that was started')
    return this.#wait
  }

  #failAsReturned(wait: BlockingCall): never {
    const outcome = this.end(LONGEST_WAIT_MS)?.outcome
    throw new Failure(`${wait.text} blocks`, `${wait.text} returned with ${outcome ?? 'nothing'}`)
  }

  #makeCall(invocation: Invocation): void {
    this.#thread.post({ calls: [invocation], rounds: 1 })
    const result = this.#thread.join(LONGEST_WAIT_MS)
    if (result?.result === 0) return
    // pthread functions return the error, others set errno.
    const error =
      result === undefined ? 'no return' : errnoName(result.result === -1 ? result.errno : result.result)
    throw new Error(`${invocation.fn} in a thread: ${error}`)
  }
}

/** Lends threads to a check, and leaves each as it was, however the check ends. */
export function withThreads(
  machine: Machine,
  count: number,
  body: (...threads: WaitingThread[]) => void,
): void {
  const threads = Array.from({ length: count }, () => new WaitingThread(machine))
  try {
    body(...threads)
  } finally {
    for (const thread of threads) thread.release()
  }
}
