/**
 * Short functions to write scenarios with. Each makes one step, as data; see `steps.ts` for what it means.
 */
import { EFD, O } from '../libc/constants/linux.ts'
import type { FunctionName } from '../libc/signatures.ts'
import type { MaskText } from './masks.ts'
import type {
  Argument,
  Expected,
  ExpectedEvents,
  LoopExpectation,
  Name,
  NativeStep,
  PortableEvent,
  StepOf,
  TcpState,
  WaitOptions,
} from './steps.ts'

export const pipe = (read: Name, write: Name, flags: number = O.NONBLOCK): StepOf<'pipe'> => ({
  op: 'pipe',
  read,
  write,
  flags,
})
export const socketpair = (
  a: Name,
  b: Name,
  type: 'stream' | 'dgram' | 'seqpacket' = 'stream',
): StepOf<'socketpair'> => ({ op: 'socketpair', a, b, type })
export const socket = (
  as: Name,
  domain: 'unix' | 'inet',
  type: 'stream' | 'dgram' | 'seqpacket' = 'stream',
): StepOf<'socket'> => ({ op: 'socket', as, domain, type })
export const listener = (
  as: Name,
  domain: 'unix' | 'inet',
  backlog = 8,
  type: StepOf<'listener'>['type'] = 'stream',
): StepOf<'listener'> => ({ op: 'listener', as, domain, backlog, type })
/** Binds a socket to an address of its own. */
export const bind = (fd: Name, domain: 'unix' | 'inet'): StepOf<'bind'> => ({ op: 'bind', fd, domain })
export const connect = (fd: Name, to: Name, expect: Expected = 0): StepOf<'connect'> => ({
  op: 'connect',
  fd,
  to,
  expect,
})
export const accept = (as: Name, from: Name): StepOf<'accept'> => ({ op: 'accept', as, listener: from })
export const tcp = (client: Name, server: Name): StepOf<'tcp'> => ({ op: 'tcp', client, server })
/** A netlink socket that nobody sends to. */
export const netlink = (as: Name): StepOf<'netlink'> => ({ op: 'netlink', as })
export const eventfd = (as: Name, initial = 0, flags: number = EFD.NONBLOCK): StepOf<'eventfd'> => ({
  op: 'eventfd',
  as,
  initial,
  flags,
})
export const epoll = (as: Name): StepOf<'epoll'> => ({ op: 'epoll', as })
export const dup = (fd: Name, as: Name): StepOf<'dup'> => ({ op: 'dup', fd, as })
export const close = (fd: Name): StepOf<'close'> => ({ op: 'close', fd })
/** Closes everything that is open and ends what was forked: what follows starts from scratch, and may use the same names. */
export const closeAll = (): StepOf<'close-all'> => ({ op: 'close-all' })
export const shutdown = (fd: Name, how: 'RD' | 'WR' | 'RDWR'): StepOf<'shutdown'> => ({
  op: 'shutdown',
  fd,
  how,
})
/** Closes a TCP socket so that the peer gets a reset (SO_LINGER of 0). */
export const reset = (fd: Name): StepOf<'reset'> => ({ op: 'reset', fd })
/** Writes until nothing more fits. */
export const fill = (fd: Name, chunk = 4096): StepOf<'fill'> => ({ op: 'fill', fd, chunk })
/** Reads until nothing is left. */
export const drain = (fd: Name): StepOf<'drain'> => ({ op: 'drain', fd })
/** Sends a descriptor through a unix socket (SCM_RIGHTS). */
export const sendFd = (socketFd: Name, fd: Name, expect: Expected = 'ok'): StepOf<'send-fd'> => ({
  op: 'send-fd',
  socket: socketFd,
  fd,
  expect,
})
/** Receives a descriptor from a unix socket, and fails if none came. */
export const receiveFd = (as: Name, socketFd: Name): StepOf<'receive-fd'> => ({
  op: 'receive-fd',
  socket: socketFd,
  as,
})
export const sendOob = (fd: Name): StepOf<'send-oob'> => ({ op: 'send-oob', fd })
export const recvOob = (fd: Name): StepOf<'recv-oob'> => ({ op: 'recv-oob', fd })
export const socketOption = (
  fd: Name,
  option: StepOf<'socket-option'>['option'],
  value: number,
): StepOf<'socket-option'> => ({ op: 'socket-option', fd, option, value })
/** Reads SO_ERROR, which clears it. */
export const soError = (fd: Name, expect: `E${string}` | '0'): StepOf<'so-error'> => ({
  op: 'so-error',
  fd,
  expect,
})
/** Waits until TCP has got there, into one of these states. Never fails: what follows is the check. */
export const settle = (fd: Name, ...states: readonly TcpState[]): StepOf<'settle'> => ({
  op: 'settle',
  fd,
  states,
})
/** Waits until the peer's TCP has acknowledged, and so taken in, all that was written. Never fails. */
export const settleSent = (fd: Name): StepOf<'settle-sent'> => ({ op: 'settle-sent', fd })
/** The check is unsupported unless TCP is in this state, and stays there for a moment. */
export const requireState = (fd: Name, state: TcpState): StepOf<'require-state'> => ({
  op: 'require-state',
  fd,
  state,
})
export const sleep = (ms: number): StepOf<'sleep'> => ({ op: 'sleep', ms })

