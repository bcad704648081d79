/** What `close` makes of all that is left. */
import { describe, expect, test } from 'vitest'
import { DeadlockError } from '../errors.ts'
import { noLibc } from '../testing/no-libc.ts'
import { VirtualClock } from './clock.ts'
import type { Parked } from './fiber.ts'
import { Scheduler } from './scheduler.ts'

function fail(): never {
  throw new Error('first')
}

const open = (): Scheduler => new Scheduler(noLibc, { clock: new VirtualClock() })

describe('close', () => {
  test('ends every fiber where it is: finally blocks run, and nothing else', () => {
    const scheduler = open()
    const log: string[] = []
    const bodies: Record<string, () => Parked> = {
      suspended: () => scheduler.suspend(),
      sleeping: () => scheduler.sleep(100),
      limited: () => scheduler.suspend(100),
    }
    for (const [name, wait] of Object.entries(bodies)) {
      scheduler.spawn(function* () {
        try {
          yield wait()
          log.push(`${name} went on`)
        } finally {
          log.push(name)
        }
      }, name)
    }
    scheduler.spawn(() => {
      scheduler.stop()
    })
    scheduler.run()
    const task = scheduler.go(() => {
      log.push('task ran')
    })
    scheduler.close()
    expect(log).toEqual(['suspended', 'sleeping', 'limited'])
    expect(scheduler.counts).toEqual({ fibers: 0, suspended: 0, registrations: 0 })
    expect(task.state).toBe('canceled')
    expect(() => task.result()).toThrow('task fiber 4 was canceled')
  })

  test('goes on to its end where finally blocks fail or wait, and throws the first of that', () => {
    const scheduler = open()
    const ended: number[] = []
    for (const i of [0, 1, 2, 3]) {
      scheduler.spawn(function* () {
        try {
          yield scheduler.suspend()
        } finally {
          ended.push(i)
          if (i === 1) fail()
          if (i === 2) yield scheduler.suspend()
          if (i === 3) yield undefined as unknown as Parked
        }
      })
    }
    expect(() => scheduler.run()).toThrow(DeadlockError)
    expect(() => scheduler.close()).toThrow('first')
    expect([ended, scheduler.counts.fibers]).toEqual([[0, 1, 2, 3], 0])
  })
})
