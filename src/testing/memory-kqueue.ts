/**
 * A small kqueue in memory, with the interface of any platform, for tests of what is encoded for it and decoded from
 * it. It knows level and EV_DISPATCH, EV_ONESHOT, EV_RECEIPT and EVFILT_USER; what is ready it asks poll(2), and it never
 * waits. Events of timers, signals, processes and files come where a test raises them.
 */
import type { FilterName, KqueueAbi } from '../backends/kqueue/abi.ts'
import { EV, NOTE } from '../backends/kqueue/abi.ts'
import { decodeKevents, encodeKevent } from '../backends/kqueue/codec.ts'
import type { Kevent } from '../backends/kqueue/codec.ts'
import { F, FIONREAD, POLL } from '../libc/constants/linux.ts'
import { layouts } from '../libc/layouts.ts'
import { errnoNumber } from '../libc/libc.ts'
import type { Libc } from '../libc/libc.ts'
import { findMemory, Memory } from '../libc/memory.ts'
import type { Pointer } from '../libc/signatures.ts'
import { wrapLibc } from '../libc/wrap.ts'

/** What takes the place of `kqueue` and `kevent`, and of the errno that they leave. */
export interface KqueueCalls {
  kqueue(): number
  kevent(...args: readonly number[]): number
  /** Whether a descriptor is a kqueue of this one, which is then not closed for real. */
  owns(fd: number): boolean
  errno(): number
}

/** A Libc whose kqueue is another one, and that has a plan of its own. */
export function withKqueue(libc: Libc, calls: KqueueCalls): Libc {
  let own = false
  const wrapped = wrapLibc(libc, (name, native) => (...args) => {
    own = name === 'kqueue' || name === 'kevent'
    if (name === 'kqueue') return calls.kqueue()
    if (name === 'kevent') return calls.kevent(...(args as readonly number[]))
    if (name === 'close' && calls.owns(Number(args[0]))) return 0
    return native(...args)
  })
  return {
    ...wrapped,
    plan: { ...libc.plan },
    has: (name) =>
      name === 'kqueue' || name === 'kevent' || (name !== 'libkqueue_drain_pending_close' && libc.has(name)),
    errno: () => (own ? calls.errno() : libc.errno()),
  }
}

/** The bytes at an address that a test has made. */
export function viewAt(address: number, length: number): DataView {
  const found = findMemory(address as Pointer)
  if (found === undefined) throw new RangeError('a call was given memory of others')
  const { memory, offset } = found
  return new DataView(memory.bytes.buffer, memory.bytes.byteOffset + offset, length)
}

type Knote = { -readonly [K in keyof Kevent]: Kevent[K] } & {
  disabled: boolean
  /** What a test has raised. */
  raised?: Raised | undefined
}

/** What an event says that its registration does not. */
type Raised = Pick<Kevent, 'fflags' | 'data'>

/** Numbers that no other descriptor has. */
const FIRST_KQUEUE = 1_000_000

export class MemoryKqueue implements KqueueCalls {
  readonly #libc: Libc
  readonly #abi: KqueueAbi
  readonly #kqueues = new Map<number, Map<string, Knote>>()
  #errno = 0

  constructor(libc: Libc, abi: KqueueAbi) {
    this.#libc = libc
    this.#abi = abi
  }

  kqueue(): number {
    const fd = FIRST_KQUEUE + this.#kqueues.size
    this.#kqueues.set(fd, new Map())
    return fd
  }

  owns(fd: number): boolean {
    return this.#kqueues.has(fd)
  }

  errno(): number {
    return this.#errno
  }

  /** What is registered, as it was changed last. */
  registration(filter: FilterName, ident: number): Kevent | undefined {
    return this.#find(filter, ident)
  }

  /** Lets an event of what is registered come. */
  raise(filter: FilterName, ident: number, event: Raised): void {
    const knote = this.#find(filter, ident)
    if (knote === undefined) throw new RangeError(`there is no EVFILT_${filter} of ${ident}`)
    knote.raised = event
  }

  #find(filter: FilterName, ident: number): Knote | undefined {
    const key = `${ident} ${this.#abi.filters[filter]}`
    const found = [...this.#kqueues.values()].map((knotes) => knotes.get(key))
    return found.find((knote) => knote !== undefined)
  }

