import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openLibc } from '../../libc/libc.ts'
import { close, pipe, write } from '../build.ts'
import { Failure } from '../check.ts'
import { Machine } from '../machine.ts'
import type { Step } from '../steps.ts'
import { above, entry, pollEntries, selectSets, upTo } from '../steps/arrays.ts'

const libc = openLibc()
let machine: Machine
beforeEach(() => {
  machine = new Machine(libc, 'poll')
  machine.run(pipe('r', 'w'), pipe('empty', 'other'), write('w', 1))
})
afterEach(() => machine.close())

/** The failure of a step. */
function failureOf(step: Step): Failure {
  try {
    machine.run(step)
  } catch (error) {
    if (error instanceof Failure) return error
    throw error
  }
  throw new Error('the step did not fail')
}

describe('poll of an array that is written out', () => {
  it('passes if every entry becomes what is expected, with numbers that are no descriptors, and twice the same', () => {
    machine.run(
      close('other'),
      pollEntries([
        entry('r', 'OUT|IN', 'IN'),
        entry(-5, 'IN'),
        entry('r', 'IN', 'IN'),
        entry(1 << 24, '0', 'NVAL'),
        entry('empty', '0', 'HUP'),
      ]),
      pollEntries([entry(-1, 'IN')], { timeoutMs: 1 }),
      pollEntries([], { timeoutMs: 1 }),
    )
    expect(machine.currentStep).toContain('poll.entries')
  })

  it('fails with the entries that differ, and no others', () => {
    const step = pollEntries([entry('r', 'IN', 'IN'), entry('empty', 'IN', 'IN'), entry('w', 'OUT')])
    expect(failureOf(step)).toMatchObject({
      expected: 'entry 1 (empty): revents IN, entry 2 (w): revents 0',
      actual: 'entry 1 (empty): revents 0, entry 2 (w): revents OUT',
    })
  })

  it('is made by ppoll where a step says so', () => {
    const step = pollEntries([entry('r', 'IN', 'IN'), entry('empty', 'IN')], { timeoutMs: 1 })
    machine.run({ ...step, by: 'ppoll' })
    const count = failureOf({ ...step, expect: 2, by: 'ppoll' })
    expect(count).toMatchObject({ expected: 'ppoll gives 2', actual: 'ppoll gives 1' })
  })

  it('fails for another count, another errno, and for taking too long', () => {
    const count = failureOf(pollEntries([entry('r', 'IN', 'IN')], { expect: 2 }))
    expect(count).toMatchObject({ expected: 'poll gives 2', actual: 'poll gives 1' })
    const errno = failureOf(pollEntries([entry('r', 'IN', 'IN')], { expect: 'EINVAL' }))
    expect(errno).toMatchObject({ expected: 'poll gives EINVAL', actual: 'poll gives 1' })
    const slow = failureOf(pollEntries([entry('empty', 'IN')], { timeoutMs: 5, atMostMs: 1 }))
    expect(slow.actual).toMatch(/^poll lasted \d+ ms$/)
  })
})

describe('select of sets that are written out', () => {
  it('passes if all sets become what is expected as a whole', () => {
    machine.run(
      selectSets(
        above('other'),
        { read: ['r', 'empty'], write: ['w'], except: ['r'] },
        { read: ['r'], write: ['w'] },
      ),
      selectSets(above('other'), { read: ['empty'] }, {}, { timeoutMs: 1 }),
      selectSets(upTo('r'), { read: ['r'] }, {}, { anythingBeyond: true }),
      selectSets(-1, { read: ['r'] }, { read: ['r'] }, { expect: 'EINVAL' }),
      selectSets(5000, { read: ['r'] }, { read: ['r'] }, { room: 5000 }),
    )
    expect(machine.currentStep).toContain('select.sets')
  })

  it('fails with the sets, by name', () => {
    const sets = selectSets(above('other'), { read: ['r'], write: ['w'] }, { write: ['w'] }, { expect: 2 })
    expect(failureOf(sets)).toMatchObject({
      expected: 'the sets afterwards: read empty, write w',
      actual: 'the sets afterwards: read r, write w',
    })
    const count = failureOf(selectSets(above('w'), { read: ['r'] }, { read: ['r'] }, { expect: 2 }))
    expect(count).toMatchObject({ expected: 'select gives 2', actual: 'select gives 1' })
  })

  it('knows no set with room for a descriptor that is too large', () => {
    expect(() => machine.run(selectSets(1, { read: [2000] }, {}))).toThrow('no bit for 2000')
  })
})
