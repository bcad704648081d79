/** Short functions to write requests of a ring with. */
import { IORING_ASYNC_CANCEL, IORING_POLL } from '../../libc/constants/io-uring.ts'
import type { RingRequest } from '../steps/rings.ts'
import type { MaskText } from '../masks.ts'
import type { Name } from '../steps.ts'

/** What any request may have besides. */
type Extra = Pick<RingRequest, 'flags' | 'fields'>

/** A poll that completes once. */
export const pollAdd = (as: string, fd: Name | number, events: MaskText, extra: Extra = {}): RingRequest => ({
  as,
  op: 'POLL_ADD',
  fd,
  events,
  ...extra,
})
/** A poll that goes on after a completion. */
export const pollMulti = (as: string, fd: Name, events: MaskText, extra: Extra = {}): RingRequest => ({
  ...pollAdd(as, fd, events, extra),
  poll: IORING_POLL.ADD_MULTI,
})
export const pollRemove = (as: string, target: string, extra: Extra = {}): RingRequest => ({
  as,
  op: 'POLL_REMOVE',
  target,
  ...extra,
})

interface Update {
  readonly events?: MaskText
  readonly becomes?: string
  /** The poll goes on after a completion from now on; otherwise it completes once. */
  readonly multi?: boolean
}
/** Changes the mask of a poll, its label, or both. */
export const pollUpdate = (
  as: string,
  target: string,
  { events, becomes, multi = false }: Update,
): RingRequest => ({
  as,
  op: 'POLL_REMOVE',
  target,
  ...(events === undefined ? {} : { events }),
  ...(becomes === undefined ? {} : { becomes }),
  poll:
    (events === undefined ? 0 : IORING_POLL.UPDATE_EVENTS) |
    (becomes === undefined ? 0 : IORING_POLL.UPDATE_USER_DATA) |
    (multi ? IORING_POLL.ADD_MULTI : 0),
})
export const nothingToDo = (as: string, extra: Extra = {}): RingRequest => ({ as, op: 'NOP', ...extra })
/** Ends after a time, or after so many other completions. */
export const timeoutAfter = (
  as: string,
  timeoutMs: number,
  extra: Extra & Pick<RingRequest, 'count' | 'timeoutFlags'> = {},
): RingRequest => ({ as, op: 'TIMEOUT', timeoutMs, ...extra })
export const timeoutRemove = (as: string, target: string): RingRequest => ({
  as,
  op: 'TIMEOUT_REMOVE',
  target,
})
/** Bounds the request before it, which must have the flag LINK. */
export const linkTimeout = (as: string, timeoutMs: number): RingRequest => ({
  as,
  op: 'LINK_TIMEOUT',
  timeoutMs,
})
export const cancelRequest = (as: string, target: string, cancel = 0): RingRequest => ({
  as,
  op: 'ASYNC_CANCEL',
  target,
  cancel,
})
/** Cancels what waits for a descriptor: all of it, or the first that is found. */
export const cancelByFd = (as: string, fd: Name, which: 'all' | 'one' = 'all'): RingRequest => ({
  as,
  op: 'ASYNC_CANCEL',
  fd,
  cancel: IORING_ASYNC_CANCEL.FD | (which === 'all' ? IORING_ASYNC_CANCEL.ALL : 0),
})
/** Cancels everything. */
export const cancelAll = (as: string): RingRequest => ({
  as,
  op: 'ASYNC_CANCEL',
  cancel: IORING_ASYNC_CANCEL.ANY | IORING_ASYNC_CANCEL.ALL,
})
/** Puts a completion into another ring. */
export const message = (
  as: string,
  to: Name,
  label: string,
  result: number,
  extra: Extra = {},
): RingRequest => ({
  as,
  op: 'MSG_RING',
  fd: to,
  message: { as: label, result },
  ...extra,
})
