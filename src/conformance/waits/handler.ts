import { UnsupportedError } from '../../errors.ts'
import { hasHandler, restoreDisposition, sendToThread, setDisposition } from '../../libc/signals.ts'
import type { Disposition } from '../../libc/signals.ts'
import { rawSyscall } from '../../libc/syscall.ts'
import type { Machine } from '../machine.ts'

/** Sets what this process does on a signal, until the check ends. */
export function dispose(machine: Machine, signal: number, disposition: Disposition): void {
  const before = setDisposition(machine.libc, signal, disposition)
  machine.cleanups.push(() => restoreDisposition(machine.libc, signal, before))
}

/** A handler of a signal that can tell whether it has run since it was armed. */
export class Handler {
  readonly #machine: Machine
  readonly #signal: number
  readonly #disposition: Disposition

  constructor(machine: Machine, signal: number, options: Pick<Disposition, 'restart'> = {}) {
    this.#machine = machine
    this.#signal = signal
    this.#disposition = { action: 'handler once', ...options }
    dispose(machine, signal, this.#disposition)
    this.#tryOut()
  }

  /**
   * Sends this thread the signal. Where the kernel does not keep the promise by which a handler tells that it has
   * run, nothing can be said of waits.
   */
  #tryOut(): void {
    const { libc } = this.#machine
    sendToThread(libc, rawSyscall(libc, 'gettid'), this.#signal)
    if (hasHandler(libc, this.#signal)) {
      throw new UnsupportedError(
        'signal handlers',
        'one that is to run once (SA_RESETHAND) does not tell that it has',
      )
    }
    this.arm()
  }

  /** Forgets whether it has run. */
  arm(): void {
    setDisposition(this.#machine.libc, this.#signal, this.#disposition)
  }

  /** Fails unless it has run, or has not, since it was armed; and arms it again. */
  expectRun(run: boolean, when: string): void {
    const { libc } = this.#machine
    const words = (ran: boolean): string => (ran ? 'it has run' : 'it has not run')
    this.#machine.expect(words(!hasHandler(libc, this.#signal)), words(run), `the handler, ${when}`)
    this.arm()
  }
}
