/** What becomes of locks where fibers are ended from outside. */
import { describe, expect, test } from 'vitest'
import { FiberError } from '../../errors.ts'
import { NOTHING_LEFT, virtualIo } from '../../testing/io.ts'
import type { VirtualIo } from '../../testing/io.ts'
import type { Parked, Routine } from '../fiber.ts'

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
