/**
 * kqueue(2): of the kernel on macOS and the BSDs, of a library such as libkqueue elsewhere. What it does differently,
 * and what this file does about it:
 *
 * - A registration is a descriptor and a filter, so one with interest in both directions is two of them. Their events
 *   come apart, and those of one call are put together again: one event a descriptor. In a batch that is too small for
 *   both, the second comes with a later wait.
 * - `EV_ADD` of what is there already changes it, as far as it does: how it triggers stays (FreeBSD, macOS), or the
 *   change is refused (libkqueue). So `modify` removes and adds in one call, and `add` asks before it adds.
 * - A change that fails is an event with EV_ERROR where there is room for it, which libkqueue forgets to return. So
 *   changes are made by calls without room, which fail with -1 and errno everywhere. None of them is put off until
 *   the next wait: what is wrong with a descriptor is to be known from `add` and `modify`. With `lateRearms` those that
 *   enable a oneshot again are, where a kqueue tells of what is wrong with them.
 * - `EV_DISPATCH` disables the filter that has fired, and not its sibling, which is disabled here.
 * - The end of a direction is known to its filter alone: there is no HANGUP without interest in writing.
 * - It tells bytes with its events: `ReadinessBatch.bytes`.
 * - libkqueue tells the error of a socket with its event, and takes it from there: SO_ERROR is 0 after that, and a
 *   connection that was reset reads as one that has ended. So it is passed on: `ReadinessBatch.errors`.
 */
import { keventBuffers } from '../libc/buffers.ts'
import { F } from '../libc/constants/linux.ts'
import { errnoName, lastError } from '../libc/libc.ts'
import type { Libc } from '../libc/libc.ts'
import { Memory } from '../libc/memory.ts'
import { NULL } from '../libc/signatures.ts'
import type { Pointer } from '../libc/signatures.ts'
import { SystemError } from '../errors.ts'
import { INTERRUPTED, Readiness } from './backend.ts'
import type { Backend, Capabilities, PollerOptions, ReadinessBatch, Trigger } from './backend.ts'
import { EV } from './kqueue/abi.ts'
import type { KqueueAbi } from './kqueue/abi.ts'
import { availability } from './kqueue/availability.ts'
import { filterIn, flagsIn } from './kqueue/codec.ts'
import { FilterChanges } from './kqueue/filter-changes.ts'
import { OwnedKqueue } from './kqueue/owned-kqueue.ts'
import { abiOf } from './kqueue/prove.ts'
import { Rearms, tellsErrors } from './kqueue/rearms.ts'
import { openUserWaker } from './kqueue/user-waker.ts'
import { Filters, filtersOf, Watches } from './kqueue/watches.ts'
import { Writability } from './kqueue/writability.ts'
import { PollerBase } from './poller-base.ts'
import { reportWake } from './registry.ts'
import { Timespec } from './timeout.ts'
import type { WakeSource } from './waker.ts'

/** MAX_KEVENT of libkqueue. */
const LIBKQUEUE_MOST = 512

const triggerFlags: Record<Trigger, number> = {
  level: 0,
  edge: EV.CLEAR,
  oneshot: EV.DISPATCH,
  'edge-oneshot': EV.CLEAR | EV.DISPATCH,
}

const capabilities: Capabilities = {
  triggers: ['level', 'edge', 'oneshot', 'edge-oneshot'],
  exclusive: false,
  priority: false,
  hangup: true,
  byteCounts: 'event',
  tokenPer: 'direction',
  userEvents: true,
  timers: true,
  timeoutResolutionNs: 1,
  largestFd: undefined,
}

export const kqueue: Backend = {
  name: 'kqueue',
  capabilities,
  isPresent: (libc) => libc.has('kqueue') && libc.has('kevent'),
  availability,
  open: (libc, options) => new KqueuePoller(libc, options),
  buffers: (libc) => ({ kevent: keventBuffers(abiOf(libc).kevent.size) }),
  primer: { fn: 'kqueue', open: (libc) => new OwnedKqueue(libc) },
}

