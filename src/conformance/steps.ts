/**
 * The steps of scenarios: plain, serializable data, and short functions to write it with.
 *
 * Descriptors have names. A step that makes one binds its name; a later step uses it. All descriptors are
 * closed when the scenario ends. Unless it says otherwise, a step that does not succeed means that the set-up
 * is broken; a step with an expectation that is not met means that the check failed.
 *
 * An epoll event is known by a label: by default the name of the descriptor that was added. Behind each label
 * stands a 64-bit number of its own, so that a backend that keeps only half of the data is found out.
 */
import type { FunctionName } from '../libc/signatures.ts'
import type { ArrayStep } from './steps/arrays.ts'
import type { MaskText } from './masks.ts'
import type { EnvironmentStep } from './steps/environment.ts'
import type { FileStep, PathText } from './steps/files.ts'
import type { KeventStep, KqueueStep } from './steps/kevents.ts'
import type { ProcessStep } from './steps/processes.ts'
import type { RingEnterStep, RingPollStep, RingStep } from './steps/rings.ts'
import type { SourceStep } from './steps/sources.ts'
import type { TerminalStep } from './steps/terminals.ts'
import type { WaiterStep } from './steps/waiters.ts'

/** A descriptor's name within a scenario. */
export type Name = string

/** A step's expected result: an exact number, `ok` for anything but -1, or the errno of a failure. */
export type Expected = number | 'ok' | `E${string}`

/**
 * An argument of a native call: a number, a descriptor (`$name`), that many zeroed bytes to point to, a
 * string, a path of the scenario, or an address that is not mapped.
 */
export type Argument =
  | number
  | `$${Name}`
  | { readonly bytes: number }
  | { readonly text: string }
  | { readonly path: PathText }
  | 'bad-pointer'

/**
 * The events that a wait must return: label to mask, in any order. None: the wait must time out. `some of MASK`
 * stands for at least one bit of it, and no other.
 */
export type ExpectedEvents = Readonly<Record<string, MaskText>>

export interface WaitOptions {
  /** Default 0. Never unlimited: a hang must end. */
  readonly timeoutMs?: number
  /** Default 8. */
  readonly max?: number
  /** The wait must have lasted at least this long. */
  readonly atLeastMs?: number
  /** Which function waits. Default: epoll_wait. */
  readonly by?: 'epoll_pwait' | 'epoll_pwait2'
}

/** A native call or a wait: what can also be done by another thread. */
export type NativeStep =
  | {
      op: 'call'
      fn: FunctionName
      args: readonly Argument[]
      expect: Expected
      as?: Name
      mayBeDenied?: true
    }
  | ({ op: 'epoll.wait'; ep: Name; expect: ExpectedEvents | `E${string}` } & WaitOptions)
  | {
      op: 'poll'
      fds: Readonly<Record<Name, MaskText>>
      expect: Readonly<Record<Name, MaskText>>
      timeoutMs?: number
    }
  | {
      op: 'select'
      fds: Readonly<Record<Name, string>>
      expect: Readonly<Record<Name, string>>
      timeoutMs?: number
    }
  | { op: 'write'; fd: Name; bytes: number; expect: Expected }
  | { op: 'read'; fd: Name; bytes: number; expect: Expected }
  | { op: 'eventfd.write'; fd: Name; value: string; expect: Expected }
  | { op: 'eventfd.read'; fd: Name; expect: string }
  | ArrayStep
  | RingEnterStep
  | RingPollStep
  | KeventStep

