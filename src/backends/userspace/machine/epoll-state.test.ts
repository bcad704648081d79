import { beforeEach, describe, expect, test } from 'vitest'
import { EPOLL, O, SHUT } from '../../../libc/constants/linux.ts'
import { EventCounter } from '../files/event-counter.ts'
import { Pipe, PipeEnd } from '../files/pipe.ts'
import { StreamSocket } from '../files/stream.ts'
import type { EventSink } from './epoll-state.ts'
import { EpollState } from './epoll-state.ts'
import { complete } from './steps.ts'

const { IN, OUT, ET, ONESHOT } = EPOLL

let state: EpollState
beforeEach(() => {
  state = new EpollState()
})

const source = (count = 0n): EventCounter => new EventCounter(count, false, true)
const one = new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0])

function add(fd: number, file: EventCounter | EpollState, events: number, to = state): number {
  return complete(to.add(fd, file, { events, dataLow: fd, dataHigh: 0 }))
}

/** The descriptors that a drain finds, up to a number of them. */
function drain(limit = 8, from = state): number[] {
  const found: number[] = []
  complete(from.drainReady(limit, { put: (_, low) => found.push(low) > 0 }))
  return found
}

describe('what is ready when it is added', () => {
  test('is queued at once, writable too', () => {
    add(3, source(), OUT)
    add(4, source(), IN)
    expect(drain()).toEqual([3])
  })

  test('and again when it is modified, edge-triggered or not', () => {
    const file = source(1n)
    add(3, file, IN | ET)
    expect([drain(), drain()]).toEqual([[3], []])
    complete(state.modify(3, file, { events: IN | ET, dataLow: 7, dataHigh: 0 }))
    expect([drain(), drain()]).toEqual([[7], []])
  })
})

test('a registration is in the queue once, however often it is told of', () => {
  const file = source()
  add(3, file, IN)
  for (let i = 0; i < 5; i++) file.write(one, 8)
  expect(state.queue.length).toBe(1)
  expect(state.counters).toMatchObject({ enqueueAttempts: 5, dedupeHits: 4 })
  expect(drain()).toEqual([3])
})

test('what it does not ask for is no attempt', () => {
  const file = source()
  add(3, file, OUT | ET)
  drain()
  file.write(one, 8)
  expect(state.counters.enqueueAttempts).toBe(1)
})

test('a level-triggered entry goes to the back, and is not taken twice by one drain', () => {
  for (const fd of [3, 4, 5]) add(fd, source(1n), IN)
  expect([drain(2), drain(2), drain(2), drain()]).toEqual([
    [3, 4],
    [5, 3],
    [4, 5],
    [3, 4, 5],
  ])
  expect(state.counters.requeues).toBe(9)
})

test('what is not so any more is dropped, and counted', () => {
  const file = source()
  add(3, file, IN)
  file.write(one, 8)
  file.read(new Uint8Array(8), 8)
  expect(drain()).toEqual([])
  expect(state.counters).toMatchObject({ retracted: 1, delivered: 0 })
})

describe('generations', () => {
  test('go up over DEL and ADD, so that an entry of before is dropped', () => {
    const file = source()
    add(3, file, IN)
    const first = state.find(3, file)?.generation
    file.write(one, 8)
    complete(state.remove(3, file))
    file.read(new Uint8Array(8), 8)
    add(3, file, IN)
    expect(state.find(3, file)?.generation).toBeGreaterThan(first ?? Infinity)
    expect(drain()).toEqual([])
    expect(state.counters.staleGenerationDrops).toBe(1)
  })

  test('leave an entry that was queued when it was modified in its place', () => {
    const [a, b] = [source(1n), source(1n)]
    add(3, a, IN)
    add(4, b, IN)
    complete(state.modify(3, a, { events: IN, dataLow: 9, dataHigh: 0 }))
    expect(drain()).toEqual([9, 4])
    expect(state.counters.staleGenerationDrops).toBe(0)
  })
})

test('removing what is queued does not fill the queue', () => {
  for (let i = 0; i < 10_000; i++) {
    const file = source(1n)
    add(3, file, IN)
    complete(state.remove(3, file))
  }
  expect(state.queue.length).toBeLessThan(200)
})