  kevent(kq = -1, changes = 0, nchanges = 0, events = 0, nevents = 0): number {
    const knotes = this.#kqueues.get(kq)
    if (knotes === undefined) return this.#fail('EBADF')
    const { size } = this.#abi.kevent
    const output = events === 0 ? undefined : viewAt(events, nevents * size)
    let count = 0
    const input = nchanges === 0 ? [] : decodeKevents(this.#abi, viewAt(changes, nchanges * size), nchanges)
    for (const change of input) {
      const error = this.#change(knotes, change)
      if (error === undefined && (change.flags & EV.RECEIPT) === 0) continue
      if (output === undefined || count === nevents) {
        if (error !== undefined) return this.#fail(error)
        continue
      }
      const data = error === undefined ? 0n : BigInt(errnoNumber(error))
      encodeKevent(this.#abi, output, count++, { ...change, flags: change.flags | EV.ERROR, data })
    }
    if (output === undefined || count > 0) return count
    for (const [key, knote] of knotes) {
      if (count === nevents) break
      const event = knote.disabled ? undefined : this.#event(knote)
      if (event === undefined) continue
      encodeKevent(this.#abi, output, count++, event)
      if ((knote.flags & EV.DISPATCH) !== 0) knote.disabled = true
      if ((knote.flags & EV.ONESHOT) !== 0) knotes.delete(key)
    }
    return count
  }

  #fail(code: 'EBADF' | 'ENOENT' | 'EINVAL'): number {
    this.#errno = errnoNumber(code)
    return -1
  }

  #change(knotes: Map<string, Knote>, change: Kevent): 'EBADF' | 'ENOENT' | 'EINVAL' | undefined {
    const { READ, WRITE, VNODE } = this.#abi.filters
    if (!Object.values(this.#abi.filters).includes(change.filter)) return 'EINVAL'
    const isOpen =
      ![READ, WRITE, VNODE].includes(change.filter) ||
      this.#libc.fn.fcntl(Number(BigInt.asIntN(64, change.ident)), F.GETFD, 0) !== -1
    if (!isOpen) return 'EBADF'
    const key = `${change.ident} ${change.filter}`
    const known = knotes.get(key)
    if (known === undefined && (change.flags & EV.ADD) === 0) return 'ENOENT'
    if ((change.flags & EV.DELETE) !== 0) {
      knotes.delete(key)
      return undefined
    }
    // What is there already keeps its flags, as on FreeBSD.
    const knote = known ?? { ...change, disabled: false }
    knote.udata = change.udata
    if ((change.flags & EV.ENABLE) !== 0) knote.disabled = false
    if ((change.flags & EV.DISABLE) !== 0) knote.disabled = true
    // FreeBSD takes them anew with every change.
    knote.fflags = change.fflags
    knote.data = change.data
    knotes.set(key, knote)
    return undefined
  }

  #event(knote: Knote): Kevent | undefined {
    const { READ, WRITE, USER } = this.#abi.filters
    const { ident, filter, flags, udata, raised } = knote
    if (raised !== undefined) {
      knote.raised = undefined
      return { ident, filter, flags, udata, ...raised }
    }
    if (filter === USER) {
      if ((knote.fflags & NOTE.TRIGGER) === 0) return undefined
      knote.fflags = 0
      return { ident, filter, flags, fflags: 0, data: 0n, udata }
    }
    if (filter !== READ && filter !== WRITE) return undefined
    const entry = new Memory(layouts.pollfd.size)
    entry.view.setInt32(layouts.pollfd.offsets.fd, Number(ident), true)
    entry.view.setInt16(
      layouts.pollfd.offsets.events,
      filter === READ ? POLL.IN | POLL.RDHUP : POLL.OUT,
      true,
    )
    if (this.#libc.fn.poll(entry.address, 1, 0) !== 1) return undefined
    const revents = entry.view.getInt16(layouts.pollfd.offsets.revents, true)
    const ended = (revents & (POLL.HUP | POLL.ERR | (filter === READ ? POLL.RDHUP : 0))) !== 0
    const bytes = new Memory(8)
    if (filter === READ) this.#libc.fn.ioctl(Number(ident), FIONREAD, bytes.address)
    const data = BigInt(bytes.view.getInt32(0, true))
    if (filter === READ && !ended && (knote.fflags & NOTE.LOWAT) !== 0 && data < knote.data) return undefined
    const fflags = (revents & POLL.ERR) === 0 ? 0 : errnoNumber('EPIPE')
    return { ident, filter, flags: flags | (ended ? EV.EOF : 0), fflags, data, udata }
  }
}
