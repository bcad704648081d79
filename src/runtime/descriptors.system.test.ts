/** Fibers that wait for descriptors, on every backend. */
import { describe, expect, test } from 'vitest'
import { Interest } from '../backends/backend.ts'
import type { Backend } from '../backends/backend.ts'
import { SystemError } from '../errors.ts'
import { openEventfd, openPipe, openSocketpair } from '../libc/fd.ts'
import type { OwnedFd } from '../libc/fd.ts'
import { testedBackends, testedLibc } from '../testing/backends.ts'
import { drain, duplicate, fill, moduleUrl, runThread, write } from '../testing/native.ts'
import { VirtualClock } from './clock.ts'
import { Wakeup } from './fiber.ts'
import type { Fiber } from './fiber.ts'
import { Scheduler } from './scheduler.ts'
import type { SchedulerOptions } from './scheduler.ts'

const libc = testedLibc
const LONG_MS = 20_000

/** A backend that counts what its Pollers have registered. */
function counting(real: Backend): { backend: Backend; left: () => number; calls: string[] } {
  const registered = new Set<number>()
  const calls: string[] = []
  const backend: Backend = {
    ...real,
    open(...args) {
      const poller = real.open(...args)
      const { add, modify, remove } = poller
      poller.add = (fd, interest, ...rest) => {
        add.call(poller, fd, interest, ...rest)
        registered.add(fd)
        calls.push(`add ${interest}`)
      }
      poller.modify = (fd, interest, ...rest) => {
        modify.call(poller, fd, interest, ...rest)
        calls.push(`modify ${interest}`)
      }
      poller.remove = (fd) => {
        registered.delete(fd)
        calls.push('remove')
        remove.call(poller, fd)
      }
      return poller
    },
  }
  return { backend, left: () => registered.size, calls }
}

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

  test('a writer goes on when there is room, beside a reader of the same descriptor', () => {
    using scheduler = open()
    const [a, b] = openSocketpair(libc)
    using _a = a
    using _b = b
    fill(libc, a.fd)
    const log: string[] = []
    for (const direction of ['read', 'write'] as const) {
      scheduler.spawn(function* () {
        yield scheduler.blockOnFd(a.fd, direction)
        log.push(direction)
      })
    }
    scheduler.spawn(function* () {
      yield scheduler.sleep(1)
      expect(log).toEqual([])
      while (drain(libc, b.fd) > 0);
      yield scheduler.sleep(1)
      expect(log).toEqual(['write'])
      write(libc, b.fd)
    })
    scheduler.run()
    expect([log, scheduler.counts]).toEqual([['write', 'read'], NOTHING])
  })

  test('of several readers of one descriptor each is served in turn, as long as there is something', () => {
    using scheduler = open()
    using semaphore = openEventfd(libc, 1)
    const log: number[] = []
    const taking = (i: number) =>
      function* () {
        yield scheduler.blockOnFd(semaphore.fd, 'read')
        expect(drain(libc, semaphore.fd)).toBe(8)
        log.push(i)
      }
    for (let i = 0; i < 5; i++) scheduler.spawn(taking(i))
    scheduler.spawn(function* () {
      yield scheduler.sleep(1)
      write(libc, semaphore.fd)
      write(libc, semaphore.fd)
      yield scheduler.sleep(2)
      expect(log).toEqual([0, 1])
      for (let i = 0; i < 3; i++) write(libc, semaphore.fd)
    })
    scheduler.run()
    expect([log, scheduler.counts]).toEqual([[0, 1, 2, 3, 4], NOTHING])
  })

  test('an end of the peer wakes all who wait, in both directions', () => {
    using scheduler = open()
    const [a, b] = openSocketpair(libc)
    using _a = a
    fill(libc, a.fd)
    let woken = 0
    for (const direction of ['read', 'write', 'read', 'write'] as const) {
      scheduler.spawn(function* () {
        expect(yield scheduler.blockOnFd(a.fd, direction)).toBe(Wakeup.READY)
        woken++
      })
    }
    scheduler.spawn(function* () {
      yield scheduler.yieldNow()
      b.close()
    })
    scheduler.run()
    expect([woken, scheduler.counts]).toEqual([4, NOTHING])
  })

  test('timers and descriptors are waited for together: whichever comes first', () => {
    using scheduler = open()
    const [reader, writer] = openPipe(libc)
    using _reader = reader
    using _writer = writer
    const log: unknown[] = []
    const start = scheduler.now()
    scheduler.spawn(function* () {
      log.push(yield scheduler.blockOnFd(reader.fd, 'read'), 'fd')
    })
    scheduler.spawn(function* () {
      yield scheduler.sleep(20)
      log.push('timer')
      expect(scheduler.now() - start).toBeGreaterThanOrEqual(20)
      write(libc, writer.fd)
      yield scheduler.sleep(LONG_MS)
      log.push('never')
    }, 'long')
    scheduler.spawn(function* () {
      while (!log.includes('fd')) yield scheduler.sleep(1)
      scheduler.stop()
    })
    scheduler.run()
    expect(log).toEqual(['timer', Wakeup.READY, 'fd'])
    expect(scheduler.counts).toEqual({ fibers: 1, suspended: 1, registrations: 0 })
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

  test('an early wake of one leaves the others of the descriptor waiting', () => {
    using scheduler = open()
    const [a, b] = openSocketpair(libc)
    using _a = a
    using _b = b
    fill(libc, a.fd)
    const log: string[] = []
    const fibers = (['read', 'write', 'read'] as const).map((direction, i) =>
      scheduler.spawn(function* () {
        log.push(`${i}:${yield scheduler.blockOnFd(a.fd, direction)}`)
      }),
    )
    scheduler.spawn(function* () {
      yield scheduler.sleep(1)
      for (const i of [0, 1]) scheduler.wake(fibers[i] as Fiber)
      yield scheduler.sleep(1)
      write(libc, b.fd)
    })
    scheduler.run()
    expect([log, scheduler.counts]).toEqual([
      [`0:${Wakeup.WOKEN}`, `1:${Wakeup.WOKEN}`, `2:${Wakeup.READY}`],
      NOTHING,
    ])
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

  test('who only gives way does not keep descriptors and timers from their turn', () => {
    using scheduler = open()
    using source = openEventfd(libc)
    const seen = { fd: false, timer: false }
    scheduler.spawn(function* () {
      yield scheduler.blockOnFd(source.fd, 'read')
      seen.fd = true
    })
    scheduler.spawn(function* () {
      yield scheduler.sleep(0.01)
      seen.timer = true
      write(libc, source.fd)
    })
    scheduler.spawn(function* () {
      const start = performance.now()
      while (!seen.fd && performance.now() - start < LONG_MS) yield scheduler.yieldNow()
    })
    scheduler.run()
    expect(seen).toEqual({ fd: true, timer: true })
  })

  test('with a virtual clock a descriptor that is ready comes first, and then time passes at once', () => {
    using scheduler = open({ clock: new VirtualClock() })
    using source = openEventfd(libc)
    const log: string[] = []
    scheduler.spawn(function* () {
      yield scheduler.blockOnFd(source.fd, 'read')
      log.push(`fd@${scheduler.now()}`)
    })
    scheduler.spawn(function* () {
      yield scheduler.sleep(86_400_000)
      log.push(`timer@${scheduler.now()}`)
      yield scheduler.sleep(5)
      write(libc, source.fd)
      yield scheduler.sleep(5)
      log.push(`timer@${scheduler.now()}`)
    })
    scheduler.run()
    expect(log).toEqual(['timer@86400000', 'fd@86400005', 'timer@86400010'])
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

  test('a wake from another thread is heard, and keeps run from its end until stop', async () => {
    let wakes = 0
    using scheduler: Scheduler = open({
      onWake() {
        wakes++
        scheduler.spawn(() => scheduler.stop())
      },
    })
    scheduler.spawn(function* () {
      yield scheduler.suspend()
    })
    const script = `
      import { workerData } from 'node:worker_threads'
      import { wakeRemote } from '${moduleUrl('backends/waker')}'
      wakeRemote(workerData)
    `
    const thread = runThread(script, scheduler.wakeHandle())
    scheduler.run()
    await thread
    expect([wakes, scheduler.counts.suspended]).toEqual([1, 1])
  })
})

test('who only computes and sleeps, in real time, has no descriptor', () => {
  using scheduler = new Scheduler(libc, { backend: { ...(testedBackends[0]?.[1] as Backend), open: refuse } })
  const start = performance.now()
  let end = 0
  scheduler.spawn(function* () {
    expect(yield scheduler.sleep(5)).toBe(Wakeup.TIME)
    end = performance.now()
  })
  scheduler.run()
  expect(end - start).toBeGreaterThanOrEqual(5)
})

function refuse(): never {
  throw new Error('a Poller was opened')
}
