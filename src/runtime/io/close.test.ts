/** What becomes of locks, and of all else that fibers wait in, where they are ended from outside. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FiberError } from '../../errors.ts'
import { NOTHING_LEFT, virtualIo } from '../../testing/io.ts'
import type { VirtualIo } from '../../testing/io.ts'
import type { Parked, Routine } from '../fiber.ts'
import type { Condition } from './condition.ts'
import type { Io } from './io.ts'
import type { Mutex } from './mutex.ts'

/** Runs until everybody waits, and closes. */
function endAll({ scheduler }: VirtualIo): void {
  scheduler.spawn(() => scheduler.stop())
  scheduler.run()
  scheduler.close()
  expect(scheduler.counts).toEqual(NOTHING_LEFT)
}

describe('close of the scheduler', () => {
  test('ends fibers that hold mutexes, and wait for them and in conditions, with their finally blocks', () => {
    const world = virtualIo()
    const { io, scheduler } = world
    const [held, guard] = [io.mutex('held'), io.mutex('guard')]
    const condition = io.condition()
    const ended: string[] = []
    const bodies: Record<string, () => Routine<unknown>> = {
      *owner() {
        yield* held.lock()
        try {
          yield* io.sleep(100)
        } finally {
          held.unlock()
          ended.push('owner')
        }
      },
      *waiter() {
        yield* held.lock()
        ended.push('never')
      },
      *consumer() {
        yield* guard.lock()
        try {
          yield* condition.wait(guard)
        } finally {
          guard.unlock()
          ended.push('consumer')
        }
      },
      *stubborn() {
        yield* guard.lock()
        try {
          yield* condition.waitUncancelable(guard)
        } finally {
          guard.unlock()
          ended.push('stubborn')
        }
      },
    }
    for (const [name, body] of Object.entries(bodies)) {
      if (name === 'owner') scheduler.spawn(body, name)
      else io.async(body, name)
    }
    endAll(world)
    expect(ended).toEqual(['owner', 'consumer', 'stubborn'])
  })

  test('a fiber that is ended for what it did wrong gives its mutex to the next one', () => {
    using world = virtualIo()
    const { io, scheduler } = world
    const mutex = io.mutex()
    const log: string[] = []
    scheduler.spawn(function* () {
      yield* mutex.lock()
      try {
        yield undefined as unknown as Parked
      } finally {
        mutex.unlock()
      }
    })
    scheduler.spawn(function* () {
      yield* mutex.lock()
      log.push('has it')
      mutex.unlock()
    })
    expect(() => scheduler.run()).toThrow(FiberError)
    scheduler.run()
    expect(log).toEqual(['has it'])
  })
})

/** Ways to wait, with what is to be given back in `finally` blocks. */
const ways: Readonly<Record<string, (io: Io, mutex: Mutex, condition: Condition) => Routine<unknown>>> = {
  *lock(io, mutex) {
    yield* mutex.lock()
    try {
      yield* io.sleep(1)
    } finally {
      mutex.unlock()
    }
  },
  *lockUncancelable(io, mutex) {
    yield* mutex.lockUncancelable()
    try {
      yield io.scheduler.yieldNow()
    } finally {
      mutex.unlock()
    }
  },
  *wait(io, mutex, condition) {
    yield* mutex.lock()
    try {
      yield* condition.wait(mutex)
    } finally {
      mutex.unlock()
      condition.wakeOne()
      io.checkCancel()
    }
  },
  *waitUncancelable(_io, mutex, condition) {
    yield* mutex.lock()
    try {
      yield* condition.waitUncancelable(mutex)
    } finally {
      mutex.unlock()
    }
  },
  *group(io, mutex, condition) {
    const group = io.group()
    for (let i = 0; i < 3; i++)
      group.async(() => (i === 0 ? io.sleep(2) : ways['wait']?.(io, mutex, condition)))
    yield* group.wait()
  },
  *select(io) {
    const sleepers = [3, 2].map((ms) => io.async(() => io.sleep(ms)))
    yield* io.select(sleepers)
    yield* io.cancel(sleepers[0] ?? io.async(() => undefined))
  },
  *cancel(io) {
    const slow = io.async(function* () {
      yield io.scheduler.sleep(3)
    })
    yield* io.cancel(slow)
  },
  *await(io) {
    yield* io.await(io.async(() => io.sleep(2)))
  },
}

test('close at any time, of programs that wait in every way there is, throws nothing and leaves nothing', () => {
  const program = fc.record({
    names: fc.array(fc.constantFrom(...Object.keys(ways)), { minLength: 1, maxLength: 8, size: 'max' }),
    switches: fc.nat(40),
    canceled: fc.nat(8),
    maxConcurrent: fc.constantFrom(1, 3, Infinity),
  })
  fc.assert(
    fc.property(program, ({ names, switches, canceled, maxConcurrent }) => {
      const world = virtualIo({ maxConcurrent })
      const { io, scheduler } = world
      const mutex = io.mutex()
      const condition = io.condition()
      const pieces = names.map((name) =>
        io.async(() => ways[name]?.(io, mutex, condition) as Routine<unknown>),
      )
      world.run(function* () {
        for (let i = 0; i < switches; i++) {
          if (i % 8 === 7) yield scheduler.sleep(1)
          else yield scheduler.yieldNow()
        }
        const piece = pieces[canceled]
        if (piece !== undefined) io.requestCancel(piece)
        scheduler.stop()
      })
      scheduler.close()
      expect(scheduler.counts).toEqual(NOTHING_LEFT)
      expect(pieces.filter(({ state }) => state === 'running')).toEqual([])
    }),
    { numRuns: 1000 },
  )
})
