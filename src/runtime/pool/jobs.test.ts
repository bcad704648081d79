import { describe, expect, it, vi } from 'vitest'
import { PoolError } from '../../errors.ts'
import { Job } from './job.ts'
import { JobState, JobTable } from './job-table.ts'
import { Jobs } from './jobs.ts'
import { NONE } from './shared-ring.ts'

const ROOM = 4
const definition = { id: 3, module: 'file:///jobs.js', name: 'work' }

const jobOf = (args: readonly unknown[] = []) => {
  const reject = vi.fn<(error: unknown) => void>()
  return { job: new Job(definition, args, { idempotent: false, resolve: () => {}, reject }), reject }
}
const setUp = (count: number) => {
  const table = new JobTable(new SharedArrayBuffer(JobTable.bytes(ROOM)), 0, ROOM)
  const jobs = new Jobs(table)
  const all = Array.from({ length: count }, (_, i) => jobOf([i]).job)
  for (const job of all) jobs.add(job)
  const fillAll = (): number[] => {
    const slots: number[] = []
    for (let slot = jobs.fillNext(); slot !== NONE; slot = jobs.fillNext()) slots.push(slot)
    return slots
  }
  return { table, jobs, all, fillAll }
}

describe('a job', () => {
  it('has its arguments as they were, as numbers where they have room', () => {
    expect(jobOf([1, 2]).job).toMatchObject({ args: [1, 2], numbers: [1, 2] })
    expect(jobOf([]).job.numbers).toEqual([])
    expect(jobOf([1, 2, 3, 4, 5, 6, 7]).job.numbers).toBeUndefined()
    expect(jobOf([1n]).job.numbers).toBeUndefined()
    const list = [1]
    const { job } = jobOf([list])
    list.push(2)
    expect(job).toMatchObject({ args: [[1]], numbers: undefined })
    expect(() => jobOf([() => 1])).toThrow('could not be cloned')
  })

  it('fails with an error that says which job, and why', () => {
    const { job, reject } = jobOf()
    job.fail('closed', 'the pool was closed')
    const error = reject.mock.calls[0]?.[0]
    expect(error).toBeInstanceOf(PoolError)
    expect(error).toMatchObject({
      problem: 'closed',
      job: 'work of file:///jobs.js',
      reason: 'the pool was closed',
    })
  })
})

describe('the jobs of a pool', () => {
  it('come into the table in their order, as far as there is room, and again when there is', () => {
    const { table, jobs, all, fillAll } = setUp(11)
    const order: unknown[] = []
    for (let round = 0; round < 3; round++) {
      const slots = fillAll()
      expect(jobs.fillNext()).toBe(NONE)
      for (const slot of slots) {
        expect([table.stateOf(slot), table.functionOf(slot)]).toEqual([JobState.QUEUED, 3])
        order.push(jobs.take(slot))
        expect([table.stateOf(slot), jobs.at(slot), jobs.take(slot)]).toEqual([
          JobState.FREE,
          undefined,
          undefined,
        ])
      }
    }
    expect(order).toEqual(all)
    expect(jobs.size).toBe(0)
  })

  it('are counted whether they wait or not', () => {
    const { jobs, fillAll } = setUp(6)
    expect(jobs.size).toBe(6)
    const [slot = NONE] = fillAll()
    expect(jobs.size).toBe(6)
    jobs.take(slot)
    expect(jobs.size).toBe(5)
  })

  it('are told apart: those that a thread has, those that nobody has', () => {
    const { table, jobs, fillAll } = setUp(4)
    const [a = NONE, b = NONE, c = NONE, d = NONE] = fillAll()
    table.claim(a, 1)
    table.claim(b, 2)
    table.claim(c, 1)
    table.start(c, 1)
    expect(new Set(jobs.claimedBy(1))).toEqual(new Set([a, c]))
    expect([jobs.claimedBy(2), jobs.claimedBy(0), jobs.queued()]).toEqual([[b], [], [d]])
  })

  it('give their arguments with the serial of their slot, as far as they are there', () => {
    const { table, jobs, fillAll } = setUp(5)
    const [a = NONE, b = NONE] = fillAll()
    jobs.take(b)
    const before = table.serialOf(a)
    expect(jobs.argumentsOf([a, b])).toEqual([{ slot: a, serial: before, values: jobs.at(a)?.args }])
    jobs.take(a)
    expect(fillAll()).toEqual([a])
    expect(jobs.argumentsOf([a])).toEqual([{ slot: a, serial: before + 1, values: [4] }])
  })

  it('are withdrawn where nobody has claimed them, and those that wait, too', () => {
    const { table, jobs, all, fillAll } = setUp(6)
    const [claimed = NONE] = fillAll()
    const kept = jobs.at(claimed)
    table.claim(claimed, 0)
    expect(new Set(jobs.withdraw())).toEqual(new Set(all.filter((job) => job !== kept)))
    expect([jobs.size, jobs.at(claimed)]).toEqual([1, kept])
    expect([jobs.takeAll(), jobs.size]).toEqual([[kept], 0])
  })
})
