/**
 * 1,000 random cancellations over each backend: of programs that wait in every way there is, at random points. After each
 * one no registration, no descriptor and no fiber is left, and no lock is held.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Memory } from '../../libc/memory.ts'
import { testedBackends, testedLibc } from '../../testing/backends.ts'
import { openCount, realIo } from '../../testing/real-io.ts'
import type { Routine } from '../fiber.ts'
import type { Address } from './addresses.ts'
import type { Future } from './future.ts'
import type { Io } from './io.ts'
import { IncomingMessage } from './messages.ts'
import type { Mutex } from './mutex.ts'
import { textBytes } from './vectors.ts'

const RUNS = 1000
/** More than the kernel takes at once. */
const large = new Memory(1 << 19)
const small = textBytes('a few bytes')
let names = 0
const abstract = (): Address => ({ family: 'unix', path: `\0evloop-random-${process.pid}-${names++}` })
const loopback: Address = { family: 'ip4', address: '127.0.0.1', port: 0 }

/** Programs that never end by themselves. What they open is closed where they are canceled. */
const programs: Readonly<Record<string, (io: Io, mutex: Mutex) => Routine<unknown>>> = {
  *echo(io) {
    using server = io.listen(names++ % 2 === 0 ? loopback : abstract())
    const serving = io.group('connections')
    serving.async(function* () {
      for (;;) {
        const stream = yield* server.accept()
        serving.async(function* () {
          using _stream = stream
          const memory = new Memory(64)
          for (let n = -1; n !== 0;) {
            n = yield* stream.read([memory])
            yield* stream.writeAll([{ bytes: memory.bytes.subarray(0, n), address: memory.address }])
          }
        })
      }
    })
    try {
      for (;;) {
        using client = yield* io.connect(server.address)
        const answer = new Memory(64)
        for (let i = 0; i < 3; i++) {
          yield* client.writeAll([small])
          let got = 0
          while (got < small.bytes.length) got += yield* client.read([answer])
          expect(got).toBe(small.bytes.length)
        }
      }
    } finally {
      yield* serving.cancel()
    }
  },
  *flood(io) {
    using server = io.listen(abstract())
    using client = yield* io.connect(server.address)
    using _accepted = yield* server.accept()
    for (;;) yield* client.write([large, small])
  },
  *queue(io) {
    using server = io.listen(abstract(), { backlog: 0 })
    using _first = yield* io.connect(server.address)
    using _second = yield* io.connect(server.address)
    throw new Error('there was room for it')
  },
  *messages(io) {
    using to = io.bind(abstract())
    using from = yield* io.connect(to.address, { mode: 'datagram' })
    const sending = io.async(function* () {
      for (;;) yield* from.send([{ data: small }, { data: small }, { data: small }])
    })
    try {
      for (let i = 0; ; i++) {
        if (i % 2 === 0) yield* io.sleep(0)
        yield* to.receive([new IncomingMessage(new Memory(64))])
      }
    } finally {
      yield* io.cancel(sending)
    }
  },
  *idle(io) {
    using server = io.listen(loopback)
    yield* server.accept()
  },
  *burst(io) {
    using to = io.bind(abstract())
    using from = yield* io.connect(to.address, { mode: 'datagram' })
    for (;;) yield* from.send([{ data: small }])
  },
  *silence(io) {
    using socket = io.bind(loopback)
    yield* socket.receive([new IncomingMessage(new Memory(64))], { timeoutMs: 60_000 })
  },
  *locks(io, mutex) {
    for (;;) {
      yield* mutex.lock()
      try {
        yield* io.sleep(0)
      } finally {
        mutex.unlock()
      }
    }
  },
  *conditions(io, mutex) {
    const condition = io.condition('condition')
    const waking = io.async(function* () {
      for (;;) {
        yield* io.sleep(0)
        if (names++ % 3 === 0) condition.wakeAll()
        else condition.wakeOne()
      }
    })
    try {
      for (;;) {
        yield* mutex.lock()
        try {
          yield* condition.wait(mutex)
          expect(mutex.owner).toBe(io.scheduler.current)
        } finally {
          mutex.unlock()
        }
      }
    } finally {
      yield* io.cancel(waking)
    }
  },
  *select(io) {
    const sleepers = [60_000, 0].map((ms) => io.async(() => io.sleep(ms)))
    try {
      expect(yield* io.select(sleepers)).toBe(1)
      yield* io.select(sleepers.slice(0, 1))
    } finally {
      for (const sleeper of sleepers) yield* io.cancel(sleeper)
    }
  },
  *await(io) {
    const inner = io.async(() => io.sleep(60_000))
    try {
      yield* io.await(inner)
    } finally {
      yield* io.cancel(inner)
    }
  },
  *group(io) {
    const group = io.group('group')
    for (let i = 0; i < 3; i++) group.async(() => io.sleep(60_000))
    yield* group.wait()
  },
  *sleep(io) {
    for (;;) yield* io.sleep(0.01)
  },
}

