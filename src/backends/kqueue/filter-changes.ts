import { SystemError } from '../../errors.ts'
import { lastError } from '../../libc/libc.ts'
import type { Libc } from '../../libc/libc.ts'
import { NULL } from '../../libc/signatures.ts'
import { Timespec } from '../timeout.ts'
import type { KqueueAbi } from './abi.ts'
import { ChangeList } from './change-list.ts'
import { Filters } from './watches.ts'

/**
 * Changes of the filters of one descriptor, made by a call without room for events: so one that fails is -1 and errno
 * on every platform, and what comes behind it is not made.
 */
export class FilterChanges {
  readonly #libc: Libc
  readonly #abi: KqueueAbi
  readonly #kq: number
  readonly #list: ChangeList
  readonly #now = new Timespec()

  constructor(libc: Libc, abi: KqueueAbi, kq: number) {
    this.#libc = libc
    this.#abi = abi
    this.#kq = kq
    this.#list = new ChangeList(abi)
  }

  clear(): this {
    this.#list.clear()
    return this
  }

  /**
   * One change for each of the filters. That of WRITE comes first: libkqueue forgets the options of what is there
   * when it adds the other direction, and of WRITE's there is none that READ has not.
   */
  push(fd: number, filters: number, flags: number, udata: number): this {
    const numbers = this.#abi.filters
    if ((filters & Filters.WRITE) !== 0) this.#list.push(fd, numbers.WRITE, flags, udata)
    if ((filters & Filters.READ) !== 0) this.#list.push(fd, numbers.READ, flags, udata)
    return this
  }

  /** Makes the changes of the list, up to the first that fails. */
  apply(fd: number): void {
    const { length, address } = this.#list
    if (length === 0) return
    const timeout = this.#now.set(0)
    if (this.#libc.fn.kevent(this.#kq, address, length, NULL, 0, timeout) === -1) {
      throw lastError(this.#libc, 'kevent', `fd ${fd}`)
    }
  }

  /** The same, of which it does not matter whether it works. Says whether it did. */
  tryToApply(fd: number): boolean {
    try {
      this.apply(fd)
      return true
    } catch (error) {
      if (error instanceof SystemError) return false
      throw error
    }
  }

  /** Makes every change of the list, also behind one that fails, and throws what went wrong first. */
  applyAll(fd: number): void {
    try {
      this.apply(fd)
    } catch (error) {
      const last = this.#list.length - 1
      if (last > 0) {
        this.#list.only(last)
        this.tryToApply(fd)
      }
      throw error
    }
  }
}
