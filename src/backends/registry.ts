import { lengthFor, widened } from './columns.ts'
import { Readiness } from './backend.ts'
import type { ReadinessBatch, Token, Trigger } from './backend.ts'

const ABSENT = 0
const ARMED = 1
const DISARMED = 2

/** The largest token. */
const MAX_TOKEN = 2n ** 64n - 1n

/** A token as an unsigned integer of 64 bits. Throws RangeError where it is none. */
export function tokenOf(token: Token): bigint {
  const word = Number.isSafeInteger(token) || typeof token === 'bigint' ? BigInt(token) : -1n
  if (word < 0n || word > MAX_TOKEN) {
    throw new RangeError(`a token is an integer from 0 to 2^64 - 1 (a number: to 2^53 - 1), not ${token}`)
  }
  return word
}

/**
 * What a Poller knows of its registrations, in columns indexed by descriptor: constant time, no object per
 * registration, and nothing to collect. Descriptors are small and dense, because the kernel always hands out
 * the lowest free number.
 *
 * Each registration has a generation. A backend that can hand a number back with its events (epoll) sends the
 * generation along, and so recognises an event of a registration that has since been replaced.
 */
export class Registry {
  #state = new Uint8Array(64)
  #generation = new Uint32Array(64)
  #oneshot = new Uint8Array(64)
  #tokenWords = new Uint32Array(128)
  #tokens = new BigUint64Array(this.#tokenWords.buffer)

  has(fd: number): boolean {
    return (this.#state[fd] ?? ABSENT) !== ABSENT
  }

  isArmed(fd: number): boolean {
    return this.#state[fd] === ARMED
  }

  generation(fd: number): number {
    return this.#generation[fd] ?? 0
  }

  /** Starts a registration, or replaces one; its generation is the next one. */
  set(fd: number, token: bigint, trigger: Trigger): void {
    if (fd >= this.#state.length) this.#grow(fd)
    this.#generation[fd] = this.nextGeneration(fd)
    this.#state[fd] = ARMED
    this.#oneshot[fd] = trigger === 'oneshot' || trigger === 'edge-oneshot' ? 1 : 0
    this.#tokens[fd] = token
  }

  /** What the next generation of a descriptor will be, for a backend that must tell the kernel first. */
  nextGeneration(fd: number): number {
    return (this.generation(fd) + 1) >>> 0
  }

  delete(fd: number): void {
    if (fd < this.#state.length) this.#state[fd] = ABSENT
  }

  /** Notes that an event was delivered: a oneshot reports nothing more until it is set again. */
  delivered(fd: number): void {
    if (this.#oneshot[fd] === 1) this.#state[fd] = DISARMED
  }

  /** Writes one event into a batch. */
  report(fd: number, flags: number, batch: ReadinessBatch, index: number): void {
    batch.fds[index] = fd
    batch.flags[index] = flags
    batch.tokenWords[2 * index] = this.#tokenWords[2 * fd] ?? 0
    batch.tokenWords[2 * index + 1] = this.#tokenWords[2 * fd + 1] ?? 0
  }

  #grow(fd: number): void {
    const length = lengthFor(fd, this.#state.length)
    this.#state = widened(this.#state, new Uint8Array(length))
    this.#oneshot = widened(this.#oneshot, new Uint8Array(length))
    this.#generation = widened(this.#generation, new Uint32Array(length))
    this.#tokenWords = widened(this.#tokenWords, new Uint32Array(2 * length))
    this.#tokens = new BigUint64Array(this.#tokenWords.buffer)
  }
}

/** Writes the event of a wake into a batch: it has no descriptor and no token of its own. */
export function reportWake(batch: ReadinessBatch, index: number): void {
  batch.fds[index] = -1
  batch.flags[index] = Readiness.WAKE
  batch.tokenWords[2 * index] = 0
  batch.tokenWords[2 * index + 1] = 0
}
