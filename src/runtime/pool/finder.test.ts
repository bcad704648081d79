import { describe, expect, it, vi } from 'vitest'
import { Finder, MOST_LOOKED_AT } from './finder.ts'
import { NONE } from './shared-ring.ts'
import { Inbox, PoolMemory } from './shared.ts'

const THREADS = 8
const ME = 2

/** A pool whose threads are all there, and busy. */
const setUp = () => {
  const memory = new PoolMemory(PoolMemory.plan(THREADS, 64))
  for (let thread = 0; thread < THREADS; thread++) memory.setInbox(thread, Inbox.BUSY)
  const hasMore = vi.fn<() => void>()
  return { memory, hasMore, finder: new Finder(memory, ME, hasMore) }
}

/** Notes from whose queues is taken, and when the thread says that it is idle (-1). */
const watch = (memory: PoolMemory): number[] => {
  const seen: number[] = []
  for (const [thread, queue] of memory.queues.entries()) {
    const take = queue.take.bind(queue)
    vi.spyOn(queue, 'take').mockImplementation(() => {
      if (thread !== ME) seen.push(thread)
      return take()
    })
  }
  const rest = memory.rest.bind(memory)
  vi.spyOn(memory, 'rest').mockImplementation((thread) => {
    seen.push(-1)
    return rest(thread)
  })
  return seen
}

describe('a finder', () => {
  it('takes from its own queue, then of the common one, then from others', () => {
    const { memory, finder } = setUp()
    memory.queues[5]?.push(30)
    memory.enqueue(20)
    memory.queues[ME]?.push(10)
    expect([finder.next(), finder.next(), finder.next(), finder.next()]).toEqual([10, 20, 30, NONE])
    expect(memory.stolen).toBe(1)
    // Fibers may have something to do yet.
    expect(memory.inbox(ME)).toBe(Inbox.BUSY)
  })

  it('takes a share of the common jobs, in their order, and says that others could have of it', () => {
    const { memory, hasMore, finder } = setUp()
    for (let slot = 0; slot < 20; slot++) memory.enqueue(slot)
    expect([finder.next(), memory.common.size, memory.queues[ME]?.size]).toEqual([0, 4, 15])
    expect(hasMore).toHaveBeenCalledTimes(1)
    expect(Array.from({ length: 19 }, () => finder.next())).toEqual(
      Array.from({ length: 19 }, (_, i) => i + 1),
    )
  })

  it('looks at 4 others at most before it says that it is idle, and the next time at the next ones', () => {
    const { memory, finder } = setUp()
    const seen = watch(memory)
    expect([finder.nextOrIdle(), memory.inbox(ME)]).toEqual([NONE, Inbox.IDLE])
    expect(seen).toEqual([3, 4, 5, 6, -1])
    finder.begin()
    expect(finder.nextOrIdle()).toBe(NONE)
    expect(seen.slice(MOST_LOOKED_AT + 1)).toEqual([7, 0, 1, 3, -1])
  })

  it('does not count threads that are not there', () => {
    const { memory, finder } = setUp()
    for (const thread of [3, 4, 5]) memory.setInbox(thread, Inbox.ABSENT)
    const seen = watch(memory)
    finder.nextOrIdle()
    expect(seen).toEqual([6, 7, 0, 1, -1])
  })

  it('does not sleep while a job is left, however far away', () => {
    const { memory, finder } = setUp()
    memory.queues[1]?.push(7)
    const seen = watch(memory)
    expect([finder.nextOrIdle(), memory.inbox(ME)]).toEqual([7, Inbox.BUSY])
    // It had looked at four, was about to sleep, and saw that something is left.
    expect(seen).toEqual([3, 4, 5, 6, -1, 7, 0, 1])
  })

  it.each(['common', 'of another'])('sees a job that came after it had looked, %s', (where) => {
    const { memory, finder } = setUp()
    const rest = memory.rest.bind(memory)
    vi.spyOn(memory, 'rest').mockImplementationOnce((thread) => {
      // Just before it says so: whoever queues it sees no idle thread.
      expect(memory.offer(ME, Inbox.BUSY)).toBe(false)
      if (where === 'common') memory.enqueue(9)
      else memory.queues[7]?.push(9)
      return rest(thread)
    })
    expect([finder.nextOrIdle(), memory.inbox(ME)]).toEqual([9, Inbox.BUSY])
  })

  it('takes what it was given while it looked again, and leaves the other job where it is', () => {
    const { memory, finder } = setUp()
    const rest = memory.rest.bind(memory)
    vi.spyOn(memory, 'rest').mockImplementationOnce((thread) => {
      const was = rest(thread)
      memory.enqueue(1)
      expect(memory.offer(ME, 2)).toBe(true)
      return was
    })
    expect([finder.nextOrIdle(), finder.nextOrIdle(), finder.nextOrIdle()]).toEqual([2, 1, NONE])
  })

  it('takes what it was given while it was idle, though it was woken for nothing and looks again', () => {
    const { memory, finder } = setUp()
    expect(finder.nextOrIdle()).toBe(NONE)
    expect(memory.offer(ME, 5)).toBe(true)
    expect([finder.nextOrIdle(), memory.inbox(ME)]).toEqual([5, Inbox.BUSY])
    // Idle again, and still so where nothing has come.
    expect([finder.nextOrIdle(), finder.nextOrIdle(), memory.inbox(ME)]).toEqual([NONE, NONE, Inbox.IDLE])
  })

  it('keeps what it was given while it was idle, where it finds another job first', () => {
    const { memory, hasMore, finder } = setUp()
    finder.nextOrIdle()
    memory.offer(ME, 5)
    memory.enqueue(6)
    expect([finder.nextOrIdle(), memory.inbox(ME), hasMore.mock.calls.length]).toEqual([6, Inbox.BUSY, 1])
    expect([finder.nextOrIdle(), finder.nextOrIdle()]).toEqual([5, NONE])
  })

  it('says that a queue it has stolen from has more', () => {
    const { memory, hasMore, finder } = setUp()
    memory.queues[4]?.push(1)
    memory.queues[4]?.push(2)
    expect(finder.next()).toBe(1)
    expect(hasMore).toHaveBeenCalledTimes(1)
    expect(finder.nextOrIdle()).toBe(2)
    expect(hasMore).toHaveBeenCalledTimes(1)
  })

  it('begins with the job that it was given, if any', () => {
    const { memory, finder } = setUp()
    memory.setInbox(ME, 12)
    expect([finder.begin(), memory.inbox(ME), finder.begin()]).toEqual([12, Inbox.BUSY, NONE])
    memory.setInbox(ME, Inbox.IDLE)
    expect(finder.begin()).toBe(NONE)
  })

  it('needs a thread that there is', () => {
    const { memory } = setUp()
    expect(() => new Finder(memory, THREADS, () => {})).toThrow(RangeError)
  })
})
