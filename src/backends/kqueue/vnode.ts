/** EVFILT_VNODE: what happens to a file or a directory that is open. See kqueue(2). */
import { EV, VNODE_NOTES } from './abi.ts'
import type { KqueueAbi, VnodeNote } from './abi.ts'
import type { Kevent } from './codec.ts'
import { adding, noteBits, notesIn } from './registration.ts'
import type { Change, WatchOptions } from './registration.ts'

/**
 * The change that watches the file of a descriptor. An event has all notes of what has happened since the last
 * (EV_CLEAR). A directory is written to when an entry of it comes, goes or gets another name.
 *
 * Throws `UnsupportedError` for a note that the interface does not have (REVOKE of libkqueue), and RangeError without
 * any. The kqueue refuses a descriptor that is not open: EBADF.
 */
export function vnodeChange(
  abi: KqueueAbi,
  fd: number,
  notes: readonly VnodeNote[],
  options: WatchOptions = {},
): Change {
  if (notes.length === 0) throw new RangeError('a file is watched for at least one note')
  const fflags = noteBits(abi, 'VNODE', notes, abi.vnodeNotes)
  return adding(abi, 'VNODE', fd, { ...options, flags: EV.CLEAR, fflags })
}

/** What an event of EVFILT_VNODE tells. libkqueue tells of EXTEND also where only WRITE was asked for. */
export function vnodeEvent({ ident, fflags }: Kevent): {
  readonly fd: number
  readonly notes: readonly VnodeNote[]
} {
  return { fd: Number(ident), notes: notesIn(fflags, VNODE_NOTES) }
}
