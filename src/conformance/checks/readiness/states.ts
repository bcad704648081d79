/** The states that descriptors are in, whatever their kind. */
import type { State } from './inquiry.ts'

export const nothing: State = { revents: '0', withoutEvents: '0', select: '' }
export const readable: State = { revents: 'IN', withoutEvents: '0', select: 'r' }
export const writable: State = { revents: 'OUT', withoutEvents: '0', select: 'w' }
export const readWritable: State = { revents: 'IN|OUT', withoutEvents: '0', select: 'rw' }
/** The end of the data is something to read. */
export const atEnd: State = { revents: 'IN|OUT|RDHUP', withoutEvents: '0', select: 'rw' }
/** No more data will come, and none can be sent: what poll(2) calls hung up. */
export const hungUp: State = { revents: 'IN|OUT|HUP|RDHUP', withoutEvents: 'HUP', select: 'rw' }
/** The same with an error that nobody has fetched. */
export const failed: State = { revents: 'IN|OUT|ERR|HUP|RDHUP', withoutEvents: 'ERR|HUP', select: 'rw' }
/** A stream socket that has no peer. */
export const unconnected: State = { revents: 'OUT|HUP', withoutEvents: 'HUP', select: 'rw' }
/** A pipe, or what is like it, that nobody writes to any more, and that is empty. */
export const writersGone: State = { revents: 'HUP', withoutEvents: 'HUP', select: 'r' }
/** A pipe with room that nobody reads any more. */
export const readersGone: State = { revents: 'OUT|ERR', withoutEvents: 'ERR', select: 'rw' }
