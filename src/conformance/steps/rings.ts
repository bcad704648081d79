/** Steps for io_uring: as something to wait for, and as what waits. */
import type { OpName, SetupFlag, SqeFlag, SqState } from '../rings/abi.ts'
import type { MaskText } from '../masks.ts'
import type { Expected, Name, StepOf } from '../steps.ts'

/**
 * A request. `as` is the label that its completions are known by: behind it stands a number of 64 bits, with bits of its
 * own in both halves.
 */
export interface RingRequest {
  readonly as: string
  readonly op: OpName
  readonly fd?: Name | number
  /** The mask of a poll. */
  readonly events?: MaskText
  /** `poll`: the bits of `len` that say what kind of poll or update it is. */
  readonly poll?: number
  /** `flags` of the request. */
  readonly flags?: readonly SqeFlag[]
  /** The request, by its label, that it is about. */
  readonly target?: string
  /** The label that the target is known by from then on. */
  readonly becomes?: string
  /** A timeout, its flags, and how many completions end it. */
  readonly timeoutMs?: number
  readonly timeoutFlags?: number
  readonly count?: number
  /** `cancel_flags`. */
  readonly cancel?: number
  /** What MSG_RING sends: a label and a result. */
  readonly message?: { readonly as: string; readonly result: number }
  /** What EPOLL_CTL does. */
  readonly control?: {
    readonly command: 'ADD' | 'MOD' | 'DEL'
    readonly fd: Name
    readonly events: MaskText
    readonly label: string
  }
  /** Fields of struct io_uring_sqe, as numbers, for what no program should write into them. */
  readonly fields?: Readonly<Record<string, number>>
}

/**
 * Completions, by the label of their request: a mask, a number, or an errno, followed by `more` where the request goes
 * on (IORING_CQE_F_MORE). Several of one request in their order. `some of MASK` is at least one bit of it, and no other.
 */
export type ExpectedCompletions = Readonly<Record<string, string | readonly string[]>>

/** A call that waits in a ring, which can also be made by another thread. */
export interface RingEnterStep {
  readonly op: 'io_uring.enter'
  readonly fd: Name
  readonly least: number
  readonly timeoutMs: number
  readonly expect: Expected
  /** It must have lasted at least this long. */
  readonly atLeastMs?: number
}

/** Asks for the readiness of descriptors by polls that complete once, on a ring of its own, as poll(2) would. */
export interface RingPollStep {
  readonly op: 'io_uring.poll'
  readonly fds: Readonly<Record<Name, MaskText>>
  readonly expect: Readonly<Record<Name, MaskText>>
  readonly timeoutMs?: number
}

export type RingStep =
  | { op: 'io_uring'; as: Name }
  | { op: 'io_uring.nop'; fd: Name }
  | { op: 'io_uring.take'; fd: Name }
  | { op: 'eventfd.complete'; fd: Name }
  | { op: 'io_uring.setup'; as: Name; entries: number; completions?: number; flags: readonly SetupFlag[] }
  | { op: 'io_uring.submit'; fd: Name; requests: readonly RingRequest[]; expect: Expected }
  | {
      op: 'io_uring.completions'
      fd: Name
      expect: ExpectedCompletions
      timeoutMs?: number
      /** The last of them came at least so long after the requests were submitted. */
      atLeastMs?: number
      /** They must be there already: the kernel is not asked. */
      by?: 'looking only'
    }
  | { op: 'io_uring.state'; fd: Name; flag: SqState; expect: 'set' | 'not set' }
  | { op: 'io_uring.register-eventfd'; fd: Name; eventfd: Name; kind: 'every' | 'async only' }
  | { op: 'io_uring.enable'; fd: Name; expect: Expected }

/** A small ring. */
export const ring = (as: Name): StepOf<'io_uring'> => ({ op: 'io_uring', as })
/** Submits a request that does nothing, whose completion then waits in the ring. */
export const nop = (fd: Name): StepOf<'io_uring.nop'> => ({ op: 'io_uring.nop', fd })
/** Takes a completion out of the ring. */
export const takeCompletion = (fd: Name): StepOf<'io_uring.take'> => ({ op: 'io_uring.take', fd })
/** Lets the kernel add 1 to an eventfd, whatever its value is, as it does when an asynchronous read ends. */
export const complete = (fd: Name): StepOf<'eventfd.complete'> => ({ op: 'eventfd.complete', fd })

/** A ring to be checked itself. Rings with the same options may be the same, emptied. */
export const setupRing = (
  as: Name,
  options: Partial<Pick<StepOf<'io_uring.setup'>, 'entries' | 'completions' | 'flags'>> = {},
): StepOf<'io_uring.setup'> => ({ op: 'io_uring.setup', as, entries: 16, flags: [], ...options })
/** Hands requests to the kernel at once, in this order. It must take all of them. */
export const submit = (fd: Name, ...requests: readonly RingRequest[]): StepOf<'io_uring.submit'> => ({
  op: 'io_uring.submit',
  fd,
  requests,
  expect: requests.length,
})
/** The completions that must be there, or come soon, and no others. `{}`: none. */
export const completions = (
  fd: Name,
  expect: ExpectedCompletions,
  options: Partial<Pick<StepOf<'io_uring.completions'>, 'timeoutMs' | 'atLeastMs' | 'by'>> = {},
): StepOf<'io_uring.completions'> => ({ op: 'io_uring.completions', fd, expect, ...options })
/** Waits in io_uring_enter until so many completions are there, and leaves them there. */
export const enter = (
  fd: Name,
  least: number,
  options: { readonly timeoutMs: number; readonly expect?: Expected; readonly atLeastMs?: number },
): RingEnterStep => ({ op: 'io_uring.enter', fd, least, expect: 0, ...options })
/** What polls of a ring report: name to requested mask, and name to what they must complete with, a mask or an errno. */
export const pollByRing = (
  fds: RingPollStep['fds'],
  expect: RingPollStep['expect'],
  timeoutMs = 0,
): RingPollStep => ({ op: 'io_uring.poll', fds, expect, timeoutMs })
/** Whether the kernel has set a flag of the submission ring. */
export const ringState = (fd: Name, flag: SqState, expect: 'set' | 'not set'): StepOf<'io_uring.state'> => ({
  op: 'io_uring.state',
  fd,
  flag,
  expect,
})
/** Has an eventfd signalled for completions: for every one, or for those that do not come at once. */
export const registerEventfd = (
  fd: Name,
  eventfd: Name,
  kind: StepOf<'io_uring.register-eventfd'>['kind'] = 'every',
): StepOf<'io_uring.register-eventfd'> => ({ op: 'io_uring.register-eventfd', fd, eventfd, kind })
/** Enables a ring that was made disabled. */
export const enableRing = (fd: Name, expect: Expected = 0): StepOf<'io_uring.enable'> => ({
  op: 'io_uring.enable',
  fd,
  expect,
})
