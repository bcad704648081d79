/** EVFILT_PROC: what becomes of another process. See kqueue(2). */
import { PROCESS_NOTES } from './abi.ts'
import type { KqueueAbi, ProcessNote } from './abi.ts'
import type { Kevent } from './codec.ts'
import { adding, noteBits, notesIn } from './registration.ts'
import type { Change, WatchOptions } from './registration.ts'

/** How a process has ended. */
export type ExitStatus =
  | { readonly code: number }
  /** `signal` is a number of the platform. */
  | { readonly signal: number; readonly dumped: boolean }

/**
 * The change that watches a process. Its exit is told once, also if it has ended before but was not waited for, and
 * then the registration is gone. The event does not take the place of waitpid(2). libkqueue knows exits only, and
 * those of children only.
 *
 * Throws `UnsupportedError` for a note that the interface does not have, or takes and never tells of, and RangeError
 * without any. The kqueue refuses a process that is not there: ESRCH.
 */
export function processChange(
  abi: KqueueAbi,
  pid: number,
  notes: readonly ProcessNote[],
  { udata }: Pick<WatchOptions, 'udata'> = {},
): Change {
  if (notes.length === 0) throw new RangeError('a process is watched for at least one note')
  const wanted = noteBits(abi, 'PROC', notes, abi.processNotes)
  // macOS gives the status of a child only to those who ask for it.
  const status = notes.includes('EXIT') ? (abi.processNotes.EXITSTATUS ?? 0) : 0
  return adding(abi, 'PROC', pid, {
    fflags: (wanted | status) >>> 0,
    ...(udata === undefined ? {} : { udata }),
  })
}

/** What an event of EVFILT_PROC tells. Without an exit, or where macOS does not say how it was, there is no status. */
export function processEvent(
  abi: KqueueAbi,
  { ident, fflags, data }: Kevent,
): { readonly pid: number; readonly notes: readonly ProcessNote[]; readonly status: ExitStatus | undefined } {
  const notes = notesIn(fflags, PROCESS_NOTES)
  const asked = abi.processNotes.EXITSTATUS
  const isTold = notes.includes('EXIT') && (asked === undefined || (fflags & asked) !== 0)
  return { pid: Number(ident), notes, status: isTold ? exitStatus(Number(data)) : undefined }
}

/** A status of waitpid(2), which is the same everywhere: a signal and whether it dumped core, or the code above them. */
function exitStatus(status: number): ExitStatus {
  const signal = status & 0x7f
  return signal === 0 ? { code: (status >> 8) & 0xff } : { signal, dumped: (status & 0x80) !== 0 }
}
