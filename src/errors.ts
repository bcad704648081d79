/**
 * The errors that evloop throws on purpose. Everything else that escapes is a bug of ours and keeps its
 * stack; these are told to the user in one line, by `src/cli.ts` alone.
 */

/** A system call failed. `code` is the symbolic errno (`EBADF`), `errno` the positive number. */
export class SystemError extends Error {
  override readonly name = 'SystemError'
  readonly syscall: string
  readonly errno: number
  readonly code: string

  constructor(syscall: string, errno: number, code: string, detail?: string) {
    super(`${syscall}: ${code}${detail === undefined ? '' : ` (${detail})`}`)
    this.syscall = syscall
    this.errno = errno
    this.code = code
  }
}

/** Something is not available on this machine, through no fault of the caller. `reason` says why. */
export class UnsupportedError extends Error {
  override readonly name = 'UnsupportedError'
  readonly feature: string
  readonly reason: string

  constructor(feature: string, reason: string) {
    super(`${feature}: ${reason}`)
    this.feature = feature
    this.reason = reason
  }
}

/** The user asked for something that cannot be. `hint` says what to do instead. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly hint: string | undefined

  constructor(message: string, hint?: string) {
    super(message)
    this.hint = hint
  }
}

/** A native library, a symbol of it, or the binding itself could not be loaded. `library` names which. */
export class LibraryError extends Error {
  override readonly name = 'LibraryError'
  readonly library: string
  readonly reason: string

  constructor(library: string, reason: string, options?: ErrorOptions) {
    super(`cannot load ${library}: ${reason}`, options)
    this.library = library
    this.reason = reason
  }
}

/** What a ring in shared memory says of itself cannot be: nothing that it holds can be believed. */
export class RingError extends Error {
  override readonly name = 'RingError'
}

/** What is wrong with a use of the runtime. */
export type FiberProblem =
  /** A wait where no fiber runs: nobody is there who could wait. */
  | 'outside-fiber'
  /** A second wait of a fiber that has not yielded the first one. */
  | 'double-wait'
  /** A fiber yielded, or ended, in a way that does not fit with what it has asked for. */
  | 'not-yielded'
  /** The scheduler was closed. */
  | 'closed'
  /** A fiber or a queue of another scheduler. */
  | 'foreign'
  /** A call that no fiber may make, or a second `run` within the first. */
  | 'reentrant'
  /** Nobody would hear a wake from another thread. */
  | 'no-channel'
  /** A mutex is unlocked, or given up for a condition, by a fiber that does not hold it. */
  | 'not-owner'
  /** A mutex is locked by the fiber that holds it. */
  | 'owner'

/**
 * The runtime was used in a way that cannot work. `operation` is the call, `where` who made it (`fiber 3 (reader)`),
 * and `hint` what to do instead.
 */
export class FiberError extends Error {
  override readonly name = 'FiberError'
  readonly problem: FiberProblem
  readonly operation: string
  readonly where: string
  readonly hint: string

  constructor(problem: FiberProblem, operation: string, where: string, what: string, hint: string) {
    super(`${operation} in ${where}: ${what}; ${hint}`)
    this.problem = problem
    this.operation = operation
    this.where = where
    this.hint = hint
  }
}

/** A fiber that nobody will wake. */
export interface StuckFiber {
  readonly id: number
  readonly name: string
  /** What it waits for: `suspend`, `task 4 (parser)`, `fd 5 (read)`. */
  readonly waitsFor: string
}

/** How many fibers a message names; `fibers` has them all. */
const MOST_NAMED = 8

/** Fibers are left that wait for each other, or for nothing: no timer, descriptor or other thread will wake any. */
export class DeadlockError extends Error {
  override readonly name = 'DeadlockError'
  readonly fibers: readonly StuckFiber[]

  constructor(fibers: readonly StuckFiber[]) {
    const named = fibers.slice(0, MOST_NAMED).map(({ name, waitsFor }) => `${name} waits in ${waitsFor}`)
    const more = fibers.length > named.length ? [`and ${fibers.length - named.length} more`] : []
    const count = `${fibers.length} ${fibers.length === 1 ? 'fiber' : 'fibers'}`
    super(
      `deadlock: ${count} suspended, and nothing left that could wake one: ${[...named, ...more].join(', ')}; ` +
        'wake them before the last other fiber ends, or close the scheduler',
    )
    this.fibers = fibers
  }
}

/** A task that is waited for was canceled: there is no result. */
export class TaskCanceledError extends Error {
  override readonly name = 'TaskCanceledError'
  readonly task: string

  constructor(task: string) {
    super(`${task} was canceled`)
    this.task = task
  }
}

/**
 * A fiber was canceled, and would have waited: `operation` is the call that did not wait, or waits no more, `where` the
 * fiber. It is to be let through, after what is to be undone: `finally` is made for that.
 */
export class CanceledError extends Error {
  override readonly name = 'CanceledError'
  readonly operation: string
  readonly where: string

  constructor(operation: string, where: string) {
    super(`${operation} in ${where}: canceled`)
    this.operation = operation
    this.where = where
  }
}

/** Work that must run at the same time as its caller cannot: as many run as may. */
export class ConcurrencyUnavailableError extends Error {
  override readonly name = 'ConcurrencyUnavailableError'
  readonly where: string
  readonly limit: number

  constructor(where: string, limit: number) {
    super(`concurrent in ${where}: ${limit} run already, and no more may; await one, or use async`)
    this.where = where
    this.limit = limit
  }
}

