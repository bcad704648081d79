/** What fibers that wait for descriptors leave in the kernel, on every backend: nothing that is not needed. */
import { describe, expect, test } from 'vitest'
import { Interest } from '../backends/backend.ts'
import { SystemError } from '../errors.ts'
import { openEventfd, openSocketpair } from '../libc/fd.ts'
import type { OwnedFd } from '../libc/fd.ts'
import { testedBackends, testedLibc } from '../testing/backends.ts'
import { counting } from '../testing/counting-backend.ts'
import { drain, duplicate, write } from '../testing/native.ts'
import { Wakeup } from './fiber.ts'
import { Scheduler } from './scheduler.ts'
import type { SchedulerOptions } from './scheduler.ts'

const libc = testedLibc

describe.each(testedBackends)('over %s', (_name, backend) => {
  const open = (options: SchedulerOptions = {}): Scheduler => new Scheduler(libc, { backend, ...options })
  const NOTHING = { fibers: 0, suspended: 0, registrations: 0 }

  test('a reader goes on when there is something to read, and nothing stays registered', () => {
    const { backend: counted, left } = counting(backend)
    using scheduler = open({ backend: counted })
    const [a, b] = openSocketpair(libc)
    using _a = a
    using _b = b
    const log: unknown[] = []
    scheduler.spawn(function* () {
      log.push(yield scheduler.blockOnFd(a.fd, 'read'), drain(libc, a.fd))
    })
    scheduler.spawn(function* () {
      yield scheduler.yieldNow()
      log.push('writes')
      write(libc, b.fd)
    })
    scheduler.run()
    expect(log).toEqual(['writes', Wakeup.READY, 8])
    expect([scheduler.counts, left()]).toEqual([NOTHING, 0])
  })

  test('a time limit ends the wait for a descriptor, in the kernel too', () => {
    const { backend: counted, left } = counting(backend)
    using scheduler = open({ backend: counted })
    using source = openEventfd(libc)
    let wakeup: Wakeup | undefined
    scheduler.spawn(function* () {
      wakeup = yield scheduler.blockOnFd(source.fd, 'read', 3)
      expect(left()).toBe(0)
    })
    scheduler.run()
    expect([wakeup, scheduler.counts]).toEqual([Wakeup.TIME, NOTHING])
  })

  test('an early wake cancels the registration, and the descriptor can be waited for again', () => {
    const { backend: counted, left } = counting(backend)
    using scheduler = open({ backend: counted })
    using source = openEventfd(libc)
    const log: unknown[] = []
    const waiter = scheduler.spawn(function* () {
      log.push(yield scheduler.blockOnFd(source.fd, 'read'))
      log.push(left())
      log.push(yield scheduler.blockOnFd(source.fd, 'read'))
    })
    scheduler.spawn(function* () {
      yield scheduler.yieldNow()
      scheduler.wake(waiter)
      yield scheduler.yieldNow()
      write(libc, source.fd)
    })
    scheduler.run()
    expect([log, left(), scheduler.counts]).toEqual([[Wakeup.WOKEN, 0, Wakeup.READY], 0, NOTHING])
  })

  test('who waits again for what has fired is asked for by one call, and not removed and added', () => {
    const { backend: counted, calls } = counting(backend)
    using scheduler = open({ backend: counted })
    using source = openEventfd(libc)
    scheduler.spawn(function* () {
      for (let i = 0; i < 3; i++) {
        write(libc, source.fd)
        yield scheduler.blockOnFd(source.fd, 'read')
        drain(libc, source.fd)
      }
    })
    scheduler.run()
    const { READ } = Interest
    expect(calls).toEqual([`add ${READ}`, `modify ${READ}`, `modify ${READ}`, 'remove'])
  })

  test('a descriptor that cannot be watched is an error in the fiber, which goes on', () => {
    using scheduler = open()
    const codes: string[] = []
    const closed = duplicate(libc, 0, 200)
    const { fd } = closed
    closed.close()
    scheduler.spawn(function* () {
      for (const bad of [-1, 1.5, fd]) {
        try {
          yield scheduler.blockOnFd(bad, 'read')
        } catch (error) {
          codes.push(error instanceof SystemError ? error.code : String(error))
        }
      }
      expect(() => scheduler.blockOnFd(0, 'read', -1)).toThrow(RangeError)
      yield scheduler.sleep(0)
      codes.push('went on')
    })
    scheduler.run()
    expect([codes, scheduler.counts]).toEqual([['EBADF', 'EBADF', 'EBADF', 'went on'], NOTHING])
  })

  test('a number that comes back after forgetFd and close is that of the new file', () => {
    using scheduler = open()
    const old = openEventfd(libc)
    const { fd } = old
    const log: unknown[] = []
    let next: OwnedFd | undefined
    scheduler.spawn(function* () {
      log.push(yield scheduler.blockOnFd(fd, 'read'))
    })
    scheduler.spawn(function* () {
      yield scheduler.sleep(1)
      scheduler.forgetFd(fd)
      scheduler.forgetFd(fd)
      old.close()
      next = openEventfd(libc)
      expect(next.fd).toBe(fd)
      scheduler.spawn(function* () {
        log.push(yield scheduler.blockOnFd(fd, 'read'))
      })
      yield scheduler.sleep(1)
      expect(log).toEqual([Wakeup.WOKEN])
      write(libc, fd)
    })
    scheduler.run()
    next?.close()
    expect([log, scheduler.counts]).toEqual([[Wakeup.WOKEN, Wakeup.READY], NOTHING])
  })

  test('the same where the fiber that was served closes it itself', () => {
    using scheduler = open()
    const sources = [openEventfd(libc), openEventfd(libc)]
    const numbers = new Set<number>()
    let current = sources[0] as OwnedFd
    scheduler.spawn(function* () {
      for (let i = 0; i < 4; i++) {
        numbers.add(current.fd)
        write(libc, current.fd)
        expect(yield scheduler.blockOnFd(current.fd, 'read')).toBe(Wakeup.READY)
        current.close()
        current = openEventfd(libc)
      }
    })
    scheduler.run()
    current.close()
    sources[1]?.close()
    expect([numbers.size, scheduler.counts]).toEqual([1, NOTHING])
  })

  test('close ends who waits, and leaves no registration and no descriptor', () => {
    const { backend: counted, left } = counting(backend)
    const scheduler = open({ backend: counted })
    using source = openEventfd(libc)
    let ended = 0
    for (const direction of ['read', 'read', 'write'] as const) {
      scheduler.spawn(function* () {
        try {
          for (;;) yield scheduler.blockOnFd(source.fd, direction)
        } finally {
          ended++
        }
      })
    }
    scheduler.spawn(function* () {
      yield scheduler.yieldNow()
      scheduler.stop()
    })
    scheduler.run()
    expect(left()).toBe(1)
    scheduler.close()
    expect([ended, left(), scheduler.counts]).toEqual([3, 0, NOTHING])
  })
})
