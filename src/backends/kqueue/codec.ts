/** `struct kevent` in memory, by the layout of an interface. */
import type { KeventField, KqueueAbi } from './abi.ts'
import type { Change } from './registration.ts'

/** A change, or an event. Numbers that C has 64 bits for are BigInts; what is left out is zero. */
export interface Kevent {
  readonly ident: bigint
  readonly filter: number
  readonly flags: number
  readonly fflags: number
  readonly data: bigint
  readonly udata: bigint
}

/** What was said to be there does not fit into the memory that it is to be in. */
export class KeventBufferError extends RangeError {
  override readonly name = 'KeventBufferError'
}

/** Writes a change to a place in an array of changes. Throws `KeventBufferError` where there is no room for it. */
export function encodeKevent(abi: KqueueAbi, view: DataView, index: number, change: Change): void {
  const at = placeOf(abi, view, index)
  const { ident, filter, flags, fflags = 0, data = 0n, udata = 0n } = change
  view.setBigUint64(at('ident'), ident, true)
  writeHead(abi, view, index * abi.kevent.size, filter, flags)
  view.setUint32(at('fflags'), fflags, true)
  view.setBigInt64(at('data'), data, true)
  view.setBigUint64(at('udata'), udata, true)
}

/**
 * Reads the events that `kevent` says it has returned. Throws `KeventBufferError` for a count that is no count, or
 * that the array has no room for: whoever returns it has written beyond its end, or lies.
 */
export function decodeKevents(abi: KqueueAbi, view: DataView, count: number): Kevent[] {
  if (!Number.isInteger(count) || count < 0) throw new KeventBufferError(`${count} events cannot be`)
  const room = Math.floor(view.byteLength / abi.kevent.size)
  if (count > room) throw new KeventBufferError(`${count} events do not fit into the room for ${room}`)
  return Array.from({ length: count }, (_, index) => {
    const at = placeOf(abi, view, index)
    const start = index * abi.kevent.size
    return {
      ident: view.getBigUint64(at('ident'), true),
      filter: filterIn(abi, view, start),
      flags: flagsIn(abi, view, start),
      fflags: view.getUint32(at('fflags'), true),
      data: view.getBigInt64(at('data'), true),
      udata: view.getBigUint64(at('udata'), true),
    }
  })
}

/** Writes the filter and the flags of the struct that begins at a byte: their width is the interface's. */
export function writeHead(
  { filterBits, kevent: { offsets } }: KqueueAbi,
  view: DataView,
  start: number,
  filter: number,
  flags: number,
): void {
  if (filterBits === 16) {
    view.setInt16(start + offsets.filter, filter, true)
    view.setUint16(start + offsets.flags, flags, true)
  } else {
    view.setUint32(start + offsets.filter, filter, true)
    view.setUint32(start + offsets.flags, flags, true)
  }
}

/** The filter of the struct that begins at a byte. */
export function filterIn({ filterBits, kevent }: KqueueAbi, view: DataView, start: number): number {
  const at = start + kevent.offsets.filter
  return filterBits === 16 ? view.getInt16(at, true) : view.getUint32(at, true)
}

/** Its flags. */
export function flagsIn({ filterBits, kevent }: KqueueAbi, view: DataView, start: number): number {
  const at = start + kevent.offsets.flags
  return filterBits === 16 ? view.getUint16(at, true) : view.getUint32(at, true)
}

function placeOf(
  { kevent: { size, offsets } }: KqueueAbi,
  view: DataView,
  index: number,
): (field: KeventField) => number {
  if (!Number.isInteger(index) || index < 0 || (index + 1) * size > view.byteLength) {
    throw new KeventBufferError(`there is no room for event ${index} of ${size} bytes in ${view.byteLength}`)
  }
  return (field) => index * size + offsets[field]
}
