/**
 * Making fibers, each of which starts, gives way once and ends, with few and with many alive at once: what garbage
 * collection makes of them depends on that more than on all else.
 */
import type { Libc } from '../../src/libc/libc.ts'
import type { FiberBody, Routine } from '../../src/runtime/fiber.ts'
import type { Scheduler } from '../../src/runtime/scheduler.ts'
import { counted, countedLater, inFibers, inImmediates, nothing, OPERATIONS } from './contests.ts'
import type { Contest, Count } from './contests.ts'

const AT_ONCE = [1, 1000, 20_000, 100_000]

type BodyMaker = (scheduler: Scheduler, count: Count) => () => FiberBody

/** One generator function for all. */
const shared: BodyMaker = (scheduler, count) => {
  const one = function* (): Routine {
    yield scheduler.yieldNow()
    count.value++
  }
  return () => one
}

/** A generator function for each: V8 makes each a prototype and a hidden class when it is called first. */
const own: BodyMaker = (scheduler, count) => () =>
  function* (): Routine {
    yield scheduler.yieldNow()
    count.value++
  }

/** An arrow function for each, all of which call one generator function. */
const arrows: BodyMaker = (scheduler, count) => {
  const one = shared(scheduler, count)()
  return () => () => one()
}

const asyncOne = (count: Count) => async (): Promise<void> => {
  await nothing
  count.value++
}

export function spawnings(libc: Libc): Contest[] {
  return AT_ONCE.map((atOnce) => spawning(libc, atOnce))
}

function spawning(libc: Libc, atOnce: number): Contest {
  const operations = Math.max(OPERATIONS, atOnce)

  const fibers = (make: BodyMaker): (() => void) =>
    counted('spawn', (count) => inFibers(libc, (scheduler) => spawnAll(scheduler, make, count)), operations)

  function spawnAll(scheduler: Scheduler, make: BodyMaker, count: Count): void {
    const body = make(scheduler, count)
    scheduler.spawn(function* () {
      for (let done = atOnce; done <= operations; done += atOnce) {
        for (let i = 0; i < atOnce; i++) scheduler.spawn(body())
        while (count.value < done) yield scheduler.yieldNow()
      }
    })
  }

  const inBatches = (batch: (count: Count) => Promise<unknown>): (() => Promise<void>) =>
    countedLater(
      'spawn',
      async (count) => {
        for (let left = operations; left > 0; left -= atOnce) await batch(count)
      },
      operations,
    )

  return {
    name: `spawn, start, give way once and end, ${atOnce} alive at once`,
    operations,
    fiber: fibers(shared),
    rivals: {
      'async/await': inBatches((count) => Promise.all(Array.from({ length: atOnce }, asyncOne(count)))),
      setImmediate: inBatches((count) =>
        inImmediates(Array.from({ length: atOnce }, () => secondTime(() => count.value++))),
      ),
    },
    others: {
      'fiber, by an arrow function of its own': fibers(arrows),
      'fiber, of a generator function of its own': fibers(own),
      // Nobody learns of the others' ends and errors.
      'async, only the last of which is awaited': inBatches((count) => {
        const one = asyncOne(count)
        for (let i = 1; i < atOnce; i++) void one()
        return one()
      }),
    },
  }
}

/** Does something when it is called for the second time, and says that this is all. */
function secondTime(action: () => void): () => boolean {
  let hasStarted = false
  return () => {
    if (hasStarted) action()
    const isDone = hasStarted
    hasStarted = true
    return isDone
  }
}