class KqueuePoller extends PollerBase {
  override readonly backend = kqueue
  readonly #abi: KqueueAbi
  readonly #kq: OwnedKqueue
  readonly #changes: FilterChanges
  readonly #watches = new Watches()
  readonly #writability: Writability
  readonly #timespec = new Timespec()
  /** The timeout of calls that must not sleep. */
  readonly #now = new Timespec()
  readonly #rearms: Rearms | undefined
  #events: Memory

  constructor(libc: Libc, { shared = false, lateRearms = false }: PollerOptions = {}) {
    super(libc)
    this.#abi = abiOf(libc)
    this.#kq = new OwnedKqueue(libc)
    this.#changes = new FilterChanges(libc, this.#abi, this.#kq.fd)
    this.#writability = new Writability(libc)
    this.#events = new Memory(64 * this.#abi.kevent.size)
    // Another thread that waits already would not wait for them.
    const isLate = lateRearms && !shared && tellsErrors(libc, this.#abi, this.#kq.fd)
    this.#rearms = isLate ? new Rearms(this.#abi) : undefined
  }

  protected override attach(fd: number, interest: number, trigger: Trigger): void {
    const filters = filtersOf(interest)
    if (filters === 0 || this.registry.has(fd)) this.#assertDescriptorOpen('add', fd)
    if (this.registry.has(fd) && !this.#isForgotten(fd)) throw this.refusal('add', fd, 'EEXIST')
    this.#watches.delete(fd)
    this.#replace(fd, filters, trigger)
  }

  protected override change(fd: number, interest: number, trigger: Trigger): void {
    const filters = filtersOf(interest)
    if (!this.registry.has(fd)) {
      this.#assertDescriptorOpen('modify', fd)
      throw this.refusal('modify', fd, 'ENOENT')
    }
    if (filters === 0) this.#assertDescriptorOpen('modify', fd)
    const isSame = this.#watches.filters(fd) === filters && this.#watches.trigger(fd) === trigger
    // What has fired and is to fire again in the same way was disabled, and has only to be enabled.
    if (!isSame || this.registry.isArmed(fd)) this.#replace(fd, filters, trigger)
    else if (this.#rearms === undefined) {
      this.#changes.clear().push(fd, filters, EV.ENABLE, this.#watches.generation(fd)).apply(fd)
    } else this.#rearms.push(fd, filters, this.#watches.generation(fd))
  }

  protected override detach(fd: number): void {
    if (!this.registry.has(fd)) throw this.refusal('remove', fd, 'ENOENT')
    const filters = this.#watches.filters(fd)
    this.#watches.delete(fd)
    this.#changes.clear().push(fd, filters, EV.DELETE, 0)
    this.#changes.applyAll(fd)
  }

  protected override forget(fd: number): void {
    this.#watches.delete(fd)
    super.forget(fd)
  }

  /** Deletes the filters of a descriptor that there are, and adds others, in one call. */
  #replace(fd: number, filters: number, trigger: Trigger): void {
    this.#changes.clear().push(fd, this.#watches.filters(fd), EV.DELETE, 0)
    this.#changes.push(fd, filters, EV.ADD | triggerFlags[trigger], this.#watches.nextGeneration(fd))
    try {
      this.#changes.apply(fd)
    } catch (error) {
      this.#restore(fd, filters)
      throw error
    }
    this.#watches.set(fd, filters, trigger)
  }

  /** Takes back what was added of a change that has failed, and puts back what was deleted, as far as that goes. */
  #restore(fd: number, added: number): void {
    const filters = this.#watches.filters(fd)
    const trigger = this.#watches.trigger(fd) ?? 'level'
    this.#watches.delete(fd)
    for (const filter of [Filters.WRITE, Filters.READ]) {
      this.#changes.clear().push(fd, (filters | added) & filter, EV.DELETE, 0)
      this.#changes.tryToApply(fd)
    }
    const armed = this.registry.isArmed(fd) ? 0 : EV.DISABLE
    this.#changes
      .clear()
      .push(fd, filters, EV.ADD | triggerFlags[trigger] | armed, this.#watches.nextGeneration(fd))
    if (this.#changes.tryToApply(fd)) this.#watches.set(fd, filters, trigger)
  }

  /** Whether the kqueue knows nothing any more of a registration: its descriptor was closed, and opened again. */
  #isForgotten(fd: number): boolean {
    const filters = this.#watches.filters(fd)
    if (filters === 0) return false
    // What is armed is enabled, what has fired is disabled: neither changes anything.
    const flags = this.registry.isArmed(fd) ? EV.ENABLE : EV.DISABLE
    this.#changes.clear().push(fd, filters, flags, this.#watches.generation(fd))
    try {
      this.#changes.apply(fd)
      return false
    } catch (error) {
      if (error instanceof SystemError && error.code === 'ENOENT') return true
      throw error
    }
  }

  #assertDescriptorOpen(operation: string, fd: number): void {
    if (this.libc.fn.fcntl(fd, F.GETFD, 0) === -1)
      throw lastError(this.libc, `kqueue ${operation}`, `fd ${fd}`)
  }