/** What has become of a call on a socket. What the kernel should not say of a correct program is `unexpected`. */
export type SocketProblem =
  | 'access-denied'
  | 'address-family-unsupported'
  | 'address-in-use'
  | 'address-unavailable'
  | 'blocked-by-firewall'
  /** The socket was closed by this program. */
  | 'closed'
  | 'connection-aborted'
  | 'connection-pending'
  | 'connection-refused'
  | 'connection-reset-by-peer'
  | 'fast-open-in-progress'
  | 'file-not-found'
  | 'host-unreachable'
  | 'message-oversize'
  | 'network-down'
  | 'network-unreachable'
  | 'not-a-directory'
  | 'not-listening'
  | 'option-unsupported'
  | 'permission-denied'
  | 'process-fd-quota-exceeded'
  | 'protocol-failure'
  | 'protocol-unsupported-by-address-family'
  | 'protocol-unsupported-by-system'
  | 'read-only-file-system'
  | 'socket-mode-unsupported'
  | 'socket-unconnected'
  | 'symlink-loop'
  | 'system-fd-quota-exceeded'
  | 'system-resources'
  /** The kernel has given up, or the time limit of the call is over. */
  | 'timeout'
  | 'unexpected'

/** Where a call on a socket was made: `operation` is what was called, `target` on what, `where` by whom. */
export interface SocketCall {
  readonly operation: string
  readonly target: string
  readonly where: string
}

/**
 * A call on a socket failed. `code` is the symbolic errno, empty where no system call has failed; `completed` says how
 * many messages were sent or received by the same call before.
 */
export class SocketError extends Error {
  override readonly name = 'SocketError'
  readonly problem: SocketProblem
  readonly operation: string
  readonly target: string
  readonly where: string
  readonly code: string
  completed = 0

  constructor(problem: SocketProblem, { operation, target, where }: SocketCall, code = '') {
    super(`${operation} ${target} in ${where}: ${problem}${code === '' ? '' : ` (${code})`}`)
    this.problem = problem
    this.operation = operation
    this.target = target
    this.where = where
    this.code = code
  }
}

/** Why a job of a pool has no result. */
export type PoolProblem =
  /** The pool was closed before the job was over. */
  | 'closed'
  /**
   * Its thread has ended while the job ran: it may have run wholly, in part, or not at all, and does not run again. Or
   * three threads have ended that had not started it yet: `reason` says which.
   */
  | 'worker-died'
  /** Threads end before they have begun. The job has not run. */
  | 'cannot-start'
  /** The module cannot be loaded, or exports no such function. The job has not run. */
  | 'no-function'
  /** It returned a promise, which a thread that waits in its poller never settles. It has run up to there. */
  | 'asynchronous'
  /** An argument (then it has not run) or its result (then it has) cannot be cloned into another thread. */
  | 'not-cloneable'

/** A pool has no result of a job (`parse of file:///app/jobs.js`). What a job throws is not this: it arrives as it is. */
export class PoolError extends Error {
  override readonly name = 'PoolError'
  readonly problem: PoolProblem
  readonly job: string
  readonly reason: string

  constructor(problem: PoolProblem, job: string, reason: string) {
    super(`${job}: ${reason}`)
    this.problem = problem
    this.job = job
    this.reason = reason
  }
}

/** A backend has no figure: it lost or invented events, did not do the same twice, crashed or hung. */
export class MeasurementError extends Error {
  override readonly name = 'MeasurementError'
}

/** A saved report cannot be used. `file` is its name as the user gave it, `reason` what is wrong in it. */
export class SavedFileError extends Error {
  override readonly name = 'SavedFileError'
  readonly file: string
  readonly reason: string

  constructor(file: string, reason: string) {
    super(`${file === '' ? "''" : file}: ${reason}`)
    this.file = file
    this.reason = reason
  }
}

/** A result could not be delivered. Exit code 3. */
export class OutputError extends Error {
  override readonly name = 'OutputError'

  constructor(target: string, reason: string) {
    super(`${target} cannot be written: ${reason}`)
  }
}

/**
 * Runs what a sandbox may forbid although the kernel has it: a refusal is then no error, but means that the
 * feature is not available here.
 */
export function orUnsupported<T>(feature: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    if (error instanceof SystemError) throw new UnsupportedError(feature, error.message)
    throw error
  }
}

/** Whether an error is one of ours, to be shown as one line and not as a stack trace. */
export function isKnownError(
  error: unknown,
): error is
  | SystemError
  | UnsupportedError
  | UsageError
  | LibraryError
  | RingError
  | FiberError
  | DeadlockError
  | TaskCanceledError
  | CanceledError
  | ConcurrencyUnavailableError
  | SocketError
  | PoolError
  | MeasurementError
  | SavedFileError
  | OutputError {
  return (
    error instanceof SystemError ||
    error instanceof UnsupportedError ||
    error instanceof UsageError ||
    error instanceof LibraryError ||
    error instanceof RingError ||
    error instanceof FiberError ||
    error instanceof DeadlockError ||
    error instanceof TaskCanceledError ||
    error instanceof CanceledError ||
    error instanceof ConcurrencyUnavailableError ||
    error instanceof SocketError ||
    error instanceof PoolError ||
    error instanceof MeasurementError ||
    error instanceof SavedFileError ||
    error instanceof OutputError
  )
}
