import { constants as osConstants } from 'node:os'
import { POLL } from '../../libc/constants/linux.ts'
import { Readiness } from '../backend.ts'
import { lengthFor, widened } from '../columns.ts'
import { readinessOf } from '../readiness.ts'

const { EINVAL } = osConstants.errno

/** What is reported whether or not it was asked for. */
const ALWAYS = POLL.ERR | POLL.HUP

/** What has become of the request of a registration. */
export const State = {
  /** There is none, and none is wanted: a oneshot registration that was reported. */
  DISARMED: 0,
  /** One is to be made at the next wait. */
  DUE: 1,
  /** One is in the kernel. */
  ARMED: 2,
} as const

/**
 * The poll requests of a Poller, in columns indexed by descriptor like those of the `Registry`: what is asked for,
 * and where the request is. Those that are due stand in a queue, first come, first served: each descriptor once,
 * whatever happens to it meanwhile. Events that there was no batch for, or no room in one, stand in it too.
 */
export class Requests {
  #mask = new Uint32Array(64)
  #isEdge = new Uint8Array(64)
  #state = new Uint8Array(64)
  /**
   * What requests are made with, so that the answers of one that was taken back are told from those of the next; and
   * whether the one that was made last is in the kernel, or has an answer that was not read. Where it is not, nothing
   * can be mistaken for the answer of the next one, which is then made with the same number.
   */
  #generation = new Uint32Array(64)
  #isOut = new Uint8Array(64)
  /** Whether that one is a multishot one, and whether the next one has to be. */
  #stays = new Uint8Array(64)
  #mustStay = new Uint8Array(64)
  /** The readiness of edges that were not reported yet. */
  #held = new Uint32Array(64)
  /** The wait in which the request was made, and the one in which its event was last reported, and where. */
  #madeIn = new Uint32Array(64)
  #reportedIn = new Uint32Array(64)
  #place = new Uint32Array(64)
  #isQueued = new Uint8Array(64)
  #queue = new Int32Array(64)
  #first = 0
  #length = 0

  /** How many descriptors stand in the queue, those included whose registration has changed since. */
  get due(): number {
    return this.#length
  }

  /** The bits of poll(2) that are asked for. */
  mask(fd: number): number {
    return this.#mask[fd] ?? 0
  }

  /** What a completion says, as far as it is of interest. */
  readiness(fd: number, result: number): number {
    if (result < 0) return result === -EINVAL ? 0 : Readiness.ERROR
    return readinessOf(result & (this.mask(fd) | ALWAYS))
  }

  state(fd: number): number {
    return this.#state[fd] ?? State.DISARMED
  }

  /** The number of the wait in which the request was made; 0 for one that was made outside of any. */
  madeIn(fd: number): number {
    return this.#madeIn[fd] ?? 0
  }

  isEdge(fd: number): boolean {
    return this.#isEdge[fd] === 1
  }

  generation(fd: number): number {
    return this.#generation[fd] ?? 0
  }

  /** Whether a request is in the kernel, or has an answer that was not read. */
  isOut(fd: number): boolean {
    return this.#isOut[fd] === 1
  }

  /** The descriptors of which that is so. */
  *inKernel(): Generator<number> {
    for (const [fd, isOut] of this.#isOut.entries()) if (isOut === 1) yield fd
  }

  /** Whether a multishot request is. */
  stays(fd: number): boolean {
    return this.#isOut[fd] === 1 && this.#stays[fd] === 1
  }

  /** A request is made, for the wait of that number. What is still to come of the one before counts no more. */
  make(fd: number, wait: number): void {
    if (this.#isOut[fd] === 1) this.#generation[fd] = (this.generation(fd) + 1) >>> 0
    this.#isOut[fd] = 1
    this.#stays[fd] = this.#mustStay[fd] ?? 0
    this.setState(fd, State.ARMED)
    this.#madeIn[fd] = wait
  }

  /** The last answer of a request was read. */
  ended(fd: number): void {
    this.#isOut[fd] = 0
  }

  mustStay(fd: number): boolean {
    return this.#mustStay[fd] === 1
  }

  setMustStay(fd: number, must: boolean): void {
    this.#mustStay[fd] = Number(must)
  }

  /** What is asked for from now on. The state of the request is as before. */
  set(fd: number, mask: number, isEdge: boolean): void {
    if (fd >= this.#state.length) this.#grow(fd)
    this.#mask[fd] = mask
    this.#isEdge[fd] = Number(isEdge)
    this.#mustStay[fd] = Number(isEdge)
    this.#held[fd] = 0
    this.#reportedIn[fd] = 0
  }

  /** Keeps readiness for the next wait. */
  hold(fd: number, flags: number): void {
    this.#held[fd] = (this.#held[fd] ?? 0) | flags
    if (this.#isQueued[fd] === 0) this.#enqueue(fd)
  }

  /** What is kept of a descriptor, and forgotten with this. */
  takeHeld(fd: number): number {
    const held = this.#held[fd] ?? 0
    this.#held[fd] = 0
    return held
  }

  setState(fd: number, state: number): void {
    this.#state[fd] = state
    if (state === State.DUE && this.#isQueued[fd] === 0) this.#enqueue(fd)
  }

  /** Takes the next descriptor out of the queue. */
  dequeue(): number {
    const fd = this.#queue[this.#first] ?? -1
    this.#first = (this.#first + 1) % this.#queue.length
    this.#length--
    this.#isQueued[fd] = 0
    return fd
  }

  /** Where in the batch of a wait its event stands already; -1 where it was not reported in it. */
  placeIn(wait: number, fd: number): number {
    return this.#reportedIn[fd] === wait ? (this.#place[fd] ?? -1) : -1
  }

  reported(wait: number, fd: number, place: number): void {
    this.#reportedIn[fd] = wait
    this.#place[fd] = place
  }

  #enqueue(fd: number): void {
    if (this.#length === this.#queue.length) {
      const wider = new Int32Array(2 * this.#length)
      wider.set(this.#queue.subarray(this.#first))
      wider.set(this.#queue.subarray(0, this.#first), this.#length - this.#first)
      this.#queue = wider
      this.#first = 0
    }
    this.#queue[(this.#first + this.#length) % this.#queue.length] = fd
    this.#length++
    this.#isQueued[fd] = 1
  }

  #grow(fd: number): void {
    const length = lengthFor(fd, this.#state.length)
    this.#mask = widened(this.#mask, new Uint32Array(length))
    this.#isEdge = widened(this.#isEdge, new Uint8Array(length))
    this.#state = widened(this.#state, new Uint8Array(length))
    this.#generation = widened(this.#generation, new Uint32Array(length))
    this.#isOut = widened(this.#isOut, new Uint8Array(length))
    this.#stays = widened(this.#stays, new Uint8Array(length))
    this.#mustStay = widened(this.#mustStay, new Uint8Array(length))
    this.#held = widened(this.#held, new Uint32Array(length))
    this.#madeIn = widened(this.#madeIn, new Uint32Array(length))
    this.#reportedIn = widened(this.#reportedIn, new Uint32Array(length))
    this.#place = widened(this.#place, new Uint32Array(length))
    this.#isQueued = widened(this.#isQueued, new Uint8Array(length))
  }
}
