import { constants as osConstants } from 'node:os'
import { SystemError } from '../../errors.ts'
import { IORING_CQE_F_MORE } from '../../libc/constants/io-uring.ts'
import { F, POLL } from '../../libc/constants/linux.ts'
import { errnoName, lastError } from '../../libc/libc.ts'
import type { Libc } from '../../libc/libc.ts'
import { CqeWord } from '../../libc/ring.ts'
import { INTERRUPTED } from '../backend.ts'
import type { Backend, PollerOptions, ReadinessBatch, Trigger } from '../backend.ts'
import { isOver, leftOf } from './deadline.ts'
import { awaitInterruption } from './interruption.ts'
import { PollRing, REMOVAL, WAKER } from './poll-ring.ts'
import type { RingKind } from './poll-ring.ts'
import { Requests, State } from './requests.ts'
import { PollerBase } from '../poller-base.ts'
import { reportWake } from '../registry.ts'
import { maskOf } from '../readiness.ts'

const { ECANCELED, EINVAL } = osConstants.errno

/** How often a request is taken back that does not end: each time the kernel has worked off what it was woken for. */
const MOST_REMOVALS = 3

/** A Poller whose registrations are poll requests; see `io-uring.ts`. */
export class IoUringPoller extends PollerBase {
  override readonly backend: Backend
  readonly #ring: PollRing
  readonly #retire: PollerOptions['retire']
  readonly #requests = new Requests()
  /** The number of the present wait, or of the last one. */
  #wait = 0
  /** Whether a wake was told of that no batch has had room for. */
  #woken = false
  /** The wait that has last reported a wake: one is enough. */
  #wokenIn = 0
  #isWakerDue = false
  /** How many completions were taken last. */
  #reaped = 0
  /** Whose completion `#answer` is to be the result of: a registration that is just being made. */
  #askedFd = -1
  #answer: number | undefined

  constructor(
    backend: Backend,
    libc: Libc,
    { shared = false, retire, sqpoll = false }: PollerOptions & Partial<RingKind> = {},
  ) {
    super(libc)
    this.#retire = retire
    this.backend = backend
    this.#ring = new PollRing(libc, { shared, sqpoll })
  }

  protected override attach(fd: number, interest: number, trigger: Trigger): void {
    // The negative ones are of our own making.
    if (fd < 0) throw this.refusal('add', fd, 'EBADF')
    if (this.registry.has(fd)) {
      this.#assertUsable('add', fd)
      throw this.refusal('add', fd, 'EEXIST')
    }
    this.#request('add', fd, interest, trigger)
  }

  protected override change(fd: number, interest: number, trigger: Trigger): void {
    if (!this.registry.has(fd)) {
      this.#assertUsable('modify', fd)
      throw this.refusal('modify', fd, 'ENOENT')
    }
    this.#request('modify', fd, interest, trigger)
  }

  /** Makes the request of a registration, instead of the one that there may be, and hears whether it can be had. */
  #request(operation: string, fd: number, interest: number, trigger: Trigger): void {
    const requests = this.#requests
    const before = requests.generation(fd)
    this.#pushRemoval(fd)
    requests.set(fd, maskOf(interest), trigger === 'edge')
    this.#pushRequest(fd, 0)
    this.#askedFd = fd
    this.#answer = undefined
    this.#flush()
    this.#askedFd = -1
    this.#insist(fd, before)
    const errno = -(this.#answer ?? 0)
    if (errno > 0 && errno !== EINVAL) {
      // The next wait finds out the same, and reports it to who had it registered before.
      requests.setState(fd, this.registry.has(fd) ? State.DUE : State.DISARMED)
      throw new SystemError(`io_uring ${operation}`, errno, errnoName(errno), `fd ${fd}`)
    }
    // EINVAL: there is nothing to wait for, as in a regular file that is asked for priority data. It never happens.
    if (!requests.isOut(fd)) requests.setState(fd, errno === EINVAL ? State.DISARMED : State.DUE)
  }

  protected override detach(fd: number): void {
    // No look at the descriptor itself: one that was closed in the meantime must be removable.
    if (!this.registry.has(fd)) throw this.refusal('remove', fd, 'ENOENT')
    // At once, and not with the next wait: a request keeps the file open, also after the descriptor was closed.
    if (this.#pushRemoval(fd)) this.#flush()
    this.#insist(fd, this.#requests.generation(fd))
    this.#requests.setState(fd, State.DISARMED)
    this.#requests.takeHeld(fd)
  }

  protected override forget(fd: number): void {
    this.detach(fd)
    super.forget(fd)
  }

  protected override attachWaker(fd: number): void {
    this.#pushWaker(fd)
    this.#flush()
  }

  #pushWaker(fd: number): void {
    this.#ring.pushWakerPoll(fd, POLL.IN)
    this.#isWakerDue = false
  }

