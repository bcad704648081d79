/** What fibers are held against: the same work with async functions, and with `setImmediate`. */
import type { Libc } from '../../src/libc/libc.ts'
import { VirtualClock } from '../../src/runtime/clock.ts'
import type { Fiber } from '../../src/runtime/fiber.ts'
import { Scheduler } from '../../src/runtime/scheduler.ts'

/** One kind of work, done in several ways. Each does it `operations` times, and is over when its promise is. */
export interface Contest {
  readonly name: string
  readonly operations: number
  readonly fiber: () => void
  readonly rivals: Readonly<Record<'async/await' | 'setImmediate', () => Promise<void>>>
  /** The same in ways that are no fair match, but are to be known. */
  readonly others?: Readonly<Record<string, () => void | Promise<void>>>
}

/** So many operations a sample. */
export const OPERATIONS = 20_000
/** Is awaited by who only gives way. */
export const nothing = Promise.resolve()
/** How many take turns where turns are taken. */
const TURN_TAKERS = 100

/** Runs fibers that are made anew. */
export function inFibers(libc: Libc, start: (scheduler: Scheduler) => void): void {
  using scheduler = new Scheduler(libc, { clock: new VirtualClock() })
  start(scheduler)
  scheduler.run()
}

/** Calls a function from `setImmediate` until it says that it is done. */
export async function inImmediates(steps: readonly (() => boolean)[]): Promise<void> {
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
export class Count {
  value = 0

  check(name: string, operations: number): void {
    if (this.value !== operations) throw new Error(`${name}: ${this.value} operations of ${operations}`)
  }
}

export const counted = (
  name: string,
  work: (count: Count) => void,
  operations = OPERATIONS,
): (() => void) => {
  return () => {
    const count = new Count()
    work(count)
    count.check(name, operations)
  }
}

export const countedLater = (
  name: string,
  work: (count: Count) => Promise<unknown>,
  operations = OPERATIONS,
): (() => Promise<void>) => {
  return async () => {
    const count = new Count()
    await work(count)
    count.check(name, operations)
  }
}

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
  return [switching(libc), waking(libc)]
}
