/** Descriptors in numbers that steps are too slow for: each step is told to the parent process. */
import { readFileSync } from 'node:fs'
import { UnsupportedError } from '../../../errors.ts'
import { EFD, EPOLL_CTL } from '../../../libc/constants/linux.ts'
import { formatMask, parseMask } from '../../masks.ts'
import { sys } from '../../../libc/libc.ts'
import { Memory } from '../../../libc/memory.ts'
import { Failure } from '../../check.ts'
import type { Machine } from '../../machine.ts'
import { resultOf } from '../../native-call.ts'
import { underTest } from '../../operations/calls.ts'
import { encodeEvent, eventBuffer } from '../../operations/events.ts'
import { layouts } from '../../../libc/layouts.ts'

/** The data of an entry that has no label: its index, with bits of its own in both halves. */
const DATA = 0x5eed000000000000n
const SPREAD = 0x100000001n

/** So many events are named in a message. */
const SHOWN = 16

/** So many eventfds, which are closed at the end. */
export class ManyFiles {
  readonly fds: number[] = []
  readonly #machine: Machine
  readonly #one = new Memory(8)

  /** Makes so many, or as many as there is time for, but `atLeast` in any case. */
  constructor(
    machine: Machine,
    count: number,
    { withinMs = Infinity, atLeast = 0 }: { readonly withinMs?: number; readonly atLeast?: number } = {},
  ) {
    this.#machine = machine
    this.#one.view.setBigUint64(0, 1n, true)
    machine.cleanups.push(() => this.close())
    const end = performance.now() + withinMs
    for (let i = 0; i < count && (i < atLeast || performance.now() < end); i++) {
      this.fds.push(sys(machine.libc, 'eventfd', 0, EFD.NONBLOCK | EFD.CLOEXEC))
    }
  }

  /** Adds the one of an index to an epoll, or all of them. */
  add(ep: string, mask: string, indexes: Iterable<number> = this.fds.keys()): void {
    const event = encodeEvent(parseMask(mask), 0n)
    const { data } = layouts.epoll_event.offsets
    for (const index of indexes) {
      event.view.setBigUint64(data, dataOf(index), true)
      this.#control(ep, 'ADD', index, event)
    }
  }

  remove(ep: string, indexes: Iterable<number>): void {
    const event = encodeEvent(0, 0n)
    for (const index of indexes) this.#control(ep, 'DEL', index, event)
  }

  /** Makes one readable. */
  signal(index: number): void {
    sys(this.#machine.libc, 'write', this.#fd(index), this.#one.address, 8)
  }

  /** Waits once, with that much room. Fails unless the wait returns just these, each once, as readable. */
  expectEvents(ep: string, room: number, indexes: readonly number[]): void {
    const machine = this.#machine
    machine.begin(`epoll_wait(${ep}, ${room} events, 0 ms) of ${this.fds.length} entries`)
    const buffer = eventBuffer(room)
    const count = underTest(machine, 'epoll_wait', machine.fd(ep), buffer.address, room, 0)
    if (count > room) throw new Failure(`${room} events at the most`, `${count} events`)
    const actual = this.#decode(buffer, count)
    const expected = indexes.map((index) => `#${index} IN`)
    // Of many events, those that make the difference are told.
    const missing = expected.filter((event) => !actual.includes(event))
    const others = actual.filter((event, i) => !expected.includes(event) || actual.indexOf(event) !== i)
    if (missing.length === 0 && others.length === 0) return
    const words = (what: string, events: readonly string[]): string =>
      events.length === 0 ? '' : `; ${what}: ${summary(events)}`
    throw new Failure(
      `${eventCount(expected.length)}${expected.length > 0 ? `: ${summary(expected)}` : ''}`,
      `${eventCount(actual.length)}${words('missing', missing)}${words('too many', others)}`,
    )
  }

  /** Indexes and masks; what has no index is shown as its data. */
  #decode(buffer: Memory, count: number): string[] {
    const { size, offsets } = layouts.epoll_event
    return Array.from({ length: count }, (_, i) => {
      const data = buffer.view.getBigUint64(i * size + offsets.data, true)
      const index = Number((data - DATA) & 0xffffffffn)
      const known = index < this.fds.length && dataOf(index) === data
      const mask = buffer.view.getUint32(i * size + offsets.events, true)
      return `${known ? `#${index}` : `data 0x${data.toString(16)}`} ${formatMask(mask)}`
    })
  }

  /** Closes them all, one by one: an emulator may keep what it knows of a number that close_range has freed. */
  close(): void {
    for (const fd of this.fds.splice(0)) this.#machine.libc.fn.close(fd)
  }

  /** Fails where an entry is refused, unless all users together may not have so many. */
  #control(ep: string, command: 'ADD' | 'DEL', index: number, event: Memory): void {
    const { libc } = this.#machine
    const fd = this.#fd(index)
    const result = resultOf(libc, 'epoll_ctl', this.#machine.fd(ep), EPOLL_CTL[command], fd, event.address)
    if (result === 'ENOSPC' && this.fds.length > roomForEntries()) {
      throw new UnsupportedError(`${this.fds.length} entries`, 'fs.epoll.max_user_watches allows too few')
    }
    if (result !== 0) {
      const text = `epoll_ctl ${command} of entry #${index} gives`
      throw new Failure(`${text} 0`, `${text} ${result}`)
    }
  }

  #fd(index: number): number {
    const fd = this.fds[index]
    if (fd === undefined) throw new TypeError(`there is no descriptor ${index}`)
    return fd
  }
}

/** How many entries there may be here for certain. Other processes have theirs too. */
export function roomForEntries(): number {
  try {
    return Number(readFileSync('/proc/sys/fs/epoll/max_user_watches', 'utf8')) / 2
  } catch {
    return 4096
  }
}

const dataOf = (index: number): bigint => DATA + BigInt(index) * SPREAD

/** The first of many. */
function summary(events: readonly string[]): string {
  const shown = events.slice(0, SHOWN).join(', ')
  return events.length > SHOWN ? `${shown}, and ${events.length - SHOWN} more` : shown
}

const eventCount = (count: number): string => (count === 1 ? '1 event' : `${count} events`)
