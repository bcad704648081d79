import { describe, expect, it, vi } from 'vitest'
import { Endings } from './endings.ts'
import { Job } from './job.ts'
import { JobState } from './job-table.ts'
import { Jobs } from './jobs.ts'
import { NONE } from './shared-ring.ts'
import { PoolMemory } from './shared.ts'

const DEAD = 1
const ALIVE = 2
const definition = { id: 0, module: 'file:///jobs.js', name: 'work' }

const setUp = () => {
  const memory = new PoolMemory(PoolMemory.plan(3, 16))
  const jobs = new Jobs(memory.table)
  const endings = new Endings(memory, jobs)
  /** A job in the table, which is as far as `advance` brings it. */
  const jobWith = (advance: (slot: number) => void, idempotent = false) => {
    const resolve = vi.fn<(value: unknown) => void>()
    const reject = vi.fn<(error: unknown) => void>()
    jobs.add(new Job(definition, [], { idempotent, resolve, reject }))
    const slot = jobs.fillNext()
    advance(slot)
    return { slot, resolve, reject }
  }
  const queued = (): number[] => {
    const slots = memory.common.peek()
    while (memory.common.take() !== NONE);
    return slots
  }
  return { memory, table: memory.table, jobs, endings, jobWith, queued }
}

describe('when a thread is gone', () => {
  it('a job that it has finished is settled, told or not', () => {
    const { memory, table, jobs, endings, jobWith, queued } = setUp()
    const told = jobWith((slot) => {
      table.claim(slot, DEAD)
      table.finish(slot, DEAD, 5)
      memory.returned[DEAD]?.push(slot)
    })
    const untold = jobWith((slot) => {
      table.claim(slot, DEAD)
      table.finish(slot, DEAD, 6)
    })
    endings.threadEnded(DEAD, 'it was killed', false)
    expect([told.resolve.mock.calls, untold.resolve.mock.calls]).toEqual([[[5]], [[6]]])
    expect([jobs.size, queued()]).toEqual([0, []])
  })

  it('a job that it had not started is for others; one that loses three threads so is given up', () => {
    const { table, jobs, endings, jobWith, queued } = setUp()
    const { slot, reject } = jobWith(() => {})
    for (let deaths = 1; deaths < 3; deaths++) {
      table.claim(slot, DEAD)
      endings.threadEnded(DEAD, 'it exited with code 1', false)
      expect([table.stateOf(slot), queued()]).toEqual([JobState.QUEUED, [slot]])
    }
    table.claim(slot, DEAD)
    endings.threadEnded(DEAD, 'it exited with code 1', false)
    expect(reject.mock.calls[0]?.[0]).toMatchObject({
      problem: 'worker-died',
      job: 'work of file:///jobs.js',
      reason: 'thread 1 has ended before it had started: it exited with code 1',
    })
    expect([jobs.size, queued()]).toEqual([0, []])
  })

  it('a job that it had started is over, also where its result was about to be sent; if idempotent, it runs again', () => {
    const { table, endings, jobWith, queued } = setUp()
    const start = (slot: number): void => {
      table.claim(slot, DEAD)
      table.start(slot, DEAD)
    }
    const started = jobWith(start)
    const sending = jobWith((slot) => {
      start(slot)
      table.told(slot, DEAD)
    }, true)
    const again = jobWith(start, true)
    endings.threadEnded(DEAD, 'it was killed', false)
    for (const { reject, resolve } of [started, sending]) {
      expect(resolve).not.toHaveBeenCalled()
      expect(reject.mock.calls).toMatchObject([[{ problem: 'worker-died' }]])
      expect(String(reject.mock.calls[0]?.[0])).toContain('thread 1 has ended while it ran: it was killed')
    }
    expect([again.reject.mock.calls, queued()]).toEqual([[], [again.slot]])
  })

  it('a job that it was about to claim is queued again, wherever it stood, and once', () => {
    const { memory, endings, jobWith, queued } = setUp()
    // Taken from a queue, and in none.
    const taken = jobWith(() => {})
    const own = jobWith((slot) => memory.queues[DEAD]?.push(slot))
    const common = jobWith((slot) => memory.enqueue(slot))
    endings.threadEnded(DEAD, 'it was killed', false)
    expect(queued().toSorted((a, b) => b - a)).toEqual([taken.slot, own.slot, common.slot])
    expect(memory.queues[DEAD]?.size).toBe(0)
  })

  it('what others have stays theirs', () => {
    const { memory, table, endings, jobWith, queued } = setUp()
    const { slot, reject, resolve } = jobWith((claimed) => {
      table.claim(claimed, ALIVE)
      table.start(claimed, ALIVE)
    })
    const theirs = jobWith((queuedThere) => memory.queues[ALIVE]?.push(queuedThere))
    endings.threadEnded(DEAD, 'it was killed', false)
    expect([table.stateOf(slot), table.threadOf(slot)]).toEqual([JobState.STARTED, ALIVE])
    expect([reject.mock.calls, resolve.mock.calls]).toEqual([[], []])
    // It stands there and here: whoever comes first claims it.
    expect([memory.queues[ALIVE]?.peek(), queued()]).toEqual([[theirs.slot], [theirs.slot]])
  })

  it('with the pool, what it has done is settled, and all else left for the pool to end', () => {
    const { table, jobs, endings, jobWith, queued } = setUp()
    const done = jobWith((slot) => {
      table.claim(slot, DEAD)
      table.finish(slot, DEAD, undefined)
    })
    const running = jobWith((slot) => {
      table.claim(slot, DEAD)
      table.start(slot, DEAD)
    })
    endings.threadEnded(DEAD, 'it exited with code 0', true)
    expect([done.resolve.mock.calls, running.reject.mock.calls]).toEqual([[[undefined]], []])
    expect([jobs.size, queued()]).toEqual([1, []])
  })
})
