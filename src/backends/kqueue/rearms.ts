import { errnoName } from '../../libc/libc.ts'
import type { Libc } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import { Timespec } from '../timeout.ts'
import { EV } from './abi.ts'
import type { KqueueAbi } from './abi.ts'
import { ChangeList } from './change-list.ts'
import { decodeKevents, encodeKevent } from './codec.ts'
import { Filters } from './watches.ts'
import type { Watches } from './watches.ts'

/**
 * Filters of oneshots that are to be enabled by the next wait, which saves a call for each. One whose registration was
 * removed or replaced meanwhile is left out: it has another generation by then, or no filters.
 */
export class Rearms {
  /** How many changes the list of the last `take` has. */
  taken = 0
  readonly #abi: KqueueAbi
  readonly #list: ChangeList
  readonly #fds: number[] = []
  readonly #filters: number[] = []
  readonly #generations: number[] = []
  #first = 0
  #end = 0
  #next = 0

  constructor(abi: KqueueAbi) {
    this.#abi = abi
    this.#list = new ChangeList(abi)
  }

  /** Whether there are more than the last `take` has taken. */
  get hasMore(): boolean {
    return this.#next < this.#end
  }

  /** Notes the filters of a registration, each by itself: each may fail by itself. */
  push(fd: number, filters: number, generation: number): void {
    for (let filter = Filters.READ as number; filter <= Filters.WRITE; filter *= 2) {
      if ((filters & filter) === 0) continue
      this.#fds[this.#end] = fd
      this.#filters[this.#end] = filter
      this.#generations[this.#end++] = generation
    }
  }

  /** Changes for a call that has room for `most` events: each may become one that says what is wrong with it. */
  take(watches: Watches, most: number): ChangeList {
    const { filters } = this.#abi
    const list = this.#list.clear()
    this.#next = this.#first
    while (this.#next < this.#end && list.length < most) {
      const index = this.#next++
      const fd = this.#fds[index] ?? -1
      const filter = this.#filters[index] ?? 0
      const generation = this.#generations[index] ?? 0
      if (watches.generation(fd) !== generation || (watches.filters(fd) & filter) === 0) continue
      list.push(fd, filter === Filters.READ ? filters.READ : filters.WRITE, EV.ENABLE, generation)
    }
    this.taken = list.length
    return list
  }

  /** Notes that the changes of the last `take` are made, or have said why not. */
  done(): void {
    this.#first = this.#next
    if (this.#first === this.#end) this.#first = this.#next = this.#end = 0
  }
}

/**
 * Whether a change that fails is known from the call that waits, found out by one that must fail: an event with
 * EV_ERROR. libkqueue returns none where there is more room, and waits besides (src/common/kevent.c).
 */
export function tellsErrors(libc: Libc, abi: KqueueAbi, kq: number): boolean {
  if (abi.name === 'libkqueue') return false
  const { size } = abi.kevent
  const changes = new Memory(size)
  const events = new Memory(2 * size)
  const ident = 1n
  const filter = abi.filters.USER
  encodeKevent(abi, changes.view, 0, { ident, filter, flags: EV.ENABLE, udata: ident })
  const now = new Timespec().set(0)
  if (libc.fn.kevent(kq, changes.address, 1, events.address, 2, now) !== 1) return false
  const [event] = decodeKevents(abi, events.view, 1)
  return (
    event !== undefined &&
    event.filter === filter &&
    event.udata === ident &&
    (event.flags & EV.ERROR) !== 0 &&
    errnoName(Number(event.data)) === 'ENOENT'
  )
}
