import { SystemError, UnsupportedError } from '../errors.ts'
import { AF, EFD, F, O, SOCK } from './constants/linux.ts'
import { sys } from './libc.ts'
import type { Libc } from './libc.ts'
import { Memory } from './memory.ts'

/**
 * A descriptor with an owner: closed once, by `close`, or at the end of the block of a `using` declaration.
 * `release` gives it up, for a descriptor that something else will close.
 */
export class OwnedFd implements Disposable {
  readonly #libc: Libc
  #fd: number

  constructor(libc: Libc, fd: number) {
    this.#libc = libc
    this.#fd = fd
  }

  /** The number, or -1 once closed or released: a call with it then fails with EBADF and harms nothing. */
  get fd(): number {
    return this.#fd
  }

  /** Gives up ownership and returns the number. */
  release(): number {
    const fd = this.#fd
    this.#fd = -1
    return fd
  }

  /** Closes the descriptor. Closing twice is a no-op: the number may belong to somebody else by then. */
  close(): void {
    if (this.#fd >= 0) this.#libc.fn.close(this.release())
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/** A descriptor that C fills in pairs: `pipe2`, `socketpair`. */
function pair(libc: Libc, fill: (memory: Memory) => void): [OwnedFd, OwnedFd] {
  const memory = new Memory(8)
  fill(memory)
  const at = (offset: number): OwnedFd => new OwnedFd(libc, memory.view.getInt32(offset, true))
  return [at(0), at(4)]
}

/** A close-on-exec pipe, non-blocking by default: the end to read from, and the end to write to. */
export function openPipe(libc: Libc, flags: number = O.NONBLOCK): [OwnedFd, OwnedFd] {
  return pair(libc, (memory) => sys(libc, 'pipe2', memory.address, flags | O.CLOEXEC))
}

/** A non-blocking, close-on-exec pair of connected unix sockets; `type` is a SOCK constant. */
export function openSocketpair(libc: Libc, type: number = SOCK.STREAM): [OwnedFd, OwnedFd] {
  return pair(libc, (memory) =>
    sys(libc, 'socketpair', AF.UNIX, type | SOCK.NONBLOCK | SOCK.CLOEXEC, 0, memory.address),
  )
}

/** A non-blocking, close-on-exec eventfd with counter 0; `flags` may add EFD_SEMAPHORE. */
export function openEventfd(libc: Libc, flags = 0): OwnedFd {
  return new OwnedFd(libc, sys(libc, 'eventfd', 0, EFD.NONBLOCK | EFD.CLOEXEC | flags))
}

/**
 * Makes room for descriptors up to a number. The kernel doubles the table of a process when it is full and, where there
 * are several threads, waits each time until none of them looks at the old one (expand_fdtable): on the way to 10,000
 * descriptors that takes some 0.1 s, and this takes a tenth of it. Where it fails, that is all that is lost.
 */
export function widenTable(libc: Libc, number: number): void {
  const [read, write] = openPipe(libc)
  const high = libc.fn.fcntl(read.fd, F.DUPFD_CLOEXEC, number)
  if (high !== -1) libc.fn.close(high)
  read.close()
  write.close()
}

/**
 * Something to make ready and drain, eight bytes at a time: what to read from and what to write to. An eventfd
 * where the kernel has it and policy allows it (both ends are one), else a pipe.
 */
export function openSignal(libc: Libc): [OwnedFd, OwnedFd] {
  try {
    const both = openEventfd(libc)
    return [both, both]
  } catch (error) {
    if (!isMissing(error)) throw error
    return openPipe(libc)
  }
}

/** Whether an error means that something is not there or not allowed, and not that there are no descriptors left. */
export function isMissing(error: unknown): boolean {
  if (error instanceof UnsupportedError) return true
  return error instanceof SystemError && (error.code === 'ENOSYS' || error.code === 'EPERM')
}
