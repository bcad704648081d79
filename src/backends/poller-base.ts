import { constants as osConstants } from 'node:os'
import { SystemError, UnsupportedError } from '../errors.ts'
import type { Libc } from '../libc/libc.ts'
import type {
  Backend,
  Poller,
  ReadinessBatch,
  RegistrationOptions,
  Token,
  Trigger,
  WakeHandle,
} from './backend.ts'
import { Registry, tokenOf } from './registry.ts'
import { assertTimeout } from './timeout.ts'
import { Waker } from './waker.ts'
import type { WakeSource } from './waker.ts'

/**
 * What every Poller does alike: it checks requests against the backend's capabilities, keeps the registry in
 * step with the kernel, and owns the waker. A backend adds what talks to its system calls.
 */
export abstract class PollerBase implements Poller {
  abstract readonly backend: Backend
  protected readonly libc: Libc
  protected readonly registry = new Registry()
  protected waker: WakeSource | undefined
  #closed = false

  constructor(libc: Libc) {
    this.libc = libc
  }

  /** Tells the kernel of a new registration, or throws. The registry does not have it yet. */
  protected abstract attach(fd: number, interest: number, trigger: Trigger, exclusive: boolean): void
  /** Tells the kernel of a changed registration, or throws. */
  protected abstract change(fd: number, interest: number, trigger: Trigger): void
  /** Tells the kernel of a removed one, or throws. The registry still has it. */
  protected abstract detach(fd: number): void
  /** Starts watching the waker. */
  protected abstract attachWaker(fd: number): void
  protected abstract waitFor(batch: ReadinessBatch, timeoutNs: number | null): number
  protected abstract release(): void

  /** Drops a registration whose descriptor is gone. */
  protected forget(fd: number): void {
    this.registry.delete(fd)
  }

  /** What the kernel would say of an operation that does not reach it. */
  protected refusal(operation: string, fd: number, code: 'EBADF' | 'EEXIST' | 'ENOENT'): SystemError {
    return new SystemError(`${this.backend.name} ${operation}`, osConstants.errno[code], code, `fd ${fd}`)
  }

  add(fd: number, interest: number, token: Token, options: RegistrationOptions = {}): void {
    const trigger = this.#check('add', fd, options)
    const word = tokenOf(token)
    this.attach(fd, interest, trigger, options.exclusive === true)
    this.registry.set(fd, word, trigger)
  }

  modify(fd: number, interest: number, token: Token, options: RegistrationOptions = {}): void {
    const trigger = this.#check('modify', fd, options)
    const word = tokenOf(token)
    this.change(fd, interest, trigger)
    this.registry.set(fd, word, trigger)
  }

  remove(fd: number): void {
    this.#assertOpen('remove')
    this.#assertDescriptor('remove', fd)
    try {
      this.detach(fd)
    } finally {
      // Also when the kernel knows no such entry (the descriptor was closed): then there must be none here.
      this.registry.delete(fd)
    }
  }

  wait(batch: ReadinessBatch, timeoutNs: number | null): number {
    this.#assertOpen('wait')
    assertTimeout(timeoutNs)
    return this.waitFor(batch, timeoutNs)
  }

  wake(): void {
    this.#openWaker().wake()
  }

  wakeHandle(): WakeHandle {
    return this.#openWaker().handle()
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.waker?.close()
    this.release()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #openWaker(): WakeSource {
    this.#assertOpen('wake')
    return (this.waker ??= this.openWakeSource())
  }

  /** Opens what wakes, and watches it: a descriptor, unless the kernel object has something of its own. */
  protected openWakeSource(): WakeSource {
    const waker = new Waker(this.libc)
    try {
      // Its number was free, so who is registered under it was closed without `remove`.
      if (this.registry.has(waker.fd)) this.forget(waker.fd)
      this.attachWaker(waker.fd)
    } catch (error) {
      waker.close()
      throw error
    }
    return waker
  }

  /** The kernel's number may belong to another file by now, so a closed Poller must not reach the kernel. */
  #assertOpen(operation: string): void {
    if (!this.#closed) return
    throw new SystemError(`${this.backend.name} ${operation}`, osConstants.errno.EBADF, 'EBADF', 'closed')
  }

  /**
   * What is not a C int is no descriptor; the call below would cut it down to one. And the waker is not the
   * caller's: its number comes here only from one who registered it before, and closed it without `remove`.
   */
  #assertDescriptor(operation: string, fd: number): void {
    if (fd !== (fd | 0)) throw this.refusal(operation, fd, 'EBADF')
    if (fd === this.waker?.fd) throw this.refusal(operation, fd, operation === 'add' ? 'EEXIST' : 'ENOENT')
  }

  #check(operation: string, fd: number, options: RegistrationOptions): Trigger {
    this.#assertOpen(operation)
    this.#assertDescriptor(operation, fd)
    const { name, capabilities } = this.backend
    const trigger = options.trigger ?? 'level'
    if (!capabilities.triggers.includes(trigger)) {
      throw new UnsupportedError(
        `${name} with trigger ${trigger}`,
        `it has only ${capabilities.triggers.join(', ')}`,
      )
    }
    if (options.exclusive === true && !capabilities.exclusive) {
      throw new UnsupportedError(`${name} with exclusive`, 'only epoll can wake one of several Pollers')
    }
    return trigger
  }
}
