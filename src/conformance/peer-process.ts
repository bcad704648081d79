import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { readSync, writeSync } from 'node:fs'
import type { BackendName } from '../backends/index.ts'
import { childEnvironment } from '../child-process.ts'
import { entryPoint } from '../entry-point.ts'
import { UnsupportedError } from '../errors.ts'
import { F, O, WNOHANG } from '../libc/constants/linux.ts'
import type { OwnedFd } from '../libc/fd.ts'
import { openPipe } from '../libc/fd.ts'
import { lastError, sys } from '../libc/libc.ts'
import type { Libc } from '../libc/libc.ts'
import { Memory } from '../libc/memory.ts'
import { Failure } from './check.ts'
import { LineBuffer } from './line-buffer.ts'
import type { PeerAnswer, PeerOrder, PeerSetup } from './messages.ts'
import { LONGEST_WAIT_MS } from './patience.ts'
import { sleepSync } from '../sleep.ts'

/** How long a process may take to start before it counts as one that cannot. */
const START_PATIENCE_MS = 10_000

/** An answer is some hundred bytes at the most; a longer one is read in pieces. */
const CHUNK_BYTES = 4096

/**
 * Another process that makes steps on request, for what only a second process can show: inherited
 * descriptors, entries that outlive their process, the closing of everything by an exit. Its entry point is
 * `peer.ts`.
 *
 * Everything here is synchronous, because the main thread runs checks without ever turning its event loop.
 * Hence the two pipes that Node knows nothing about, and the wait for the process's end by `waitpid`. The
 * answers are read by Node and not by the libc under test, whose `poll` and `read` may be what is broken.
 *
 * The owner calls `kill` at the end, whatever happened: afterwards no process and no descriptor is left. When
 * this process itself is killed, the kernel kills the peer with it.
 */
export class PeerProcess {
  readonly pid: number
  readonly #libc: Libc
  readonly #orders: OwnedFd
  readonly #answers: OwnedFd
  readonly #lines = new LineBuffer()
  #gone = false

  /** Starts the process. Throws `UnsupportedError` where none can be started. */
  constructor(libc: Libc, backend: BackendName, inherited: Readonly<Record<string, number>>) {
    // Another process has no descriptors of a world that is in this one.
    if (libc.openNumbers !== undefined)
      throw new UnsupportedError('a second process', 'this world has only one')
    this.#libc = libc
    const [orders, ordersEnd] = openPipe(libc, 0)
    const [answers, answersEnd] = openPipe(libc, 0)
    try {
      sys(libc, 'fcntl', answers.fd, F.SETFL, O.NONBLOCK)
      this.pid = start({
        backend,
        lib: libc.plan.lib,
        ffi: libc.plan.ffi,
        orders: orders.fd,
        answers: answersEnd.fd,
        inherited,
      })
    } catch (error) {
      ordersEnd.close()
      answers.close()
      throw error
    } finally {
      orders.close()
      answersEnd.close()
    }
    this.#orders = ordersEnd
    this.#answers = answers
  }

  /** Waits until it can take orders. Throws `UnsupportedError` if it does not get there. */
  ready(): void {
    const answer = this.#next(START_PATIENCE_MS)
    if (typeof answer !== 'string') return
    throw new UnsupportedError('a second process', `it was started, but is not ready: ${answer}`)
  }

  /** Hands a step over; the process starts at once. */
  post(order: PeerOrder): void {
    try {
      writeSync(this.#orders.fd, `${JSON.stringify(order)}\n`)
    } catch (error) {
      if (codeOf(error) !== 'EPIPE') throw error
      throw new Failure('the other process is there', 'it has died')
    }
  }

  /** Waits for the step to end. Throws what the step threw over there. */
  join(): void {
    const answer = this.#next(LONGEST_WAIT_MS)
    if (typeof answer === 'string') throw new Failure('the other process makes its step', answer)
    switch (answer.kind) {
      case 'failure':
        throw new Failure(answer.expected, answer.actual)
      case 'unsupported':
        throw new UnsupportedError(answer.feature, answer.reason)
      case 'broken':
        throw new Error(`in the other process: ${answer.message}`)
      case 'ready':
      case 'done':
    }
  }

  /** Tells it to end, and waits until it has ended and all its descriptors are closed. */
  exit(): void {
    this.#orders.close()
    this.#reap()
    this.#answers.close()
  }

  /** Ends it in any case. May be called at any time, and more than once. */
  kill(): void {
    this.#orders.close()
    this.#answers.close()
    if (this.#gone) return
    process.kill(this.pid, 'SIGKILL')
    this.#reap()
  }

  /** The next answer, or in words why there is none. */
  #next(timeoutMs: number): PeerAnswer | string {
    const deadline = performance.now() + timeoutMs
    for (;;) {
      const line = this.#lines.next()
      if (line !== undefined) return JSON.parse(line) as PeerAnswer
      const bytes = readAvailable(this.#answers.fd)
      if (bytes?.length === 0) return 'it has ended'
      if (performance.now() >= deadline) return `it has said nothing for ${timeoutMs} ms`
      if (bytes === undefined) sleepSync(1)
      else this.#lines.push(bytes)
    }
  }

  /** Waits until the process has ended. Its exit is fetched, so that no zombie stays. */
  #reap(): void {
    const status = new Memory(4)
    const deadline = performance.now() + LONGEST_WAIT_MS
    while (!this.#gone) {
      const pid = this.#libc.fn.waitpid(this.pid, status.address, WNOHANG)
      // An error is ECHILD: Node has fetched the exit, as it does when its event loop turns.
      this.#gone = pid === this.pid || (pid === -1 && lastError(this.#libc, 'waitpid').code === 'ECHILD')
      if (this.#gone) return
      if (performance.now() >= deadline) throw new Failure('the other process ends', 'it is still there')
      sleepSync(1)
    }
  }
}

/** Starts the entry point with every descriptor at the number that it has here. */
function start(setup: PeerSetup): number {
  const numbers = [setup.orders, setup.answers, ...Object.values(setup.inherited)]
  // Node passes on what stands at an index as the descriptor of that number, and nothing where it is 'ignore'.
  const stdio = Array<'ignore' | number>(Math.max(...numbers) + 1).fill('ignore')
  for (const fd of numbers) stdio[fd] = fd
  let child: ChildProcess
  try {
    const args = [entryPoint('src/conformance/peer'), JSON.stringify(setup)]
    child = spawn(process.execPath, args, { stdio, env: childEnvironment() })
  } catch (error) {
    throw new UnsupportedError('a second process', error instanceof Error ? error.message : String(error))
  }
  // Node tells of a failed start by an event, in a later turn of the event loop, and would throw without this.
  child.on('error', () => undefined)
  child.unref()
  if (child.pid === undefined) throw new UnsupportedError('a second process', 'none can be started here')
  return child.pid
}

/** What can be read right now: undefined if nothing, empty at the end. */
function readAvailable(fd: number): Buffer | undefined {
  const chunk = Buffer.alloc(CHUNK_BYTES)
  try {
    return chunk.subarray(0, readSync(fd, chunk))
  } catch (error) {
    if (codeOf(error) === 'EAGAIN') return undefined
    throw error
  }
}

/** The symbolic errno of an error of Node. */
function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