interface ControlOptions {
  /** What its events are known by. Default: the descriptor's name. */
  readonly label?: string
  readonly expect?: Expected
}
const control =
  (command: 'ADD' | 'MOD' | 'DEL') =>
  (ep: Name, fd: Name, events: MaskText, options: ControlOptions = {}): StepOf<'epoll.ctl'> => ({
    op: 'epoll.ctl',
    ep,
    command,
    fd,
    events,
    label: options.label ?? fd,
    expect: options.expect ?? 0,
  })
export const add = control('ADD')
export const mod = control('MOD')
export const del = (ep: Name, fd: Name, expect: Expected = 0): StepOf<'epoll.ctl'> =>
  control('DEL')(ep, fd, '0', { expect })

/** epoll_wait: these events and no others, in any order; `{}` is a timeout; an errno is a failure. */
export const wait = (
  ep: Name,
  expect: ExpectedEvents | `E${string}`,
  options: WaitOptions = {},
): StepOf<'epoll.wait'> => ({ op: 'epoll.wait', ep, expect, ...options })
/** A raw call of a libc function. */
export const call = (
  fn: FunctionName,
  args: readonly Argument[],
  expect: Expected,
  as?: Name,
): StepOf<'call'> => ({ op: 'call', fn, args, expect, ...(as === undefined ? {} : { as }) })
export const write = (fd: Name, bytes: number, expect: Expected = bytes): StepOf<'write'> => ({
  op: 'write',
  fd,
  bytes,
  expect,
})
export const read = (fd: Name, bytes: number, expect: Expected = bytes): StepOf<'read'> => ({
  op: 'read',
  fd,
  bytes,
  expect,
})
/** Adds to an eventfd's counter. */
export const signal = (fd: Name, value: string = '1', expect: Expected = 8): StepOf<'eventfd.write'> => ({
  op: 'eventfd.write',
  fd,
  value,
  expect,
})
/** Reads an eventfd's counter: the exact value, in decimal, or an errno. */
export const counter = (fd: Name, expect: string): StepOf<'eventfd.read'> => ({
  op: 'eventfd.read',
  fd,
  expect,
})
/** poll(2): name to requested mask, and name to what must be reported (left out: nothing). */
export const poll = (
  fds: StepOf<'poll'>['fds'],
  expect: StepOf<'poll'>['expect'],
  timeoutMs = 0,
): StepOf<'poll'> => ({ op: 'poll', fds, expect, timeoutMs })
/** select(2): name to sets asked for and sets that must come back, as letters of `rwx`. */
export const select = (
  fds: StepOf<'select'>['fds'],
  expect: StepOf<'select'>['expect'],
  timeoutMs = 0,
): StepOf<'select'> => ({ op: 'select', fds, expect, timeoutMs })

/** Starts a step in a thread of that name. */
export const thread = (name: string, step: NativeStep): StepOf<'thread'> => ({
  op: 'thread',
  thread: name,
  step,
})
/** Returns when the thread truly sleeps in its call. Fails if the call returned instead. */
export const blocked = (name: string): StepOf<'blocked'> => ({ op: 'blocked', thread: name })
/** Waits for a thread's step to end and holds it against its expectation. */
export const join = (name: string): StepOf<'join'> => ({ op: 'join', thread: name })

