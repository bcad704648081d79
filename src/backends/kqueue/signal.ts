/** EVFILT_SIGNAL: signals that are sent to this process. See kqueue(2). */
import { constants } from 'node:os'
import { UnsupportedError } from '../../errors.ts'
import type { KqueueAbi } from './abi.ts'
import { adding } from './registration.ts'
import type { Change, WatchOptions } from './registration.ts'

/**
 * The change that watches a signal, by its name or number. A kernel counts every attempt to send it, also where the
 * process ignores it or has a handler, which is run all the same.
 *
 * libkqueue is another matter (its BUGS.md): it blocks the signal in the calling thread, for good, and sees it only
 * where no other thread takes it first. Node has threads that take it, so there it is chance.
 *
 * Throws `UnsupportedError` for a name that the platform does not know. The kqueue refuses a number that is none: EINVAL.
 */
export function signalChange(
  abi: KqueueAbi,
  signal: NodeJS.Signals | number,
  options: WatchOptions = {},
): Change {
  return adding(abi, 'SIGNAL', typeof signal === 'number' ? signal : signalNumber(signal), options)
}

function signalNumber(name: NodeJS.Signals): number {
  const numbers: Readonly<Partial<Record<string, number>>> = constants.signals
  const number = numbers[name]
  if (number === undefined) throw new UnsupportedError(name, 'this platform has no such signal')
  return number
}
