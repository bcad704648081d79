/** Mutexes and a condition whose every step is held against a model: for random programs under the virtual clock. */
import { CanceledError } from '../errors.ts'
import type { Fiber, Routine } from '../runtime/fiber.ts'
import { Wakeup } from '../runtime/fiber.ts'
import type { Io } from '../runtime/io/io.ts'
import type { Mutex } from '../runtime/io/mutex.ts'

/** Cheaper than `expect`, of which there would be a million. */
export function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(`it does not hold that ${what}`)
}

/** Somebody who waits for a mutex, or in the condition. */
interface Waiter {
  readonly fiber: Fiber
  readonly isCancelable: boolean
  /** When it was woken by hand, or canceled: from then on it waits no more, or anew behind the others. */
  leftAt: number | undefined
  isCanceled: boolean
  /** When it was served: it must go on at that time. */
  servedAt: number | undefined
}

interface Modelled {
  readonly mutex: Mutex
  holder: Fiber | undefined
  releasedAt: number
  readonly queue: Waiter[]
}

const isServable = ({ leftAt, servedAt }: Waiter): boolean => leftAt === undefined && servedAt === undefined

export class ModelledLocks {
  readonly #io: Io
  readonly #locks: readonly Modelled[]
  /** Of the first mutex. */
  readonly #condition
  readonly #waiters: Waiter[] = []

  constructor(io: Io, count: number) {
    this.#io = io
    this.#condition = io.condition()
    this.#locks = Array.from({ length: count }, () => {
      return { mutex: io.mutex(), holder: undefined, releasedAt: -1, queue: [] }
    })
  }

  /** To be told before a fiber is woken by hand, or canceled: it is taken out of what it waits in. */
  takeOut(fiber: Fiber | undefined, isByHand: boolean): void {
    for (const each of [this.#waiters, ...this.#locks.map(({ queue }) => queue)].flat()) {
      if (each.fiber !== fiber || !(isByHand || each.isCancelable) || !isServable(each)) continue
      each.leftAt = this.#io.now()
      each.isCanceled = !isByHand
    }
  }

  /** Takes a mutex, does something, and gives it up. */
  *hold(
    index: number,
    how: 'lock' | 'lockUncancelable' | 'tryLock',
    inside: (lock: Modelled) => Routine,
  ): Routine {
    const lock = this.#locks[index] as Modelled
    if (how === 'tryLock') {
      const isFree = lock.mutex.owner === undefined
      must(lock.mutex.tryLock() === isFree, 'tryLock takes what nobody holds')
      if (!isFree) return
      this.#took(lock)
    } else yield* this.#acquire(lock, how)
    try {
      yield* inside(lock)
    } finally {
      this.#giveUp(lock)
      lock.mutex.unlock()
      this.#handed(lock)
    }
  }

  /** Waits in the condition. */
  *wait(how: 'wait' | 'waitUncancelable'): Routine {
    yield* this.hold(0, 'lock', (lock) => this.#waitIn(lock, how))
  }

  wake(how: 'wakeOne' | 'wakeAll'): void {
    const all = this.#waiters.filter(isServable)
    for (const each of how === 'wakeOne' ? all.slice(0, 1) : all) each.servedAt = this.#io.now()
    this.#condition[how]()
  }

  /** When all is over. */
  checkFree(): void {
    for (const { mutex, holder, queue } of this.#locks) {
      must(mutex.owner === undefined && holder === undefined && queue.length === 0, 'no mutex is left locked')
    }
    must(this.#waiters.length === 0, 'nobody is left in the condition')
  }

  *#acquire(lock: Modelled, how: 'lock' | 'lockUncancelable'): Routine {
    const io = this.#io
    const [start, isLate, isTaken] = [io.now(), io.cancelRequested, lock.mutex.owner !== undefined]
    const self = this.#join(lock.queue, how === 'lock')
    try {
      yield* lock.mutex[how]()
    } catch (error) {
      if (!(error instanceof CanceledError)) throw error
      must(how === 'lock' && io.cancelRequested, 'only a lock is canceled')
      must(self.servedAt === undefined, 'who was handed a mutex has it')
      must(lock.mutex.owner !== self.fiber, 'who is canceled in lock does not hold it')
      throw error
    } finally {
      leave(lock.queue, self)
    }
    this.#took(lock)
    must(!(isTaken && isLate && how === 'lock'), 'who is canceled does not wait for a mutex')
    must(io.now() === (isTaken ? lock.releasedAt : start), 'a mutex is had when it is given up')
  }

  *#waitIn(lock: Modelled, how: 'wait' | 'waitUncancelable'): Routine {
    const io = this.#io
    const routine = this.#condition[how](lock.mutex)
    const isLate = io.cancelRequested && how === 'wait'
    // Up to where it has given the mutex up.
    let step = routine.next(Wakeup.YIELDED)
    must(!isLate, 'who is canceled does not wait in a condition')
    this.#giveUp(lock)
    const self = this.#join(this.#waiters, how === 'wait')
    this.#handed(lock)
    try {
      while (step.done !== true) step = routine.next(yield step.value)
      const wokenAt = self.servedAt ?? self.leftAt
      must(wokenAt !== undefined && !self.isCanceled, 'who waits in a condition is woken')
      must([wokenAt, lock.releasedAt].includes(io.now()), 'a wake arrives at once')
    } catch (error) {
      must(
        error instanceof CanceledError && self.isCancelable && io.cancelRequested,
        'only a wait is canceled',
      )
      must(self.servedAt === undefined, 'a wake counts that came before the cancellation')
      throw error
    } finally {
      leave(this.#waiters, self)
      this.#took(lock)
    }
  }

  #join(list: Waiter[], isCancelable: boolean): Waiter {
    const fiber = this.#io.scheduler.current as Fiber
    const waiter: Waiter = { fiber, isCancelable, leftAt: undefined, isCanceled: false, servedAt: undefined }
    list.push(waiter)
    return waiter
  }

  #took(lock: Modelled): void {
    must(lock.holder === undefined, 'a mutex has one holder')
    lock.holder = this.#io.scheduler.current
    must(lock.mutex.owner === lock.holder, 'who has taken a mutex is its owner')
  }

  #giveUp(lock: Modelled): void {
    must(lock.holder === this.#io.scheduler.current, 'who gives a mutex up has it')
    lock.holder = undefined
    lock.releasedAt = this.#io.now()
  }

  /** It was given up: who has it now? */
  #handed({ mutex: { owner }, queue }: Modelled): void {
    const first = queue.find(isServable)
    const next = queue.find(({ fiber }) => fiber === owner)
    if (next !== undefined) {
      must(next.leftAt !== undefined || next === first, 'a mutex goes to who waits longest')
      next.servedAt = this.#io.now()
    } else if (owner === undefined) {
      must(first === undefined, 'a mutex goes to who waits')
    } else {
      // It was woken from the condition, and takes it back.
      must(
        this.#waiters.some(({ fiber }) => fiber === owner),
        'a mutex goes to nobody else',
      )
    }
  }
}

function leave(list: Waiter[], waiter: Waiter): void {
  list.splice(list.indexOf(waiter), 1)
}