  /**
   * Sees to it that a request that was to be taken back has ended: the kernel leaves one alone that has just been woken
   * (EALREADY), and it would keep the file open.
   */
  #insist(fd: number, generation: number): void {
    for (let left = MOST_REMOVALS; left > 0 && this.#ring.isRefused; left--) {
      this.#ring.pushRemoval(fd, generation)
      this.#flush()
    }
  }

  /** Takes the request of a registration back, if it is in the kernel. */
  #pushRemoval(fd: number): boolean {
    const requests = this.#requests
    if (!requests.isOut(fd)) return false
    this.#ring.pushRemoval(fd, requests.generation(fd))
    return true
  }

  /** Makes the request of a registration, in the wait of a number; 0 is outside of any. */
  #pushRequest(fd: number, wait: number): void {
    const requests = this.#requests
    requests.make(fd, wait)
    this.#ring.pushPoll(fd, requests.mask(fd), requests.mustStay(fd), requests.generation(fd))
  }

  #assertUsable(operation: string, fd: number): void {
    if (this.libc.fn.fcntl(fd, F.GETFD, 0) === -1) {
      throw lastError(this.libc, `io_uring ${operation}`, `fd ${fd}`)
    }
  }

  /** Hands over what was pushed, outside of a wait: what it brings to light is for the next one. */
  #flush(): void {
    do {
      this.#enter(0, null)
      this.#reap(undefined, 0, true)
    } while (this.#ring.unsubmitted > 0)
  }

  /** Enters the kernel. Throws for what is not the end of a wait: that the time is over, or that a signal came. */
  #enter(completions: number, timeoutNs: number | null): 'done' | 'late' | 'interrupted' {
    if (this.#ring.enter(completions, timeoutNs) !== -1) return 'done'
    switch (errnoName(this.libc.errno())) {
      case 'ETIME':
        return 'late'
      case 'EINTR':
        return 'interrupted'
      // Completions have to be taken first, as they are next (Linux before 5.19).
      case 'EBUSY':
        return 'done'
      default:
        throw lastError(this.libc, 'io_uring_enter')
    }
  }

  protected override waitFor(batch: ReadinessBatch, timeoutNs: number | null): number {
    const ring = this.#ring
    const deadlineMs = timeoutNs === null || timeoutNs === 0 ? Infinity : performance.now() + timeoutNs / 1e6
    this.#wait = (this.#wait + 1) >>> 0
    /** Whether there are answers from before this wait, and whether those that come may be such. */
    let isPending = ring.look()
    let isOld = isPending || !ring.tellsPending
    let count = this.#reportWoken(batch, 0)
    let isFirst = true
    for (;;) {
      count = this.#pushDue(batch, count)
      const blocks = count === 0 && !isPending && this.#requests.due === 0 && timeoutNs !== 0
      const end = blocks
        ? this.#enter(1, isFirst ? timeoutNs : leftOf(timeoutNs, deadlineMs))
        : this.#enter(0, null)
      isFirst = false
      const before = count
      count = this.#reap(batch, count, isOld)
      if (count === batch.capacity) break
      isPending = ring.isBehind
      isOld = isPending || !ring.tellsPending
      if (this.#requests.due > 0 || ring.unsubmitted > 0) continue
      // Whoever is woken over and over would keep this from its end; the kernel hands out some at a time.
      if (isPending && (count === 0 || count > before)) continue
      if (count > 0 || timeoutNs === 0 || end === 'late') break
      if (!blocks || this.#reaped > 0) continue
      // Where the kernel took requests, it does not tell why it did not wait any longer.
      if (end === 'done' && isOver(deadlineMs)) break
      return INTERRUPTED
    }
    this.#renew(batch, count)
    return count
  }

  /** Reports what was kept, and pushes the requests that are due: no more than there is room for their answers. */
  #pushDue(batch: ReadinessBatch, before: number): number {
    const requests = this.#requests
    let count = before
    let asked = 0
    if (this.#isWakerDue && this.waker?.fd !== undefined) this.#pushWaker(this.waker.fd)
    for (let left = requests.due; left > 0 && count + asked < batch.capacity && this.#ring.room > 1; left--) {
      const fd = requests.dequeue()
      if (!this.registry.has(fd)) continue
      const held = requests.takeHeld(fd)
      if (held !== 0) count = this.#report(fd, held, batch, count)
      if (requests.state(fd) !== State.DUE) continue
      this.#pushRemoval(fd)
      this.#pushRequest(fd, this.#wait)
      asked++
    }
    return count
  }

  /**
   * Takes all completions, and returns how many events the batch holds then. `isOld`: those of requests that were
   * made before this wait may tell of what is no more.
   */
  #reap(batch: ReadinessBatch | undefined, before: number, isOld: boolean): number {
    const ring = this.#ring
    const requests = this.#requests
    const completions = ring.count()
    let count = before
    for (let i = 0; i < completions; i++) {
      const fd = ring.word(i, CqeWord.USER_DATA)
      const generation = ring.word(i, CqeWord.USER_DATA + 1) >>> 0
      const result = ring.word(i, CqeWord.RESULT)
      const stays = (ring.word(i, CqeWord.FLAGS) & IORING_CQE_F_MORE) !== 0
      if (fd === REMOVAL) ring.heardOfRemoval(result)
      else if (fd === WAKER) {
        this.#woken = true
        this.#isWakerDue = !stays
      } else if (fd >= 0 && requests.generation(fd) === generation) {
        if (!stays) requests.ended(fd)
        if (fd === this.#askedFd) this.#hear(fd, result, stays)
        else if (result !== -ECANCELED && this.registry.has(fd)) {
          count = this.#complete(fd, result, batch, count, isOld)
        }
      }
    }
    ring.release(completions)
    this.#reaped = completions
    return batch === undefined ? count : this.#reportWoken(batch, count)
  }

  /** The completion of a request that was just made for a registration. */
  #hear(fd: number, result: number, stays: boolean): void {
    this.#answer = result
    if (stays && result > 0) this.#requests.hold(fd, this.#requests.readiness(fd, result))
  }

  /** The completion of a registration's request. Returns how many events the batch holds then. */
  #complete(
    fd: number,
    result: number,
    batch: ReadinessBatch | undefined,
    count: number,
    isOld: boolean,
  ): number {
    const requests = this.#requests
    const readiness = this.#requests.readiness(fd, result)
    if (requests.isEdge(fd)) {
      if (!requests.stays(fd)) requests.setState(fd, State.DUE)
      return readiness === 0 ? count : this.#reportEdge(fd, readiness, batch, count)
    }
    if (requests.stays(fd)) {
      // It was to tell when there is more than a hang-up that nobody asked for. The next request will.
      requests.setMustStay(fd, readiness === 0)
      if (readiness !== 0) requests.setState(fd, State.DUE)
      return count
    }
    const isTrue =
      batch !== undefined && count < batch.capacity && !(isOld && requests.madeIn(fd) !== this.#wait)
    if (!isTrue) {
      requests.setState(fd, State.DUE)
      return count
    }
    if (readiness !== 0) {
      requests.setState(fd, State.DISARMED)
      return this.#report(fd, readiness, batch, count)
    }
    requests.setMustStay(fd, true)
    requests.setState(fd, result === -EINVAL ? State.DISARMED : State.DUE)
    return count
  }

  /** One event a wait, however often the descriptor has become ready. */
  #reportEdge(fd: number, readiness: number, batch: ReadinessBatch | undefined, count: number): number {
    const place = this.#requests.placeIn(this.#wait, fd)
    if (batch !== undefined && place >= 0) {
      batch.flags[place] = (batch.flags[place] ?? 0) | readiness
      return count
    }
    if (batch !== undefined && count < batch.capacity) return this.#report(fd, readiness, batch, count)
    this.#requests.hold(fd, readiness)
    return count
  }

  #report(fd: number, readiness: number, batch: ReadinessBatch, count: number): number {
    this.registry.report(fd, readiness, batch, count)
    this.registry.delivered(fd)
    this.#requests.reported(this.#wait, fd, count)
    return count + 1
  }

  #reportWoken(batch: ReadinessBatch, count: number): number {
    if (!this.#woken || count === batch.capacity || this.#wokenIn === this.#wait) return count
    this.#woken = false
    // A wake may have been taken along with the one before it, and have been told of all the same.
    if (this.waker?.drain() !== true) return count
    this.#wokenIn = this.#wait
    reportWake(batch, count)
    return count + 1
  }

  /** What was reported and stays ready is to be asked about again, at the next wait. */
  #renew(batch: ReadinessBatch, count: number): void {
    const requests = this.#requests
    for (let i = 0; i < count; i++) {
      const fd = batch.fds[i] ?? -1
      if (fd < 0 || requests.state(fd) !== State.DISARMED || !this.registry.isArmed(fd)) continue
      requests.setState(fd, State.DUE)
    }
  }

  /** Hands over what was pushed. Nobody wants to know any more what comes of it. */
  #discard(): void {
    this.#ring.enter(0, null)
    this.#ring.release(this.#ring.count())
  }

  protected override release(): void {
    // One by one: told to cancel all of 10,000, the kernel looks through its whole table for each, for 0.7 s.
    for (const fd of this.#requests.inKernel()) {
      if (this.#ring.room < 2) this.#discard()
      if (this.#ring.room < 2) break
      this.#pushRemoval(fd)
    }
    this.#discard()
    const close = this.#ring.retire()
    let closedAtMs = 0
    const end = (): void => {
      closedAtMs = performance.now()
      close()
    }
    const settle = (): void => awaitInterruption(this.libc, closedAtMs)
    if (this.#retire !== undefined) return this.#retire({ end, settle })
    end()
    settle()
  }
}
