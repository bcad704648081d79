/**
 * What each function does with the memory that its pointers lead to, as data: how a call that was made once can
 * be made again with the same input, and held against the same output.
 */
import { syscallNumbers } from './constants/syscalls.ts'
import { layouts } from './layouts.ts'
import type { FunctionName } from './signatures.ts'

/**
 * `in`: read by the call. `out`: written by it. `inout`: both. `spent`: read, and left with something that no
 * other call will leave there again (the time that select had left).
 */
type BufferUse = 'in' | 'out' | 'inout' | 'spent'

/** One pointer argument. */
export interface BufferArgument {
  /** Which argument it is, from 0. NULL is always allowed. */
  readonly index: number
  readonly use: BufferUse
  /** How many bytes, of a call with these arguments and this result. The result is used by `out` alone. */
  size(args: readonly number[], result: number): number
}

const epollEvent = layouts.epoll_event.size
const timespec = layouts.timespec.size

const fixed = (bytes: number) => (): number => bytes
const times =
  (index: number, bytes: number) =>
  (args: readonly number[]): number =>
    (args[index] ?? 0) * bytes
const perResult =
  (bytes: number) =>
  (_: readonly number[], result: number): number =>
    Math.max(0, result) * bytes

/** An fd_set is read and written up to nfds, in words of 64 bits (select(2), "NOTES"). */
const setSize = (args: readonly number[]): number => Math.ceil((args[0] ?? 0) / 64) * 8
const sets = [1, 2, 3].map((index) => ({ index, use: 'inout', size: setSize }) as const)

const waited = { index: 1, use: 'out', size: perResult(epollEvent) } as const
const input = { index: 1, use: 'in', size: times(2, 1) } as const
const output = { index: 1, use: 'out', size: perResult(1) } as const
const pair = fixed(8)
const entries = { index: 0, use: 'inout', size: times(1, layouts.pollfd.size) } as const
const time = (index: number): BufferArgument => ({ index, use: 'in', size: fixed(timespec) })

/** The functions whose buffers are known. One that has pointers and is not here cannot be recorded. */
export const bufferArguments: Partial<Record<FunctionName, readonly BufferArgument[]>> = {
  epoll_ctl: [{ index: 3, use: 'in', size: fixed(epollEvent) }],
  epoll_wait: [waited],
  epoll_pwait: [waited],
  epoll_pwait2: [waited, time(3)],
  poll: [entries],
  ppoll: [entries, time(2)],
  select: [...sets, { index: 4, use: 'spent', size: fixed(layouts.timeval.size) }],
  pselect: [...sets, time(4)],
  timerfd_settime: [{ index: 2, use: 'in', size: fixed(layouts.itimerspec.size) }],
  bind: [input],
  connect: [input],
  getsockname: [
    { index: 1, use: 'out', size: fixed(layouts.sockaddr_in.size) },
    { index: 2, use: 'inout', size: fixed(4) },
  ],
  setsockopt: [{ index: 3, use: 'in', size: times(4, 1) }],
  pipe: [{ index: 0, use: 'out', size: pair }],
  pipe2: [{ index: 0, use: 'out', size: pair }],
  socketpair: [{ index: 3, use: 'out', size: pair }],
  read: [output],
  write: [input],
  recv: [output],
  send: [input],
  nanosleep: [time(0)],
}

/** The buffers of `kevent`, for a `struct kevent` of so many bytes: no two platforms agree on that. */
export function keventBuffers(bytes: number): readonly BufferArgument[] {
  return [
    { index: 1, use: 'in', size: times(2, bytes) },
    { index: 3, use: 'out', size: perResult(bytes) },
    time(5),
  ]
}

/**
 * The buffers of system calls that are made by their number, through `syscall`; undefined where they are not known.
 * What io_uring_enter takes for a timeout points to a timespec, which `Ring` has right behind it.
 */
export function systemCallBuffers(number: number): readonly BufferArgument[] | undefined {
  const numbers = syscallNumbers()
  if (number === numbers?.io_uring_setup) {
    return [{ index: 2, use: 'inout', size: fixed(layouts.io_uring_params.size) }]
  }
  if (number !== numbers?.io_uring_enter) return undefined
  return [{ index: 5, use: 'in', size: (args) => (args[6] ?? 0) + timespec }]
}

/** Functions whose result is a new descriptor. */
export const returnDescriptors: ReadonlySet<FunctionName> = new Set([
  'accept4',
  'dup',
  'epoll_create',
  'epoll_create1',
  'eventfd',
  'inotify_init1',
  'kqueue',
  'signalfd',
  'socket',
  'timerfd_create',
])

/** The argument of a wait that says when to give up, and its unit. */
interface WaitLimit {
  readonly index: number
  readonly unit: 'ms' | 'timespec' | 'timeval'
}

/** Functions that may wait for ever, told to do so by -1 or NULL. */
export const waitLimits: Partial<Record<FunctionName, WaitLimit>> = {
  epoll_wait: { index: 3, unit: 'ms' },
  epoll_pwait: { index: 3, unit: 'ms' },
  epoll_pwait2: { index: 3, unit: 'timespec' },
  poll: { index: 2, unit: 'ms' },
  ppoll: { index: 2, unit: 'timespec' },
  select: { index: 4, unit: 'timeval' },
  pselect: { index: 4, unit: 'timespec' },
  kevent: { index: 5, unit: 'timespec' },
}