test('a oneshot is disarmed by its event, and armed by MOD', () => {
  const file = source(1n)
  add(3, file, IN | ONESHOT)
  expect([drain(), drain()]).toEqual([[3], []])
  file.write(one, 8)
  expect(state.queue.length).toBe(0)
  complete(state.modify(3, file, { events: IN | ONESHOT, dataLow: 3, dataHigh: 0 }))
  expect(drain()).toEqual([3])
})

test('what a sink does not take stays first, and is not lost', () => {
  for (const fd of [3, 4]) add(fd, source(1n), IN | ET)
  const taken: number[] = []
  const full: EventSink = { put: (_, low) => taken.length < 1 && taken.push(low) > 0 }
  expect(complete(state.drainReady(8, full))).toEqual({ count: 1, refused: true, busy: false })
  expect(taken).toEqual([3])
  expect([drain(), drain()]).toEqual([[4], []])
})

describe('an instance in an instance', () => {
  test('is ready while an entry of its own is', () => {
    const outer = new EpollState()
    const file = source()
    add(3, file, IN)
    add(9, state, IN, outer)
    expect(drain(8, outer)).toEqual([])
    file.write(one, 8)
    expect(drain(8, outer)).toEqual([9])
    file.read(new Uint8Array(8), 8)
    expect(drain(8, outer)).toEqual([])
    expect(state.queue.length).toBe(0)
  })

  test('tells of every change, also of one that it has queued already', () => {
    const outer = new EpollState()
    const file = source()
    add(3, file, IN)
    add(9, state, IN | ET, outer)
    for (let i = 0; i < 2; i++) {
      file.write(one, 8)
      expect([drain(8, outer), drain(8, outer)]).toEqual([[9], []])
    }
  })
})

test('of several exclusive instances one is told, if somebody waits there', () => {
  const others = [new EpollState(), new EpollState()]
  const file = source()
  for (const other of others) add(3, file, IN | EPOLL.EXCLUSIVE, other)
  const sleeper = others[0]?.notifier.sleep()
  file.write(one, 8)
  expect(sleeper?.awake).toBe(true)
  expect(others.map(({ queue }) => queue.length)).toEqual([1, 0])
})

test('two files under one number are two registrations, each with its own data', () => {
  const [before, after] = [source(1n), source(1n)]
  add(3, before, IN)
  expect(add(3, before, IN)).toBeLessThan(0)
  complete(state.add(3, after, { events: IN, dataLow: 8, dataHigh: 0 }))
  expect(drain()).toEqual([3, 8])
  complete(state.remove(3, before))
  expect(drain()).toEqual([8])
  complete(state.remove(3, after))
  expect([...state.subscriptions()]).toEqual([])
})

test('of several exclusive instances all are told of a hang-up, and of a shutdown: it concerns everybody', () => {
  const pipe = new Pipe()
  const [reader, writer] = [new PipeEnd(pipe, O.RDONLY, true), new PipeEnd(pipe, O.WRONLY, true)]
  const [a, b] = [new StreamSocket(true), new StreamSocket(true)]
  a.pairWith(b)
  const others = [new EpollState(), new EpollState(), new EpollState()]
  for (const other of others) {
    complete(other.add(3, reader, { events: IN | EPOLL.EXCLUSIVE, dataLow: 3, dataHigh: 0 }))
    complete(other.add(4, a, { events: IN | EPOLL.EXCLUSIVE, dataLow: 4, dataHigh: 0 }))
  }
  const woken = (act: () => void): number => {
    const sleepers = others.map(({ notifier }) => notifier.sleep())
    act()
    const count = sleepers.filter(({ awake }) => awake).length
    for (const { notifier } of others) while (notifier.sleepers.length > 0) notifier.notifyOne()
    return count
  }
  expect(woken(() => writer.write(one, 8))).toBe(1)
  expect(woken(() => b.send(one, 8))).toBe(1)
  expect(woken(() => b.shutdown(SHUT.WR))).toBe(3)
  expect(woken(() => writer.release())).toBe(3)
})
