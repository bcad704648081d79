/** Calls of kevent for checks that are functions: made over and over, by this thread or another. */
import type { Kevent } from '../../backends/kqueue/codec.ts'
import { errnoName } from '../../libc/libc.ts'
import type { Memory } from '../../libc/memory.ts'
import { NULL } from '../../libc/signatures.ts'
import type { ArgumentsOf } from '../../libc/signatures.ts'
import { Failure } from '../check.ts'
import type { Machine } from '../machine.ts'
import { resultOf } from '../native-call.ts'
import type { Name } from '../steps.ts'
import type { KeventChange } from '../steps/kevents.ts'
import type { Invocation } from '../threads/job.ts'
import { timespecOf } from './events.ts'
import { encodeChange, eventArray, eventsText, takeEvents } from './kevents.ts'

interface CallOptions {
  /** For how many events there is room. Default 0. */
  readonly room?: number
  /** Default 0. Null is none. */
  readonly timeoutMs?: number | null
}

/** A call with its memory, which lives until the check ends: another thread may make the call. */
export class KeventCall {
  readonly invocation: Invocation
  readonly #machine: Machine
  readonly #args: ArgumentsOf<'kevent'>
  readonly #array: Memory
  readonly #room: number

  constructor(
    machine: Machine,
    kq: Name,
    changes: readonly KeventChange[],
    { room = 0, timeoutMs = 0 }: CallOptions = {},
  ) {
    this.#machine = machine
    this.#room = room
    this.#array = eventArray(machine, room)
    const input = eventArray(machine, changes.length)
    for (const [index, change] of changes.entries()) encodeChange(machine, input, index, change)
    const timeout = timeoutMs === null ? undefined : timespecOf(timeoutMs)
    for (const memory of [this.#array, input, timeout]) if (memory !== undefined) machine.keep(memory)
    this.#args = [
      machine.fd(kq),
      changes.length === 0 ? NULL : input.address,
      changes.length,
      room === 0 ? NULL : this.#array.address,
      room,
      timeout?.address ?? NULL,
    ]
    this.invocation = { fn: 'kevent', args: this.#args }
  }

  /** Makes the call, and returns what it gave: how many events, or an errno. */
  result(): number | string {
    return resultOf(this.#machine.libc, 'kevent', ...this.#args)
  }

  /** Makes the call and returns the events. Fails where it fails. */
  events(): Kevent[] {
    const result = this.result()
    if (typeof result === 'string') throw new Failure('kevent succeeds', `kevent gives ${result}`)
    return this.eventsOf(result)
  }

  /** The events of a call that was made, by whoever, and gave so many. Fails where more was written than fits. */
  eventsOf(count: number): Kevent[] {
    return takeEvents(this.#machine, this.#array, count, this.#room)
  }

  /** What a call gave, in words. */
  textOf({ result, errno }: { readonly result: number; readonly errno: number }): string {
    return result === -1 ? errnoName(errno) : eventsText(this.#machine, this.eventsOf(result))
  }
}
