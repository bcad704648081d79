import { POLL } from '../../libc/constants/linux.ts'
import { layouts } from '../../libc/layouts.ts'
import { scratch } from '../../libc/memory.ts'
import type { Memory } from '../../libc/memory.ts'
import { Failure } from '../check.ts'
import type { Machine } from '../machine.ts'
import { formatMask } from '../masks.ts'
import type { MaskText } from '../masks.ts'

const { size, offsets } = layouts.epoll_event

/** An event as epoll_wait returned it. */
export type ReportedEvent = readonly [label: string, mask: MaskText]

/** Memory for so many events. */
export function eventBuffer(max: number): Memory {
  return scratch(Math.max(1, max) * size)
}

/** What lies behind the room for events: nobody may touch it. */
const GUARD = 0xa5

/** Memory for so many events, with a guard behind it that `decodeGuarded` looks at. */
export function guardedBuffer(max: number): Memory {
  const buffer = eventBuffer(max + 1)
  buffer.bytes.fill(GUARD, max * size)
  return buffer
}

/** The first `count` events of a guarded buffer with room for `max`. Fails where more was written than fits. */
export function decodeGuarded(machine: Machine, buffer: Memory, count: number, max: number): ReportedEvent[] {
  if (count > max) throw new Failure(`${max} events at the most`, `${count} events`)
  const changed = buffer.bytes.subarray(max * size).filter((byte) => byte !== GUARD).length
  machine.expect(changed, 0, 'bytes written behind the room for events')
  return decodeEvents(machine, buffer, count)
}

/** The first `count` events of a buffer. Fails where it has no room for so many. */
export function decodeEvents(machine: Machine, buffer: Memory, count: number): ReportedEvent[] {
  const room = Math.floor(buffer.bytes.length / size)
  if (count > room) throw new Failure(`${room} events at the most`, `${count} events`)
  return Array.from({ length: Math.max(0, count) }, (_, i) => [
    machine.labels.label(buffer.view.getBigUint64(i * size + offsets.data, true)),
    formatMask(buffer.view.getUint32(i * size + offsets.events, true)),
  ])
}

/** The event that an epoll_ctl is given. */
export function encodeEvent(events: number, data: bigint): Memory {
  const event = eventBuffer(1)
  event.view.setUint32(offsets.events, events, true)
  event.view.setBigUint64(offsets.data, data, true)
  return event
}

/** A time as epoll_pwait2, ppoll and pselect are given it. */
export function timespecOf(ms: number): Memory {
  const { size: bytes, offsets: at } = layouts.timespec
  const time = scratch(bytes)
  time.view.setBigInt64(at.tv_sec, BigInt(Math.floor(ms / 1000)), true)
  time.view.setBigInt64(at.tv_nsec, BigInt(Math.round((ms % 1000) * 1e6)), true)
  return time
}

/** A number of 64 bits: what an eventfd is written, or where it is read to. */
export function counterOf(value: bigint): Memory {
  const counter = scratch(8)
  counter.view.setBigUint64(0, value, true)
  return counter
}

/** What poll is given to ask whether a descriptor is readable. */
export function pollfdFor(machine: Machine, name: string): Memory {
  const pollfd = scratch(layouts.pollfd.size)
  pollfd.view.setInt32(layouts.pollfd.offsets.fd, machine.fd(name), true)
  pollfd.view.setInt16(layouts.pollfd.offsets.events, POLL.IN, true)
  return pollfd
}
