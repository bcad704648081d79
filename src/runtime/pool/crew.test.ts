import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Libc } from '../../libc/libc.ts'
import { Crew } from './crew.ts'
import type { CrewEvents } from './crew.ts'
import { Modules } from './modules.ts'
import { NONE } from './shared-ring.ts'
import { Inbox, PoolMemory } from './shared.ts'
import type { WorkerEvents } from './worker-handle.ts'

/** The threads that were started, which here do nothing. */
const started: { readonly thread: number; readonly events: WorkerEvents; woken: number }[] = []
/** What starting one throws. */
let refusal: Error | undefined
let isFalseStart = false

vi.mock(import('./worker-handle.ts'), () => ({
  WorkerHandle: class {
    readonly #index: number
    constructor(_: PoolMemory, data: { readonly thread: number }, events: WorkerEvents) {
      if (refusal !== undefined) throw refusal
      this.#index = started.push({ thread: data.thread, events, woken: 0 }) - 1
    }
    get isFalseStart(): boolean {
      return isFalseStart
    }
    wake(): void {
      const one = started[this.#index]
      if (one !== undefined) one.woken++
    }
  } as never,
}))

beforeEach(() => {
  started.length = 0
  refusal = undefined
  isFalseStart = false
})

const setUp = (threads: number) => {
  const memory = new PoolMemory(PoolMemory.plan(threads, 64))
  const events = {
    report: vi.fn<CrewEvents['report']>(),
    ended: vi.fn<CrewEvents['ended']>(),
    replaced: vi.fn<CrewEvents['replaced']>(),
    cannotStart: vi.fn<CrewEvents['cannotStart']>(),
  }
  const libc = { plan: {}, fn: {}, has: () => false } as unknown as Libc
  const crew = new Crew(libc, 'epoll', memory, new Modules(), events)
  /** All that were started are busy from now on. */
  const busy = (): void => {
    for (const { thread } of started) memory.setInbox(thread, Inbox.BUSY)
  }
  let slot = 0
  const startAll = (count: number): void => {
    for (let i = 0; i < count; i++) crew.place(slot++)
    busy()
  }
  return { memory, events, crew, startAll }
}

describe('the threads of a pool', () => {
  it('are given a job each where none is idle, up to the limit; then it is queued', () => {
    const { memory, crew, startAll } = setUp(6)
    startAll(6)
    expect(started.map(({ thread }) => thread)).toEqual([0, 1, 2, 3, 4, 5])
    crew.place(40)
    expect([crew.size, memory.common.take(), memory.common.take()]).toEqual([6, 40, NONE])
    expect(started.every(({ woken }) => woken === 0)).toBe(true)
  })

  it('get a job when idle, before another one is started, and are woken', () => {
    const { memory, crew, startAll } = setUp(64)
    startAll(1)
    for (let slot = 1; slot < 50; slot++) {
      memory.setInbox(0, Inbox.IDLE)
      crew.place(slot)
      expect(memory.inbox(0)).toBe(slot)
    }
    expect([crew.size, started[0]?.woken]).toEqual([1, 49])
  })

  it('are looked at, four of them, before another one is started', () => {
    const { memory, crew, startAll } = setUp(8)
    startAll(6)
    const offer = vi.spyOn(memory, 'offer')
    // All of them are busy: four are looked at.
    crew.place(30)
    const looked = offer.mock.calls.map(([thread]) => thread)
    expect([new Set(looked).size, looked.length, crew.size]).toEqual([4, 4, 7])
    // The next four to be looked at are busy, the one after those is idle.
    const present = [0, 1, 2, 3, 4, 5, 6]
    const last = looked.at(-1) ?? NaN
    const fifth = (last + 5) % 7
    for (const thread of present) memory.setInbox(thread, Inbox.BUSY)
    memory.setInbox(fifth, Inbox.IDLE)
    crew.place(31)
    expect([crew.size, memory.inbox(fifth), memory.inbox(7)]).toEqual([8, Inbox.IDLE, 31])
    // From there on it goes round, and the idle one is among the first four.
    crew.place(32)
    expect(memory.inbox(fifth)).toBe(32)
  })

  it('are all looked at once a job is queued: an idle one must not sleep on', () => {
    const { memory, crew, startAll } = setUp(16)
    startAll(16)
    for (let thread = 0; thread < 16; thread++) {
      memory.setInbox(thread, Inbox.IDLE)
      const before = started[thread]?.woken ?? NaN
      crew.place(60)
      // It has the job, or is told that there is one to be found.
      const given = memory.setInbox(thread, Inbox.BUSY)
      expect(given === 60 || (given === Inbox.BUSY && memory.common.take() === 60)).toBe(true)
      expect(started[thread]?.woken).toBe(before + 1)
    }
    expect(memory.common.size).toBe(0)
  })

  it('are replaced when they end, each by one of its number', () => {
    const { memory, events, crew, startAll } = setUp(2)
    startAll(2)
    memory.setInbox(1, Inbox.IDLE)
    // It has said that there is something to look at, and ended before it sent that.
    expect([memory.notify(1), memory.notify(1)]).toEqual([true, false])
    events.ended.mockImplementation(() => expect([crew.size, memory.inbox(1)]).toEqual([1, Inbox.ABSENT]))
    started[1]?.events.ended('it was killed')
    expect(events.ended.mock.calls).toEqual([[1, 'it was killed']])
    expect(events.replaced).toHaveBeenCalledTimes(1)
    expect([started.length, started[2]?.thread, memory.inbox(1), crew.died]).toEqual([3, 1, Inbox.BUSY, 1])
    expect(memory.notify(1)).toBe(true)
  })

  it('are given up after three that did not come as far as to be ready', () => {
    const { events, crew, startAll } = setUp(1)
    isFalseStart = true
    startAll(1)
    for (let i = 0; i < 3; i++) started[i]?.events.ended('no memory')
    expect([started.length, crew.size]).toEqual([3, 0])
    expect(events.cannotStart.mock.calls).toEqual([['no memory']])
    // The next job is another try, and one that is ready makes good for all.
    crew.place(5)
    started[3]?.events.report({ kind: 'ready', handle: { fd: 0, plan: {} as never } })
    isFalseStart = false
    started[3]?.events.ended('it was killed')
    expect(started.length).toBe(5)
  })

  it('may be fewer than the limit where the system gives no more: the jobs are for those that are there', () => {
    const { memory, events, crew, startAll } = setUp(4)
    startAll(2)
    refusal = new Error('EAGAIN')
    for (let slot = 10; slot < 20; slot++) crew.place(slot)
    expect([crew.size, events.cannotStart.mock.calls.length]).toEqual([2, 0])
    expect(Array.from({ length: 11 }, () => memory.common.take())).toEqual([
      ...Array.from({ length: 10 }, (_, i) => 10 + i),
      NONE,
    ])
  })

  it('cannot be where the system gives none', () => {
    const { events, crew } = setUp(2)
    refusal = new Error('EAGAIN')
    crew.place(0)
    expect(events.cannotStart.mock.calls).toEqual([['Error: EAGAIN']])
    expect(crew.size).toBe(0)
  })
})
