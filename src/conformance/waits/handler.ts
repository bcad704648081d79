import { hasHandler, restoreDisposition, setDisposition } from '../../libc/signals.ts'
import type { Disposition } from '../../libc/signals.ts'
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