/**
 * Starts a process that inherits these descriptors, under their names and numbers, as a fork would pass them
 * on. It inherits no others. Unsupported where no process can be started.
 */
export const peer = (as: string, fds: readonly Name[]): StepOf<'peer'> => ({ op: 'peer', as, fds })
/** Steps that the other process makes, one after another; the descriptors that they make are its own. */
export const inPeer = (
  name: string,
  ...steps: readonly StepOf<'peer.run'>['step'][]
): readonly StepOf<'peer.run'>[] => steps.map((step) => ({ op: 'peer.run', peer: name, step }))
/** Hands a step to the other process without waiting for its end. */
export const postToPeer = (name: string, step: StepOf<'peer.post'>['step']): StepOf<'peer.post'> => ({
  op: 'peer.post',
  peer: name,
  step,
})
/** Waits for the step that was posted to end, with its expectation met. */
export const joinPeer = (name: string): StepOf<'peer.join'> => ({ op: 'peer.join', peer: name })
/** Ends the other process, which closes its descriptors, and waits until it is gone. */
export const exitPeer = (name: string): StepOf<'peer.exit'> => ({ op: 'peer.exit', peer: name })

export const openPoller = (as: Name): StepOf<'poller.open'> => ({ op: 'poller.open', as })
export const closePoller = (poller: Name): StepOf<'poller.close'> => ({ op: 'poller.close', poller })
const register =
  (command: 'add' | 'modify') =>
  (
    poller: Name,
    fd: Name,
    interest: string,
    token: string,
    options: Partial<Pick<StepOf<'poller.register'>, 'trigger' | 'expect'>> = {},
  ): StepOf<'poller.register'> => ({
    op: 'poller.register',
    command,
    poller,
    fd,
    interest,
    token,
    expect: 'ok',
    ...options,
  })
export const pollerAdd = register('add')
export const pollerModify = register('modify')
export const pollerRemove = (
  poller: Name,
  fd: Name,
  expect: StepOf<'poller.remove'>['expect'] = 'ok',
): StepOf<'poller.remove'> => ({ op: 'poller.remove', poller, fd, expect })
export const pollerWake = (poller: Name): StepOf<'poller.wake'> => ({ op: 'poller.wake', poller })
export const pollerWait = (
  poller: Name,
  expect: readonly PortableEvent[],
  options: Partial<Pick<StepOf<'poller.wait'>, 'timeoutNs' | 'capacity' | 'atLeastNs'>> = {},
): StepOf<'poller.wait'> => ({ op: 'poller.wait', poller, expect, timeoutNs: 0, capacity: 8, ...options })

export const openLoop = (as: Name): StepOf<'loop.open'> => ({ op: 'loop.open', as })
export const closeLoop = (loop: Name): StepOf<'loop.close'> => ({ op: 'loop.close', loop })
export const loopAdd = (
  loop: Name,
  direction: 'read' | 'write',
  fd: Name,
  token: string,
  expect: StepOf<'loop.add'>['expect'] = 'ok',
): StepOf<'loop.add'> => ({ op: 'loop.add', loop, direction, fd, token, expect })
export const loopDel = (loop: Name, direction: 'read' | 'write', fd: Name): StepOf<'loop.del'> => ({
  op: 'loop.del',
  loop,
  direction,
  fd,
})
export const loopAddWake = (loop: Name, token: string): StepOf<'loop.add-wake'> => ({
  op: 'loop.add-wake',
  loop,
  token,
})
export const loopWake = (loop: Name, from?: 'another thread'): StepOf<'loop.wake'> => ({
  op: 'loop.wake',
  loop,
  ...(from === undefined ? {} : { from }),
})
export const loopWait = (
  loop: Name,
  expect: readonly LoopExpectation[],
  options: { readonly timeoutMs?: number; readonly atLeastMs?: number } = {},
): StepOf<'loop.wait'> => ({ op: 'loop.wait', loop, expect, timeoutMs: 0, ...options })
