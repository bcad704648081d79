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
  | MeasurementError
  | SavedFileError
  | OutputError {
  return (
    error instanceof SystemError ||
    error instanceof UnsupportedError ||
    error instanceof UsageError ||
    error instanceof LibraryError ||
    error instanceof RingError ||
    error instanceof MeasurementError ||
    error instanceof SavedFileError ||
    error instanceof OutputError
  )
}
