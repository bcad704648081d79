import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { JobState, JobTable, MOST_NUMBERS } from './job-table.ts'

const tableOf = (length: number): JobTable =>
  new JobTable(new SharedArrayBuffer(JobTable.bytes(length)), 0, length)

describe('a table of jobs', () => {
  it('gives a job to the first that claims it, and to nobody else', () => {
    const table = tableOf(2)
    expect(table.claim(1, 5)).toBe(false)
    table.fill(1, 7, [])
    expect([table.claim(1, 5), table.claim(1, 6), table.claim(1, 5)]).toEqual([true, false, false])
    expect([table.stateOf(1), table.threadOf(1), table.functionOf(1)]).toEqual([JobState.CLAIMED, 5, 7])
    expect(table.stateOf(0)).toBe(JobState.FREE)
  })

  it('cannot take a job back that was claimed, and nobody can claim one that was taken back', () => {
    const table = tableOf(1)
    table.fill(0, 0, [])
    expect([table.withdraw(0), table.withdraw(0), table.claim(0, 1)]).toEqual([true, false, false])
    table.fill(0, 0, [])
    expect([table.claim(0, 1), table.withdraw(0)]).toEqual([true, false])
  })

  it('keeps numbers as they are, in each slot its own', () => {
    const numbers = fc.array(fc.double(), { maxLength: MOST_NUMBERS })
    fc.assert(
      fc.property(fc.array(fc.tuple(numbers, fc.double()), { minLength: 1, maxLength: 8 }), (jobs) => {
        const table = tableOf(jobs.length)
        for (const [slot, [args]] of jobs.entries()) table.fill(slot, slot, args)
        for (const [slot, [, result]] of jobs.entries()) {
          table.start(slot, 3)
          table.finish(slot, 3, result)
        }
        for (const [slot, [args, result]] of jobs.entries()) {
          expect(table.argumentsOf(slot)).toEqual(args)
          expect(table.resultOf(slot)).toBe(result)
          expect([table.stateOf(slot), table.threadOf(slot)]).toEqual([JobState.RETURNED, 3])
        }
      }),
    )
  })

  it('tells no result from a number, and arguments that are elsewhere from none', () => {
    const table = tableOf(1)
    table.fill(0, 0, undefined)
    expect(table.argumentsOf(0)).toBeUndefined()
    table.finish(0, 0, 1)
    table.finish(0, 0, undefined)
    expect(table.resultOf(0)).toBeUndefined()
    table.fill(0, 0, [])
    expect(table.argumentsOf(0)).toEqual([])
  })
})
