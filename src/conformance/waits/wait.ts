import { FD_SETSIZE, POLL } from '../../libc/constants/linux.ts'
import { layouts } from '../../libc/layouts.ts'
import { errnoName, timeOf } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import { NULL } from '../../libc/signatures.ts'
import { add, epoll, pipe } from '../build.ts'
import { Failure } from '../check.ts'
import type { Machine } from '../machine.ts'
import { formatMask } from '../masks.ts'
import { decodeEvents, eventBuffer } from '../operations/events.ts'
import type { Name, Step } from '../steps.ts'
import type { Invocation } from '../threads/job.ts'
import { TOO_MANY } from './functions.ts'
import type { WaitFunction } from './functions.ts'
import { classic } from '../classic.ts'

/**
 * How long a wait may last: without end, or a time that the function must be able to say in its unit. `seconds`
 * and `rest` are passed on as they are, also where they are no time at all.
 */
export type Timeout =
  | { readonly ms: number }
  | { readonly ns: number }
  | { readonly seconds: bigint; readonly rest: bigint }
  | 'never'

/** A call that may block, ready to be made by any thread. */
export interface BlockingCall {
  readonly invocation: Invocation
  /** The call in words: `ppoll(1.5 ms)`. */
  readonly text: string
  /** Puts everything that the call overwrites back to where it was before the first call. */
  reset(): void
  /** What the last call gave, in words. */
  outcome(result: number, errno: number): string
}

/** What a call of a wait gave, and how long it took. */
export interface Made {
  /** What is ready (`r readable`), `no events`, or the errno. */
  readonly outcome: string
  readonly elapsedNs: number
}

/** A wait that ended because its time was over. */
export const NOTHING = 'no events'

/** A wait for these descriptors to become readable, as its outcome says it. */
export const readable = (...fds: readonly Name[]): string =>
  fds.map((fd) => `${fd} readable`).join(', ') || NOTHING

/** What every wait here is for: the read end of a pipe, `r`, whose write end is `w`. epoll has it as an entry. */
export function watchPipe(machine: Machine): void {
  const watch: readonly Step[] = machine.backend === 'epoll' ? [epoll('ep'), add('ep', 'r', 'IN')] : []
  machine.run(pipe('r', 'w'), ...watch)
}

const { pollfd, timespec, fd_set: fdSet } = layouts

/** More than one event would be one that nobody asked for; there is room to see it. */
const ROOM = 4

/**
 * A wait for the pipe of `watchPipe`, by any function, ready to be made by any thread. What the function
 * overwrites is put back by `reset`, so that it can be made again.
 */
export class Wait implements BlockingCall {
  readonly invocation: Invocation
  readonly text: string
  readonly #machine: Machine
  readonly #fn: WaitFunction
  readonly #events: Memory
  readonly #time: Memory | undefined
  readonly #fill: () => void