const scenario = fc.record({
  names: fc.array(fc.constantFrom(...Object.keys(programs)), { minLength: 1, maxLength: 4 }),
  // What the others have time for before: a turn of all that are ready, or a look at time and descriptors.
  turns: fc.array(fc.constantFrom('yield', 'look'), { maxLength: 16 }),
  // Which of them is canceled before all are.
  first: fc.option(fc.nat(3), { nil: undefined }),
})

test.each(testedBackends)('over %s', (_name, backend) => {
  using real = realIo(testedLibc, backend)
  const { io, scheduler } = real
  const points = new Map<string, number>()
  let canceled = 0

  function* turn(turns: readonly string[]): Routine {
    for (const each of turns) {
      if (each === 'yield') yield scheduler.yieldNow()
      else yield* io.sleep(0)
    }
  }

  function* play({
    names: chosen,
    turns,
    first,
  }: typeof scenario extends fc.Arbitrary<infer T> ? T : never): Routine {
    const mutex = io.mutex('mutex')
    const children: Future<unknown>[] = []
    const parent = io.async(function* () {
      try {
        for (const name of chosen)
          children.push(io.async(() => programs[name]?.(io, mutex) as Routine<unknown>, name))
        yield* io.sleep(60_000)
      } finally {
        for (const child of children) expect(yield* io.cancel(child)).toBeUndefined()
      }
    })
    yield* turn(turns)
    const early = first === undefined ? undefined : children[first]
    if (early !== undefined) io.requestCancel(early)
    yield* turn(turns.slice(0, 2))
    expect(yield* io.cancel(parent)).toBeUndefined()
    for (const { canceled: error, state } of [parent, ...children]) {
      expect(state).toBe('canceled')
      canceled++
      points.set(error?.operation ?? '', (points.get(error?.operation ?? '') ?? 0) + 1)
    }
    // What has fired, and is wanted no more, is removed before the next wait.
    yield* io.sleep(0)
    expect([mutex.owner, real.left(), scheduler.counts]).toEqual([
      undefined,
      0,
      { fibers: 1, suspended: 0, registrations: 0 },
    ])
  }

  // Opens what the backend has for itself.
  real.run(function* () {
    using socket = io.bind(loopback)
    yield scheduler.blockOnFd(socket.fd, 'read', 0)
  })
  const before = openCount()
  fc.assert(
    fc.property(scenario, (chosen) => {
      real.run(() => play(chosen))
      expect(openCount()).toBe(before)
    }),
    { numRuns: RUNS },
  )
  expect(canceled).toBeGreaterThan(2 * RUNS)
  // Each way to wait was cut short, not once only.
  const ways = [
    'accept',
    'read',
    'write',
    'connect',
    'receive',
    'send',
    'sleep',
    'lock of mutex',
    'wait in condition',
  ]
  const seldom = [...ways, 'select', 'group'].filter((way) => (points.get(way) ?? 0) <= 3)
  expect(seldom).toEqual([])
  const awaits = [...points].filter(([point]) => point.startsWith('await of'))
  expect(awaits.length).toBeGreaterThan(0)
})
