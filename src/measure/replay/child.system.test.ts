/** What a child does with the programs that it is given: cycles, marks, due times, processors, threads. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { UnsupportedError } from '../../errors.ts'
import { openLibc } from '../../libc/libc.ts'
import { SharedMemory } from '../../libc/shared-memory.ts'
import { hasCompiler } from '../../testing/compile.ts'
import {
  checkedCall,
  functionOf,
  handMade,
  runProgram,
  runPrograms,
  startedChild,
  theReplayer,
} from '../../testing/replay.ts'
import { parseProcessorList } from '../processors.ts'
import { MOST_MARKS, ReplayChild } from './child.ts'
import { LANES } from './layout.ts'

const libc = openLibc()

/** A call that counts how often it is made. */
const counting = (shared: SharedMemory, offset = 0): ReturnType<typeof checkedCall> =>
  checkedCall('increment', [shared.at(offset)], 0, { checks: false })
const countOf = (shared: SharedMemory, offset = 0): number => Number(shared.view.getBigInt64(offset, true))

const once = { cycles: 1, warmup: 0, timeoutMs: 20_000 }

describe.skipIf(!hasCompiler)('a child (needs a C compiler)', () => {
  test('runs warm-up and cycles, and times only these', () => {
    using shared = new SharedMemory(libc, 4096)
    const program = handMade([{ kind: 'TIME' }, counting(shared)])
    using child = startedChild()
    const before = Number(process.hrtime.bigint())
    const { marks, elapsedNs } = child.run([{ program }], { cycles: 5, warmup: 20, timeoutMs: 20_000 })
    const after = Number(process.hrtime.bigint())
    expect(countOf(shared)).toBe(25)
    const [times = new Float64Array()] = marks
    expect(times).toHaveLength(5)
    expect([...times].toSorted((a, b) => a - b)).toEqual([...times])
    // The same clock as Node's: CLOCK_MONOTONIC.
    expect(times.every((time) => time >= before && time <= after)).toBe(true)
    expect((times[4] ?? NaN) - (times[0] ?? NaN)).toBeLessThanOrEqual(elapsedNs)
  })

  test('runs again and again, and each run has marks of its own', () => {
    const program = handMade([{ kind: 'TIME' }, { kind: 'TIME' }])
    using child = startedChild()
    const runs = [3, 1, 2].map((cycles) => child.run([{ program }], { cycles, warmup: 1, timeoutMs: 20_000 }))
    expect(runs.map(({ marks }) => marks[0]?.length)).toEqual([6, 2, 4])
    const firsts = runs.map(({ marks }) => marks[0]?.[0] ?? NaN)
    expect(firsts.toSorted((a, b) => a - b)).toEqual(firsts)
    expect(new Set(firsts).size).toBe(3)
  })

  test('has room for so many marks and no more, of warm-up too', () => {
    const program = handMade([{ kind: 'TIME' }])
    using child = startedChild()
    const run = (cycles: number, warmup: number): number =>
      child.run([{ program }], { cycles, warmup, timeoutMs: 20_000 }).marks[0]?.length ?? NaN
    expect(run(MOST_MARKS, MOST_MARKS)).toBe(MOST_MARKS)
    expect(() => run(MOST_MARKS + 1, 0)).toThrow(RangeError)
    expect(() => run(1, MOST_MARKS + 1)).toThrow(RangeError)
  })

  test('is on time and never early when it paces itself, in warm-up and after it', () => {
    const periodNs = 200_000
    const program = handMade([{ kind: 'PACE' }, { kind: 'TIME' }])
    const { marks, elapsedNs } = runPrograms([{ program, periodNs }], { cycles: 50, warmup: 5 })
    const [times = new Float64Array()] = marks
    const due = Array.from({ length: 50 }, (_, i) => times[2 * i] ?? NaN)
    const woke = Array.from({ length: 50 }, (_, i) => times[2 * i + 1] ?? NaN)
    expect(due.map((time) => time - (due[0] ?? NaN))).toEqual(due.map((_, i) => i * periodNs))
    expect(woke.filter((time, i) => time < (due[i] ?? NaN))).toEqual([])
    expect(elapsedNs).toBeGreaterThanOrEqual(50 * periodNs)
  })

  test('sets the timer slack that it is told, and leaves it alone otherwise', () => {
    const program = handMade([checkedCall('slack', [], 7)])
    using child = startedChild()
    expect(() => child.run([{ program, timerSlackNs: 7 }], once)).not.toThrow()
    expect(() => child.run([{ program }], once)).not.toThrow()
  })

  test('runs on the processor that it is told', () => {
    const allowed = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))
    const cpus = parseProcessorList(allowed?.[1] ?? '0')
    for (const cpu of cpus) {
      expect(() =>
        runPrograms([{ program: handMade([checkedCall('processor', [], cpu)]), cpu }], { cycles: 100 }),
      ).not.toThrow()
    }
  })

  test('tells what it cost: its own time alone, with the system’s', () => {
    const spinning = handMade([{ kind: 'CALL', function: functionOf('slack') }])
    const busy = runProgram(spinning, { cycles: 200_000 })
    expect(busy.cpuNs).toBeGreaterThan(0)
    expect(busy.cpuNs).toBeLessThan(20e9)
    expect(busy.switches.voluntary).toBeGreaterThanOrEqual(0)
    expect(busy.waitedNs ?? 0).toBeGreaterThanOrEqual(0)
  })

  test.each([2, 3, LANES])('runs %i lanes at once, each in a thread of its own', (lanes) => {
    using shared = new SharedMemory(libc, 4096)
    const orders = Array.from({ length: lanes }, (_, lane) => ({
      program: handMade(
        [
          checkedCall('who', [shared.at(8 * lane)], 0),
          // No lane comes past here without all others: the counts are the same at every second barrier.
          { kind: 'ADD32', address: shared.at(2048) },
          { kind: 'BARRIER' },
          { kind: 'TIME' },
          { kind: 'BARRIER' },
        ],
        [[0], [1, 1], [2], [3], [4]],
      ),
    }))
    const { marks } = runPrograms(orders, { cycles: 10, warmup: 2 })
    expect(shared.view.getUint32(2048, true)).toBe(12 * lanes)
    const threads = Array.from({ length: lanes }, (_, lane) => shared.view.getBigUint64(8 * lane, true))
    expect(new Set(threads).size).toBe(lanes)
    // The looks at the clock of one cycle all come before those of the next one.
    const times = Array.from({ length: 10 }, (_, cycle) => marks.map((lane) => lane[cycle] ?? NaN))
    for (const [cycle, now] of times.slice(1).entries()) {
      expect(Math.min(...now)).toBeGreaterThanOrEqual(Math.max(...(times[cycle] ?? [])))
    }
    expect(marks).toHaveLength(lanes)
  })

  test('starts no lane before all are there, and measures none before all are warm', () => {
    using shared = new SharedMemory(libc, 4096)
    // The second lane's warm-up takes a while. The first one sees in its only cycle that it is over.
    const slow = handMade([{ kind: 'PACE' }, counting(shared, 8)])
    const fast = handMade([checkedCall('copy', [shared.at(16), shared.at(8)], 0), counting(shared)])
    expect(() =>
      runPrograms([{ program: fast }, { program: slow, periodNs: 1_000_000 }], { warmup: 20 }),
    ).not.toThrow()
    expect(countOf(shared, 16)).toBeGreaterThanOrEqual(20)
    expect([countOf(shared), countOf(shared, 8)]).toEqual([21, 21])
  })

  test('takes one lane after it had several, and the other way round', () => {
    using shared = new SharedMemory(libc, 4096)
    const order = {
      program: handMade([{ kind: 'ADD32', address: shared.address }, { kind: 'BARRIER' }], [[0, 1], [1]]),
    }
    using child = startedChild(3)
    for (const lanes of [1, 3, 1, 2])
      expect(() =>
        child.run(
          Array.from({ length: lanes }, () => order),
          once,
        ),
      ).not.toThrow()
    expect(shared.view.getUint32(0, true)).toBe(7)
  })

  test('has no more lanes than the replayer', () => {
    expect(() => new ReplayChild(theReplayer(), LANES + 1)).toThrow(UnsupportedError)
  })

  test('shares no memory with its parent but what is meant to be shared', () => {
    const order = { program: handMade([checkedCall('same', [1], 1)]) }
    using shared = new SharedMemory(libc, 8)
    const address = order.program.steps.address
    expect(() =>
      runPrograms([{ program: handMade([checkedCall('store', [address, -1], 0), counting(shared)]) }]),
    ).not.toThrow()
    expect(order.program.steps.view.getInt32(0, true)).toBe(0)
    expect(countOf(shared)).toBe(1)
  })
})
