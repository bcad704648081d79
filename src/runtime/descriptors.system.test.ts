/** Fibers that wait for descriptors, on every backend. */
import { describe, expect, test } from 'vitest'
import type { Backend } from '../backends/backend.ts'
import { wakeRemote } from '../backends/waker.ts'
import { openEventfd, openPipe, openSocketpair } from '../libc/fd.ts'
import { Memory } from '../libc/memory.ts'
import { testedBackends, testedLibc } from '../testing/backends.ts'
import { drain, fill, moduleUrl, runThread, write } from '../testing/native.ts'
import { VirtualClock } from './clock.ts'
import { Wakeup } from './fiber.ts'
import type { Fiber } from './fiber.ts'
import { Scheduler } from './scheduler.ts'
import type { SchedulerOptions } from './scheduler.ts'

const libc = testedLibc
const LONG_MS = 20_000

describe.each(testedBackends)('over %s', (_name, backend) => {
  const open = (options: SchedulerOptions = {}): Scheduler => new Scheduler(libc, { backend, ...options })
  const NOTHING = { fibers: 0, suspended: 0, registrations: 0 }

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
    const [reader, writer] = openPipe(libc)
    using _reader = reader
    using _writer = writer
    const byte = new Memory(1)
    const log: number[] = []
    for (let i = 0; i < 5; i++) {
      scheduler.spawn(function* () {
        yield scheduler.blockOnFd(reader.fd, 'read')
        expect(libc.fn.read(reader.fd, byte.address, 1)).toBe(1)
        log.push(i)
      })
    }
    scheduler.spawn(function* () {
      yield scheduler.sleep(1)
      write(libc, writer.fd, 2)
      while (log.length < 2) yield scheduler.sleep(1)
      yield scheduler.sleep(5)
      expect(log).toEqual([0, 1])
      write(libc, writer.fd, 3)
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

  test('a wake from another thread is heard, and keeps run from its end until stop', async () => {
    let wakes = 0
    using scheduler: Scheduler = open({
      onWake() {
        wakes++
        scheduler.spawn(() => scheduler.stop())
      },
    })
    scheduler.spawn(function* () {
      yield scheduler.suspend(LONG_MS)
      scheduler.stop()
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

test('virtual time stands still from the moment on at which a wake from another thread says stop', () => {
  using scheduler: Scheduler = new Scheduler(libc, {
    backend: testedBackends[0]?.[1] as Backend,
    clock: new VirtualClock(),
    onWake: () => scheduler.stop(),
  })
  let hasSlept = false
  scheduler.spawn(function* () {
    yield scheduler.sleep(1000)
    hasSlept = true
  })
  wakeRemote(scheduler.wakeHandle())
  scheduler.run()
  expect([scheduler.now(), hasSlept, scheduler.counts.suspended]).toEqual([0, false, 1])
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
