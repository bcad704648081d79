/** Who makes a call, and whether its result is to be the same every time. */
import { describe, expect, test } from 'vitest'
import { O } from '../../libc/constants/linux.ts'
import { openEventfd } from '../../libc/fd.ts'
import { openLibc } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import { callsOf, oneLane, stepsOf } from '../../testing/recordings.ts'
import { Recorder } from './recorder.ts'
import type { Tape } from './tape.ts'

const libc = openLibc()

describe('lanes', () => {
  test('have a tape each, or one together', () => {
    const recorder = new Recorder(libc, 2)
    const [a, b] = recorder.lanes
    const action = (): void => {
      a?.libc.fn.getppid()
      b?.libc.fn.getpagesize()
      a?.barrier()
      b?.pace()
      b?.mark()
    }
    expect(recorder.record(action).map((tape) => stepsOf(tape))).toEqual([
      ['getppid()', 'barrier'],
      ['getpagesize()', 'pace', 'mark'],
    ])
    expect(recorder.record(action, 'together').map((tape) => stepsOf(tape))).toEqual([
      ['getppid()', 'getpagesize()', 'barrier', 'pace', 'mark'],
    ])
  })

  test('act through whatever Libc when they say so, and are not checked', () => {
    const recorder = new Recorder(libc, 2)
    const [a, b] = recorder.lanes
    using fd = openEventfd(libc)
    const memory = new Memory(8)
    const tapes = recorder.record(() => {
      expect(b?.unchecked(() => a?.libc.fn.read(fd.fd, memory.address, 8))).toBe(-1)
      expect(() => b?.unchecked(() => b.unchecked(() => void a?.libc.fn.getppid()))).not.toThrow()
      expect(() =>
        b?.unchecked(() => {
          throw new RangeError('mine')
        }),
      ).toThrow(RangeError)
      a?.libc.fn.getppid()
    })
    const [first, second] = tapes
    expect(first && stepsOf(first)).toEqual(['getppid()'])
    expect(second && callsOf(second).map(({ checked }) => checked)).toEqual([false, false])
    expect(first && callsOf(first).map(({ checked }) => checked)).toEqual([true])
  })

  test('go on to be unchecked after what they do within that', () => {
    const { lane, record } = oneLane(libc)
    const tape = record(() => {
      lane.unchecked(() => {
        lane.unchecked(() => lane.libc.fn.getppid())
        lane.libc.fn.getpagesize()
      })
    })
    expect(callsOf(tape).map(({ checked }) => checked)).toEqual([false, false])
  })
})

describe('descriptors of unchecked calls', () => {
  test('are kept in a slot until they are closed, and later calls take them from there', () => {
    const { lane, record } = oneLane(libc)
    const { fn } = lane.libc
    const flags = O.NONBLOCK | O.CLOEXEC
    const memory = new Memory(8)
    const once = (): Tape =>
      record(() => {
        const [one, other] = lane.unchecked(() => [fn.eventfd(0, flags), fn.eventfd(0, flags)])
        fn.write(other ?? -1, memory.address, 8)
        fn.close(one ?? -1)
        const third = lane.unchecked(() => fn.eventfd(0, flags))
        fn.close(other ?? -1)
        fn.close(third)
      })
    const calls = stepsOf(once()).filter((step) => !step.includes(' at '))
    expect(calls.map((step) => step.replace(/,.*/, ''))).toEqual([
      'eventfd(0',
      'eventfd(0',
      'write(unchecked 1',
      'close(unchecked 0)',
      'eventfd(0',
      'close(unchecked 1)',
      'close(unchecked 0)',
    ])
    expect(stepsOf(once()).filter((step) => !step.includes(' at '))).toEqual(calls)
  })

  test('are numbers as any other where the call is checked', () => {
    const { lane, record } = oneLane(libc)
    const tape = record(() => void lane.libc.fn.close(lane.libc.fn.eventfd(0, O.CLOEXEC)))
    expect(stepsOf(tape)[1]).toMatch(/^close\(\d+\)$/)
  })
})
