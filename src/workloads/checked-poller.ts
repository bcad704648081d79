import { INTERRUPTED } from '../backends/backend.ts'
import type { Poller, ReadinessBatch, RegistrationOptions, Token } from '../backends/backend.ts'
import { ForwardingPoller } from '../backends/forwarding-poller.ts'
import { waitForDue } from './wait.ts'
import type { EventCount } from './workload.ts'

/**
 * The Poller of a lane, whose events are held against what is due. A runtime above it would swallow an event that comes
 * twice or for nothing, and wait for ever for one that is lost. Hand-written code waits through one too, so that what
 * differs between the two is the runtime alone.
 *
 * The token of a registration has to be its descriptor, as it is with a `Scheduler`.
 */
export class CheckedPoller extends ForwardingPoller {
  readonly #events: EventCount
  /** By descriptor: how many events are due, and in which wait the last one came. */
  #due = new Int32Array(64)
  #reportedIn = new Uint32Array(64)
  #wait = 0
  /** Called when a wait without end begins: what the rest of the world does while everybody here waits. */
  meanwhile: () => void = () => undefined
  /** Called when a wait without end has brought nothing that is due: the next one would not either. */
  onLost: () => void = () => undefined

  constructor(poller: Poller, events: EventCount) {
    super(poller)
    this.#events = events
  }

  /** From now on an event of this descriptor is due. */
  expect(fd: number): void {
    this.#due[fd]!++
  }

  /** Its source was drained: an event would be for nothing. */
  drained(fd: number): void {
    this.#due[fd] = 0
  }

  override add(fd: number, interest: number, token: Token, options?: RegistrationOptions): void {
    super.add(fd, interest, token, options)
    if (fd >= this.#due.length) this.#grow(fd)
  }

  /** A wait without end gives 0 where nothing of what is due has come: see `waitForDue`. */
  override wait(batch: ReadinessBatch, timeoutNs: number | null): number {
    if (timeoutNs === null) this.meanwhile()
    const n = timeoutNs === null ? waitForDue(this.poller, batch) : this.poller.wait(batch, timeoutNs)
    if (n === INTERRUPTED) return n
    const right = this.#check(batch, n)
    if (right > 0 || timeoutNs !== null) return n
    this.onLost()
    return 0
  }

  /** Counts what is wrong with the events of a wait, and returns how many are right. */
  #check({ fds, tokenWords }: ReadinessBatch, n: number): number {
    const wait = ++this.#wait
    let right = 0
    for (let i = 0; i < n; i++) {
      const fd = fds[i] ?? -1
      if (tokenWords[2 * i] === fd && (this.#due[fd] ?? 0) > 0) {
        this.#due[fd]!--
        right++
      } else if (this.#reportedIn[fd] === wait && tokenWords[2 * i] === fd) this.#events.duplicate++
      else this.#events.spurious++
      this.#reportedIn[fd] = wait
    }
    return right
  }

  #grow(fd: number): void {
    const length = 2 ** Math.ceil(Math.log2(fd + 1))
    const [due, reportedIn] = [new Int32Array(length), new Uint32Array(length)]
    due.set(this.#due)
    reportedIn.set(this.#reportedIn)
    this.#due = due
    this.#reportedIn = reportedIn
  }

  /** Nothing: it is the lane's, which closes it with the case. */
  override close(): void {}
}