  constructor(machine: Machine, fn: WaitFunction, timeout: Timeout, mask?: Memory) {
    this.#machine = machine
    this.#fn = fn
    this.text = `${fn.name}(${timeoutText(timeout, fn.unit)})`
    const time = fn.unit === 'ms' || timeout === 'never' ? undefined : timeMemory()
    const events = eventsMemory(machine)
    this.#time = time
    this.#events = events
    this.#fill = () => {
      if (time !== undefined && timeout !== 'never') fillTime(time, fn.unit === 'us' ? 1000 : 1, timeout)
      fillEvents(machine, events)
    }
    this.reset()
    for (const memory of [events, time, mask]) if (memory !== undefined) machine.keep(memory)
    const limit = fn.unit === 'ms' ? milliseconds(timeout) : (time?.address ?? NULL)
    const masks = fn.masks ? [mask?.address ?? NULL] : []
    this.invocation = { fn: fn.name, args: [...this.#leading(), limit, ...masks] }
  }

  reset(): void {
    this.#fill()
  }

  /** Fails where that is no answer at all: a count that is not that of the events. */
  outcome(result: number, errno: number): string {
    if (result === -1) return errnoName(errno)
    const ready = this.#ready(result)
    this.#machine.expect(result, ready.length, `${this.#fn.name} returns`)
    return ready.join(', ') || NOTHING
  }

  /** What the call has left of the memory that says its timeout, in nanoseconds. */
  leftNs(): number {
    if (this.#time === undefined) throw new TypeError(`${this.text} has no memory for its timeout`)
    const unitNs = this.#fn.unit === 'us' ? 1000n : 1n
    const { view } = this.#time
    return Number(view.getBigInt64(0, true) * 1_000_000_000n + view.getBigInt64(8, true) * unitNs)
  }

  /** Fails unless the call has left a time between these two in its timeout, rounded down to its unit. */
  expectLeft(leastNs: number, mostNs: number): void {
    const [least, left] = [leastNs - (this.#fn.unit === 'us' ? 1000 : 0), this.leftNs()]
    if (left >= least && left <= mostNs) return
    const range = least >= mostNs ? inMs(mostNs) : `${inMs(least)} to ${inMs(mostNs)}`
    throw new Failure(`${range} left in the timeout of ${this.text}`, `${inMs(left)} left`)
  }

  /**
   * Calls that put everything back as \`reset\` does, for a thread that makes the call over and over. Only select
   * overwrites what it is given.
   */
  get resetting(): readonly Invocation[] {
    if (this.#machine.backend !== 'select') return []
    return [this.#events, this.#time].flatMap((memory) => {
      if (memory === undefined) return []
      this.reset()
      const copy = new Memory(memory.bytes.length, { shared: true })
      copy.bytes.set(memory.bytes)
      this.#machine.keep(copy)
      return [{ fn: 'memcpy', args: [memory.address, copy.address, memory.bytes.length] } as const]
    })
  }

  /** The same call with an argument that makes it fail at once, and how. */
  get failing(): { readonly invocation: Invocation; readonly errno: string } {
    const { fn, args } = this.invocation
    switch (classic(this.#machine.backend)) {
      case 'epoll':
        return { invocation: { fn, args: args.with(0, -1) }, errno: 'EBADF' }
      case 'poll':
        return { invocation: { fn, args: args.with(1, TOO_MANY) }, errno: 'EINVAL' }
      case 'select':
        return { invocation: { fn, args: args.with(0, -1) }, errno: 'EINVAL' }
    }
  }

  #leading(): readonly number[] {
    const { address } = this.#events
    switch (classic(this.#machine.backend)) {
      case 'epoll':
        return [this.#machine.fd('ep'), address, ROOM]
      case 'poll':
        return [address, 1]
      case 'select':
        return [this.#machine.fd('r') + 1, address, NULL, NULL]
    }
  }

  #ready(result: number): string[] {
    const { view } = this.#events
    switch (classic(this.#machine.backend)) {
      case 'epoll':
        return decodeEvents(this.#machine, this.#events, result).map(([label, mask]) =>
          mask === 'IN' ? `${label} readable` : `${label} ${mask}`,
        )
      case 'poll': {
        const revents = view.getUint16(pollfd.offsets.revents, true)
        if (revents === 0) return []
        return [revents === POLL.IN ? 'r readable' : `r ${formatMask(revents)}`]
      }
      case 'select':
        return bitsIn(view).map((fd) => (fd === this.#machine.fd('r') ? 'r readable' : `descriptor ${fd}`))
    }
  }
}

/** Makes a call in this thread, which it must not block for long. */
export function make(machine: Machine, call: BlockingCall): Made {
  call.reset()
  const { fn, args } = call.invocation
  const native = machine.libc.fn[fn] as (...a: readonly (number | string)[]) => number
  const start = timeOf(machine.libc)
  const result = native(...args)
  const errno = result === -1 ? machine.libc.errno() : 0
  const elapsedNs = Number(timeOf(machine.libc) - start)
  return { outcome: call.outcome(result, errno), elapsedNs }
}

/** Makes a call in this thread, and fails unless it gives this. */
export function expectCall(machine: Machine, call: BlockingCall, outcome: string): Made {
  machine.begin(call.text)
  const made = make(machine, call)
  machine.expect(made.outcome, outcome, call.text)
  return made
}

/** Fails unless a wait lasted its time to the nanosecond: being early is a bug, being late is not. */
export function expectNotEarly(wait: BlockingCall, made: Made, timeoutNs: number): void {
  if (made.elapsedNs >= timeoutNs) return
  throw new Failure(
    `${wait.text} lasts at least ${inMs(timeoutNs)}`,
    `${wait.text} lasted ${inMs(made.elapsedNs)}`,
  )
}

/** A time in milliseconds, with as many digits as it has. */
export function inMs(ns: number): string {
  return `${ns / 1e6} ms`
}

function eventsMemory(machine: Machine): Memory {
  switch (classic(machine.backend)) {
    case 'epoll':
      return eventBuffer(ROOM)
    case 'poll':
      return new Memory(pollfd.size, { shared: true })
    case 'select':
      return new Memory(fdSet.size, { shared: true })
  }
}

function fillEvents(machine: Machine, { view, bytes }: Memory): void {
  const r = machine.fd('r')
  bytes.fill(0)
  if (machine.backend === 'poll') {
    view.setInt32(pollfd.offsets.fd, r, true)
    view.setInt16(pollfd.offsets.events, POLL.IN, true)
    // poll must overwrite what stands here, also with nothing.
    view.setInt16(pollfd.offsets.revents, 0x7fff, true)
  } else if (machine.backend === 'select') {
    if (r >= FD_SETSIZE) throw new TypeError(`select cannot watch descriptor ${r}`)
    view.setUint8(r >> 3, 1 << (r & 7))
  }
}

function bitsIn(set: DataView): number[] {
  return Array.from({ length: fdSet.size * 8 }, (_, fd) => fd).filter(
    (fd) => (set.getUint8(fd >> 3) & (1 << (fd & 7))) !== 0,
  )
}

function timeMemory(): Memory {
  return new Memory(timespec.size, { shared: true })
}

/** A timespec, or a timeval, which differs from it only in its unit. */
function fillTime({ view }: Memory, unitNs: number, timeout: Exclude<Timeout, 'never'>): void {
  if ('seconds' in timeout) {
    view.setBigInt64(0, timeout.seconds, true)
    view.setBigInt64(8, timeout.rest, true)
    return
  }
  const ns = 'ns' in timeout ? timeout.ns : timeout.ms * 1e6
  if (ns % unitNs !== 0) throw new TypeError(`a timeval cannot say ${ns} ns`)
  view.setBigInt64(0, BigInt(Math.floor(ns / 1e9)), true)
  view.setBigInt64(8, BigInt((ns % 1e9) / unitNs), true)
}

function milliseconds(timeout: Timeout): number {
  if (timeout === 'never') return -1
  if ('seconds' in timeout) throw new TypeError('an int of milliseconds has no parts')
  const ms = 'ms' in timeout ? timeout.ms : timeout.ns / 1e6
  if (!Number.isInteger(ms)) throw new TypeError(`an int of milliseconds cannot say ${ms} ms`)
  return ms
}

function timeoutText(timeout: Timeout, unit: WaitFunction['unit']): string {
  if (timeout === 'never') return unit === 'ms' ? '-1 ms' : 'NULL'
  if ('seconds' in timeout) return `${timeout.seconds} s and ${timeout.rest} ${unit}`
  return 'ms' in timeout ? `${timeout.ms} ms` : inMs(timeout.ns)
}
