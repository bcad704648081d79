/** What fibers are held against: the same work with async functions, and with `setImmediate`. */
import type { Libc } from '../../src/libc/libc.ts'
import { VirtualClock } from '../../src/runtime/clock.ts'
import type { Fiber, Routine } from '../../src/runtime/fiber.ts'
import { Scheduler } from '../../src/runtime/scheduler.ts'

/** One kind of work, done in several ways. Each does it `operations` times, and is over when its promise is. */
export interface Contest {
  readonly name: string
  readonly operations: number
  readonly fiber: () => void
  readonly rivals: Readonly<Record<'async/await' | 'setImmediate', () => Promise<void>>>
}

/** So many operations a sample. */
const OPERATIONS = 20_000
/** How many are alive at once where they are spawned. */
const SPAWNED_AT_ONCE = 1000
/** Is awaited by who only gives way. */
const nothing = Promise.resolve()
/** How many take turns where turns are taken. */
const TURN_TAKERS = 100

/** Runs fibers that are made anew. */
function inFibers(libc: Libc, start: (scheduler: Scheduler) => void): void {
  using scheduler = new Scheduler(libc, { clock: new VirtualClock() })
  start(scheduler)
  scheduler.run()
}

/** Calls a function from `setImmediate` until it says that it is done. */
async function inImmediates(steps: readonly (() => boolean)[]): Promise<void> {
  await Promise.all(
    steps.map(
      (step) =>
        new Promise<void>((resolve) => {
          const next = (): void => {
            if (step()) resolve()
            else setImmediate(next)
          }
          setImmediate(next)
        }),
    ),
  )
}

/** A counter that every contestant counts up, so that its work is seen to be done. */
class Count {
  value = 0

  check(name: string): void {
    if (this.value !== OPERATIONS) throw new Error(`${name}: ${this.value} operations of ${OPERATIONS}`)
  }
}

const counted = (name: string, work: (count: Count) => void): (() => void) => {
  return () => {
    const count = new Count()
    work(count)
    count.check(name)
  }
}

const countedLater = (name: string, work: (count: Count) => Promise<unknown>): (() => Promise<void>) => {
  return async () => {
    const count = new Count()
    await work(count)
    count.check(name)
  }
}

/** Spawns all, some at a time. */
async function inBatches(batch: () => Promise<unknown>): Promise<void> {
  for (let left = OPERATIONS; left > 0; left -= SPAWNED_AT_ONCE) {
    await batch()
  }
}

/** Making one, letting it start, give way once, and end. */
const spawning = (libc: Libc): Contest => ({
  name: `spawn, start, give way once and end, ${SPAWNED_AT_ONCE} at once`,
  operations: OPERATIONS,
  fiber: counted('spawn', (count) =>
    inFibers(libc, (scheduler) => {
      // One function for all, as with the async one: each closure of a generator has a prototype to be made.
      const one = function* (): Routine {
        yield scheduler.yieldNow()
        count.value++
      }
      scheduler.spawn(function* () {
        for (let left = OPERATIONS; left > 0; left -= SPAWNED_AT_ONCE) {
          for (let i = 0; i < SPAWNED_AT_ONCE; i++) scheduler.spawn(one)
          while (count.value < OPERATIONS - left + SPAWNED_AT_ONCE) yield scheduler.yieldNow()
        }
      })
    }),
  ),
  rivals: {
    'async/await': countedLater('spawn', (count) => {
      const one = async (): Promise<void> => {
        await nothing
        count.value++
      }
      return inBatches(() => Promise.all(Array.from({ length: SPAWNED_AT_ONCE }, one)))
    }),
    setImmediate: countedLater('spawn', (count) =>
      inBatches(() =>
        inImmediates(
          Array.from({ length: SPAWNED_AT_ONCE }, () => {
            let hasStarted = false
            return () => {
              if (hasStarted) count.value++
              const isDone = hasStarted
              hasStarted = true
              return isDone
            }
          }),
        ),
      ),
    ),
  },
})

/** Giving way to the next one. */
const switching = (libc: Libc): Contest => {
  const turns = OPERATIONS / TURN_TAKERS
  return {
    name: `switch among ${TURN_TAKERS}`,
    operations: OPERATIONS,
    fiber: counted('switch', (count) =>
      inFibers(libc, (scheduler) => {
        for (let i = 0; i < TURN_TAKERS; i++) {
          scheduler.spawn(function* () {
            for (let turn = 0; turn < turns; turn++) {
              yield scheduler.yieldNow()
              count.value++
            }
          })
        }
      }),
    ),
    rivals: {
      'async/await': countedLater('switch', (count) => {
        const one = async (): Promise<void> => {
          for (let turn = 0; turn < turns; turn++) {
            await nothing
            count.value++
          }
        }
        return Promise.all(Array.from({ length: TURN_TAKERS }, one))
      }),
      setImmediate: countedLater('switch', (count) =>
        inImmediates(
          Array.from({ length: TURN_TAKERS }, () => {
            let turn = 0
            return () => {
              count.value++
              return ++turn === turns
            }
          }),
        ),
      ),
    },
  }
}

/** Two that pass a wake to each other: one is a wake, and the switch to who was woken. */
const waking = (libc: Libc): Contest => ({
  name: 'wake, of two that wake each other',
  operations: OPERATIONS,
  fiber: counted('wake', (count) =>
    inFibers(libc, (scheduler) => {
      const pair: Fiber[] = []
      for (const other of [1, 0]) {
        const fiber = scheduler.spawn(function* () {
          for (let i = 0; i < OPERATIONS / 2; i++) {
            count.value++
            scheduler.wake(pair[other] as Fiber)
            if (count.value < OPERATIONS) yield scheduler.suspend()
          }
          scheduler.wake(pair[other] as Fiber)
        })
        pair.push(fiber)
      }
    }),
  ),
  rivals: {
    'async/await': countedLater('wake', (count) => {
      const wakers: ((() => void) | undefined)[] = [undefined, undefined]
      const one = async (self: 0 | 1): Promise<void> => {
        for (let i = 0; i < OPERATIONS / 2; i++) {
          count.value++
          wakers[1 - self]?.()
          if (count.value < OPERATIONS) await new Promise<void>((resolve) => (wakers[self] = resolve))
        }
        wakers[1 - self]?.()
      }
      return Promise.all([one(0), one(1)])
    }),
    setImmediate: countedLater(
      'wake',
      (count) =>
        new Promise<void>((resolve) => {
          const ping = (): void => {
            if (++count.value === OPERATIONS) resolve()
            else setImmediate(pong)
          }
          const pong = (): void => {
            if (++count.value === OPERATIONS) resolve()
            else setImmediate(ping)
          }
          setImmediate(ping)
        }),
    ),
  },
})

export function contests(libc: Libc): Contest[] {
  return [spawning(libc), switching(libc), waking(libc)]
}
