/** What an event of a kqueue says, by its filter. */
import type { SystemError } from '../../errors.ts'
import { errnoName } from '../../libc/libc.ts'
import { EV } from './abi.ts'
import type { KqueueAbi, VnodeNote, ProcessNote } from './abi.ts'
import type { Kevent } from './codec.ts'
import { processEvent } from './process.ts'
import type { ExitStatus } from './process.ts'
import { changeError } from './receipts.ts'
import { filterName } from './registration.ts'
import { vnodeEvent } from './vnode.ts'

/** An event, with the udata of its registration. */
export type KqueueEvent = { readonly udata: bigint } & (
  | {
      readonly filter: 'READ' | 'WRITE'
      readonly fd: number
      /** How many bytes can be read, or fit; connections, of a socket that listens. libkqueue's of WRITE differ. */
      readonly bytes: number
      /** The other side reads, or writes, no more. */
      readonly ended: boolean
      /** The error of the descriptor, as an errno name. */
      readonly error: string | undefined
    }
  | {
      readonly filter: 'VNODE'
      readonly fd: number
      readonly notes: readonly VnodeNote[]
    }
  | {
      readonly filter: 'PROC'
      readonly pid: number
      readonly notes: readonly ProcessNote[]
      readonly status: ExitStatus | undefined
    }
  /** A signal by its number, and how often it was sent since the last event. */
  | { readonly filter: 'SIGNAL'; readonly signal: number; readonly count: number }
  /** A timer, and how often it has fired since the last event. */
  | { readonly filter: 'TIMER'; readonly id: number; readonly expirations: number }
  | { readonly filter: 'USER'; readonly id: number; readonly fflags: number }
  /** What was wrong with a change that was made by the same call. */
  | { readonly filter: 'ERROR'; readonly error: SystemError }
)

/** An event that `kevent` has returned. Throws RangeError for one of a filter that the interface does not have. */
export function kqueueEvent(abi: KqueueAbi, kevent: Kevent): KqueueEvent {
  const { ident, flags, fflags, data, udata } = kevent
  if ((flags & EV.ERROR) !== 0) {
    return { filter: 'ERROR', udata, error: changeError(abi, kevent, Number(data)) }
  }
  const [id, count] = [Number(ident), Number(data)]
  const filter = filterName(abi, kevent.filter)
  switch (filter) {
    case 'READ':
    case 'WRITE': {
      const ended = (flags & EV.EOF) !== 0
      // Without EV_EOF the notes are none of an error.
      const error = ended && fflags !== 0 ? errnoName(fflags) : undefined
      return { filter, udata, fd: id, bytes: count, ended, error }
    }
    case 'VNODE':
      return { filter, udata, ...vnodeEvent(kevent) }
    case 'PROC':
      return { filter, udata, ...processEvent(abi, kevent) }
    case 'SIGNAL':
      return { filter, udata, signal: id, count }
    case 'TIMER':
      return { filter, udata, id, expirations: count }
    case 'USER':
      return { filter, udata, id, fflags }
    case undefined:
      throw new RangeError(
        `kevent has returned an event of filter ${kevent.filter}, which ${abi.name} does not have`,
      )
  }
}
