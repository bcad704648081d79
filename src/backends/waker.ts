import { openSignal } from '../libc/fd.ts'
import type { OwnedFd } from '../libc/fd.ts'
import { attachLibc } from '../libc/libc.ts'
import type { Libc, LibcPlan } from '../libc/libc.ts'
import { Memory } from '../libc/memory.ts'
import type { WakeHandle } from './backend.ts'
import { triggerCall, triggerRemote } from './kqueue/user-waker.ts'

/** What wakes a Poller, from the Poller's side. */
export interface WakeSource {
  /** The descriptor to watch for readability; undefined where the kernel object wakes itself. */
  readonly fd: number | undefined
  /** Safe to call at any time. */
  wake(): void
  /** Takes all wakes that have arrived. Returns whether there may have been one. */
  drain(): boolean
  handle(): WakeHandle
  close(): void
}

/**
 * Waking is an axis of its own, not a part of a backend: an eventfd where the kernel has one and policy
 * allows it, a pipe elsewhere. Written to from any thread; read by the Poller's thread when it is reported.
 */
export class Waker implements WakeSource {
  readonly #libc: Libc
  readonly #source: OwnedFd
  readonly #signal: OwnedFd
  readonly #scratch = new Memory(64)

  constructor(libc: Libc) {
    this.#libc = libc
    ;[this.#source, this.#signal] = openSignal(libc)
  }

  /** The descriptor to watch for readability. */
  get fd(): number {
    return this.#source.fd
  }

  /** Safe to call at any time: a write that finds the counter or the pipe full has been preceded by others. */
  wake(): void {
    writeWake(this.#libc, this.#signal.fd, this.#scratch)
  }

  /**
   * Takes all wakes that have arrived. It is called before the event is reported, so a wake that comes later
   * makes a new event: many become one, and none is lost. Returns whether there was any.
   */
  drain(): boolean {
    let any = false
    let bytes: number
    do {
      bytes = this.#libc.fn.read(this.#source.fd, this.#scratch.at(8), 56)
      any ||= bytes > 0
      // A pipe may hold more than one read takes; an eventfd gives 8 bytes and is empty.
    } while (bytes === 56)
    return any
  }

  handle(): WakeHandle {
    return { fd: this.#signal.fd, plan: this.#libc.plan }
  }

  close(): void {
    this.#source.close()
    if (this.#signal !== this.#source) this.#signal.close()
  }
}

function writeWake(libc: Libc, fd: number, scratch: Memory): void {
  scratch.view.setBigUint64(0, 1n, true)
  libc.fn.write(fd, scratch.address, 8)
}

/** The functions of this thread for each plan that reached it, and the word that they write. */
const remotes = new WeakMap<LibcPlan, { readonly libc: Libc; readonly scratch: Memory }>()

/** Wakes a Poller of another thread. The handle stays valid until that Poller is closed. */
export function wakeRemote(handle: WakeHandle): void {
  if (handle.kqueue !== undefined) return triggerRemote(handle, handle.kqueue)
  let remote = remotes.get(handle.plan)
  if (remote === undefined) {
    remote = { libc: attachLibc(handle.plan), scratch: new Memory(8) }
    remotes.set(handle.plan, remote)
  }
  writeWake(remote.libc, handle.fd, remote.scratch)
}

/** The native call that wakes, as data for a thread that makes it without `wakeRemote`. */
export interface WakeCall {
  readonly fn: 'kevent' | 'write'
  readonly args: readonly number[]
  /** What it returns where it works. */
  readonly accept: readonly number[]
  /** What its arguments lead to, to be held for as long as it may be made. */
  readonly keep: readonly object[]
}

export function wakeCall(handle: WakeHandle): WakeCall {
  if (handle.kqueue !== undefined) return triggerCall(handle.fd, handle.kqueue)
  const one = new Memory(8, { shared: true })
  one.view.setBigUint64(0, 1n, true)
  return { fn: 'write', args: [handle.fd, one.address, 8], accept: [8], keep: [one] }
}
