import { OwnedFd } from '../../libc/fd.ts'
import { sys } from '../../libc/libc.ts'
import type { Libc } from '../../libc/libc.ts'

/**
 * The descriptor of a kqueue, with its owner. libkqueue has further descriptors for each, which a thread of its own
 * closes some time after this one; `close` waits for that, so that none of them is taken for a leak.
 */
export class OwnedKqueue implements Disposable {
  readonly #libc: Libc
  readonly #owned: OwnedFd

  /** Throws `SystemError` (EMFILE …), or `UnsupportedError` where no library has a kqueue. */
  constructor(libc: Libc) {
    this.#libc = libc
    this.#owned = new OwnedFd(libc, sys(libc, 'kqueue'))
  }

  /** The number, or -1 once closed. */
  get fd(): number {
    return this.#owned.fd
  }

  close(): void {
    if (this.fd === -1) return
    this.#owned.close()
    if (this.#libc.has('libkqueue_drain_pending_close')) this.#libc.fn.libkqueue_drain_pending_close()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}