/** Set-up and change of descriptors. */
export type ResourceStep =
  | { op: 'pipe'; read: Name; write: Name; flags: number }
  | { op: 'socketpair'; a: Name; b: Name; type: 'stream' | 'dgram' | 'seqpacket' }
  | { op: 'socket'; as: Name; domain: 'unix' | 'inet'; type: 'stream' | 'dgram' | 'seqpacket' }
  | { op: 'listener'; as: Name; domain: 'unix' | 'inet'; backlog: number; type: 'stream' | 'seqpacket' }
  | { op: 'bind'; fd: Name; domain: 'unix' | 'inet' }
  | { op: 'connect'; fd: Name; to: Name; expect: Expected }
  | { op: 'accept'; as: Name; listener: Name }
  | { op: 'tcp'; client: Name; server: Name }
  | { op: 'netlink'; as: Name }
  | { op: 'eventfd'; as: Name; initial: number; flags: number }
  | { op: 'epoll'; as: Name }
  | { op: 'dup'; fd: Name; as: Name }
  | { op: 'close'; fd: Name }
  | { op: 'close-all' }
  | { op: 'shutdown'; fd: Name; how: 'RD' | 'WR' | 'RDWR' }
  | { op: 'reset'; fd: Name }
  | { op: 'fill'; fd: Name; chunk: number }
  | { op: 'drain'; fd: Name }
  | { op: 'send-fd'; socket: Name; fd: Name; expect: Expected }
  | { op: 'receive-fd'; socket: Name; as: Name }
  | { op: 'send-oob'; fd: Name }
  | { op: 'recv-oob'; fd: Name }
  | { op: 'socket-option'; fd: Name; option: 'SNDBUF' | 'RCVBUF' | 'OOBINLINE' | 'RCVLOWAT'; value: number }
  | { op: 'so-error'; fd: Name; expect: `E${string}` | '0' }
  | { op: 'settle'; fd: Name; states: readonly TcpState[] }
  | { op: 'settle-sent'; fd: Name }
  | { op: 'require-state'; fd: Name; state: TcpState }
  | { op: 'sleep'; ms: number }
  | {
      op: 'epoll.ctl'
      ep: Name
      command: 'ADD' | 'MOD' | 'DEL'
      fd: Name
      events: MaskText
      label: string
      expect: Expected
    }

/** The states of a TCP connection that scenarios wait for (TCP_INFO), because TCP is not synchronous. */
export type TcpState = 'ESTABLISHED' | 'SYN_SENT' | 'CLOSE_WAIT' | 'FIN_WAIT2' | 'TIME_WAIT' | 'CLOSE'

/** What other threads do. */
export type ThreadStep =
  | { op: 'thread'; thread: string; step: NativeStep }
  | { op: 'blocked'; thread: string }
  | { op: 'join'; thread: string }

/** What a peer can be told to do. */
export type PeerAction = NativeStep | ResourceStep | SourceStep | FileStep

/** What another process does. It knows the descriptors that it was started with, by the same names. */
export type PeerStep =
  | { op: 'peer'; as: string; fds: readonly Name[] }
  | { op: 'peer.run'; peer: string; step: PeerAction }
  | { op: 'peer.post'; peer: string; step: PeerAction }
  | { op: 'peer.join'; peer: string }
  | { op: 'peer.exit'; peer: string }

/** An event of the portable contract: token in decimal, and readiness in words (`READABLE|HANGUP`). */
export interface PortableEvent {
  readonly token: string
  readonly is: string
}

/** The portable contract: these run on every backend. */
export type PortableStep =
  | { op: 'poller.open'; as: Name }
  | { op: 'poller.close'; poller: Name }
  | {
      op: 'poller.register'
      command: 'add' | 'modify'
      poller: Name
      fd: Name
      interest: string
      token: string
      trigger?: 'level' | 'edge' | 'oneshot' | 'edge-oneshot'
      expect: 'ok' | `E${string}` | 'unsupported'
    }
  | { op: 'poller.remove'; poller: Name; fd: Name; expect: 'ok' | `E${string}` }
  | { op: 'poller.wake'; poller: Name }
  | {
      op: 'poller.wait'
      poller: Name
      expect: readonly PortableEvent[]
      timeoutNs: number
      capacity: number
      atLeastNs?: number
    }
  | { op: 'loop.open'; as: Name }
  | { op: 'loop.close'; loop: Name }
  | {
      op: 'loop.add'
      loop: Name
      direction: 'read' | 'write'
      fd: Name
      token: string
      expect: 'ok' | `E${string}`
    }
  | { op: 'loop.del'; loop: Name; direction: 'read' | 'write'; fd: Name }
  | { op: 'loop.add-wake'; loop: Name; token: string }
  | { op: 'loop.wake'; loop: Name; from?: 'another thread' }
  | { op: 'loop.wait'; loop: Name; expect: readonly LoopExpectation[]; timeoutMs: number; atLeastMs?: number }

/** A normalized event: only the flags that are set are named (`readable eof`). */
export interface LoopExpectation {
  readonly fd?: Name
  readonly token: string
  readonly is: string
  readonly bytes?: number | null
}

export type Step =
  | NativeStep
  | ResourceStep
  | SourceStep
  | FileStep
  | ProcessStep
  | TerminalStep
  | RingStep
  | KqueueStep
  | EnvironmentStep
  | ThreadStep
  | WaiterStep
  | PeerStep
  | PortableStep

/** The step of an operation. */
export type StepOf<Op extends Step['op']> = Extract<Step, { op: Op }>