  protected override attachWaker(fd: number): void {
    this.#changes.clear().push(fd, Filters.READ, EV.ADD, 0)
    this.#changes.apply(fd)
  }

  protected override openWakeSource(): WakeSource {
    return openUserWaker(this.libc, this.#abi, this.#kq.fd) ?? super.openWakeSource()
  }

  protected override waitFor(batch: ReadinessBatch, timeoutNs: number | null): number {
    const { size } = this.#abi.kevent
    const { capacity } = batch
    if (this.#events.bytes.length < capacity * size) this.#events = new Memory(capacity * size)
    const most = this.#mostInOneCall(capacity)
    const timeout = this.#timespec.setAtMost(timeoutNs)
    this.#watches.begin()
    let n =
      this.#rearms === undefined ? this.#call(most, timeout) : this.#callLate(this.#rearms, most, timeout)
    if (n === -1) {
      if (errnoName(this.libc.errno()) === 'EINTR') return INTERRUPTED
      throw lastError(this.libc, 'kevent')
    }
    let count = this.#decode(n, most, batch, 0)
    // As long as there are more that have not been seen in this wait.
    for (let before = 0, room = most; n === room && count < capacity && count > before && most < capacity;) {
      before = count
      room = Math.min(most, capacity - count)
      n = this.#call(room, this.#now.set(0))
      count = this.#decode(n, room, batch, count)
    }
    return count === 0 && n > 0 ? INTERRUPTED : count
  }

  /** Waits for as many events as there is room for. A faulty one may claim to have more, which are not there. */
  #call(room: number, timeout: Pointer, changes: Pointer = NULL, count = 0): number {
    return Math.min(
      room,
      this.libc.fn.kevent(this.#kq.fd, changes, count, this.#events.address, room, timeout),
    )
  }

  /** The same, with what is to be enabled first. Where that is more than there is room for, it does not sleep before all is. */
  #callLate(rearms: Rearms, room: number, timeout: Pointer): number {
    for (;;) {
      const { length, address } = rearms.take(this.#watches, room)
      const last = !rearms.hasMore
      const changes = length === 0 ? NULL : address
      const n = this.#call(room, last ? timeout : this.#now.set(0), changes, length)
      // A signal comes when the changes are made (kqueue(2), EINTR).
      if (n !== -1 || errnoName(this.libc.errno()) === 'EINTR') rearms.done()
      if (n !== 0 || last) return n
    }
  }

  /**
   * For how many events a call can ask. libkqueue returns no more than 512 (MAX_KEVENT). And it takes as many
   * descriptors from its epoll as there is room for events, each of which may have two, and forgets those that then
   * have no room (`linux_kevent_copyout`): edges for ever, and others where they come last each time. Where that may
   * be, each call takes one.
   */
  #mostInOneCall(capacity: number): number {
    if (this.#abi.name !== 'libkqueue') return capacity
    if (this.#watches.both > 0 && capacity <= this.#watches.total) return 1
    return Math.min(capacity, LIBKQUEUE_MOST)
  }

  /** Puts the events into the batch, those of one descriptor together, and drops those of old registrations. */
  #decode(n: number, room: number, batch: ReadinessBatch, first: number): number {
    const { view } = this.#events
    const { kevent, filters } = this.#abi
    const { size, offsets } = kevent
    const watches = this.#watches
    let count = first
    let oneshots = false
    for (let i = 0; i < n; i++) {
      const at = i * size
      const filter = filterIn(this.#abi, view, at)
      const fd = view.getInt32(at + offsets.ident, true)
      if (filter === filters.USER || fd === this.waker?.fd) {
        this.waker?.drain()
        reportWake(batch, count++)
        continue
      }
      if (
        !this.registry.has(fd) ||
        this.#watches.generation(fd) !== view.getUint32(at + offsets.udata, true)
      ) {
        continue
      }
      const isRead = filter === filters.READ
      const bit = isRead ? Filters.READ : Filters.WRITE
      const flags = flagsIn(this.#abi, view, at)
      // A filter that could not be enabled.
      const refused = (flags & EV.ERROR) !== 0
      const ended = !refused && (flags & EV.EOF) !== 0
      const error = ended ? view.getUint32(at + offsets.fflags, true) : 0
      const failed = refused || error !== 0
      const readiness =
        (refused ? 0 : isRead ? Readiness.READABLE : Readiness.WRITABLE) |
        (ended ? (isRead ? Readiness.READ_CLOSED : Readiness.HANGUP) : 0) |
        (failed ? Readiness.ERROR : 0)
      let place = watches.placeOf(fd)
      if (place === -1) {
        // A sibling of what has fired before, in a batch that had no room for it.
        if (!this.registry.isArmed(fd)) continue
        place = count++
        this.registry.report(fd, readiness, batch, place)
        batch.bytes[place] = -1
        batch.errors[place] = 0
        this.registry.delivered(fd)
        oneshots ||= !this.registry.isArmed(fd)
        watches.place(fd, place, bit)
      } else {
        batch.flags[place] = (batch.flags[place] ?? 0) | readiness
        watches.join(fd, bit)
      }
      if (error !== 0 && this.#abi.name === 'libkqueue') batch.errors[place] = error
      if (isRead && !refused) {
        const low = view.getUint32(at + offsets.data, true)
        batch.bytes[place] = view.getInt32(at + offsets.data + 4, true) * 2 ** 32 + low
      }
    }
    if (n === room) this.#completeLast(n, batch)
    if (oneshots) this.#disableSiblings(batch, first, count)
    return count
  }

  /**
   * Where the room ends between the two events of a descriptor, libkqueue forgets that of WRITE, and the next time
   * READ comes first again (`linux_kevent_copyout`). So whether the last one can be written to is asked for.
   */
  #completeLast(n: number, batch: ReadinessBatch): void {
    if (this.#abi.name !== 'libkqueue') return
    const { size, offsets } = this.#abi.kevent
    const at = (n - 1) * size
    const fd = this.#events.view.getInt32(at + offsets.ident, true)
    const place = this.#watches.placeOf(fd)
    if (place === -1 || (this.#watches.silent(fd) & Filters.WRITE) === 0) return
    batch.flags[place] = (batch.flags[place] ?? 0) | this.#writability.of(fd)
  }

  /** Disables the filters of oneshots that have not fired, of registrations of which another one has. */
  #disableSiblings(batch: ReadinessBatch, first: number, count: number): void {
    for (let i = first; i < count; i++) {
      const fd = batch.fds[i] ?? -1
      if (fd < 0 || this.registry.isArmed(fd)) continue
      const silent = this.#watches.silent(fd)
      if (silent === 0) continue
      this.#changes.clear().push(fd, silent, EV.DISABLE, this.#watches.generation(fd))
      // One that was closed meanwhile, in another thread, has nothing to disable.
      this.#changes.tryToApply(fd)
    }
  }

  protected override release(): void {
    this.#kq.close()
  }
}
