/** Children that go another way than recorded, or do not come to an end. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { MeasurementError, UnsupportedError } from '../../errors.ts'
import { openDescriptors } from '../../libc/open-descriptors.ts'
import { openLibc } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
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
import { sumOfWords } from '../record/sum.ts'
import { ReplayChild } from './child.ts'

const libc = openLibc()
const one = { cycles: 1, warmup: 0, timeoutMs: 20_000 }

/** This process's children, zombies too. */
function children(): string[] {
  return readdirSync('/proc/self/task').flatMap((task) =>
    readFileSync(`/proc/self/task/${task}/children`, 'utf8')
      .split(' ')
      .filter((pid) => pid !== ''),
  )
}

/** What a run's failure says. */
function failureOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof MeasurementError) return error.message
    throw error
  }
  throw new Error('it did not fail')
}

describe.skipIf(!hasCompiler)('a child (needs a C compiler)', () => {
  const same = (value: number): ReturnType<typeof checkedCall> => checkedCall('same', [value], value)
  const crashing = { kind: 'CALL', function: 0 } as const

  test('names the step that differs, the cycle, what was expected and what came', () => {
    using shared = new SharedMemory(libc, 8)
    const third = checkedCall('increment', [shared.address], 1)
    const program = handMade([same(1), same(2), third, same(4)])
    expect(failureOf(() => runProgram(program, { cycles: 5 }))).toBe(
      'step 3 of 4, cycle 2: getppid(): expected 0, actual 2',
    )
  })

  test.each([0, 1, 2])('names the thread: %i of three', (lane) => {
    const barrier = { kind: 'BARRIER' } as const
    const orders = [0, 1, 2].map((i) => ({
      program: handMade([barrier, lane === i ? checkedCall('same', [1], 2) : same(1), barrier]),
    }))
    expect(failureOf(() => runPrograms(orders, { cycles: 3 }))).toBe(
      `step 2 of 3 of thread ${lane + 1}, cycle 1: getppid(): expected 0, actual 1`,
    )
  })

  test('tells one difference where several threads meet one', () => {
    const orders = Array.from({ length: 16 }, (_, i) => ({
      program: handMade([checkedCall('same', [i], 99)]),
    }))
    expect(failureOf(() => runPrograms(orders))).toMatch(
      /^step 1 of 1 of thread (\d+), cycle 1: .* actual \d+$/,
    )
  })

  test('differs already in warm-up', () => {
    expect(failureOf(() => runProgram(handMade([checkedCall('same', [1], 2)]), { warmup: 1 }))).toMatch(
      /actual 1$/,
    )
  })

  test.each([
    ['crashes', checkedCallOf('crash'), 'the process ended there with SIGSEGV'],
    ['calls what is no function', (): object => crashing, 'the process ended there with SIGSEGV'],
    ['exits', checkedCallOf('leave', 7), 'the process ended there with exit code 7'],
    ['exits as if all were well', checkedCallOf('leave', 0), 'the process ended there with exit code 0'],
  ])('names the step in which it %s', (_, call, end) => {
    const program = handMade([same(1), call() as typeof crashing, same(3)])
    expect(failureOf(() => runProgram(program))).toBe(
      `step 2 of 3, cycle 1: getppid(): expected 0, actual: ${end}`,
    )
    expect(children()).toEqual([])
  })

  test('is killed in a call that hangs, and names it', () => {
    const program = handMade([same(1), checkedCall('hang', [], 0), same(3)])
    expect(failureOf(() => runProgram(program, { timeoutMs: 500 }))).toBe(
      'step 2 of 3, cycle 1: getppid(): expected 0, actual: it has not returned after 0.5 s',
    )
    expect(children()).toEqual([])
  })

  test('blames the thread that hangs, and not one that has finished or waits for it', () => {
    const orders = [
      { program: handMade([same(1)]) },
      { program: handMade([same(1), checkedCall('hang', [], 0)]) },
      { program: handMade([same(1)]) },
    ]
    expect(failureOf(() => runPrograms(orders, { timeoutMs: 1000 }))).toMatch(
      /^step 2 of 2 of thread 2, cycle 1: /,
    )
  })

  test('says so where all wait at a barrier for one that never comes', () => {
    const orders = [{ program: handMade([{ kind: 'BARRIER' }]) }, { program: handMade([]) }]
    expect(failureOf(() => runPrograms(orders, { timeoutMs: 100 }))).toMatch(/has not returned after 0.1 s$/)
    expect(children()).toEqual([])
  })

  test('is gone after a failure: a further run fails and hangs nothing', () => {
    const program = handMade([checkedCall('same', [1], 2)])
    using child = startedChild()
    expect(() => child.run([{ program }], one)).toThrow(MeasurementError)
    expect(children()).toEqual([])
    expect(() => child.run([{ program }], one)).toThrow(MeasurementError)
  })

  test('leaves no descriptor and no zombie, whether it has run, failed or never been started', () => {
    const before = openDescriptors(libc)
    const program = handMade([same(1)])
    for (const use of [
      (): void => void runProgram(program),
      (): void => startedChild().close(),
      (): void => new ReplayChild(theReplayer(), 1).close(),
      (): void => void failureOf(() => runProgram(handMade([checkedCall('leave', [1], 0)]))),
    ]) {
      use()
      expect(openDescriptors(libc)).toEqual(before)
      expect(children()).toEqual([])
    }
    const child = startedChild()
    child.close()
    child.close()
  })

  test('shows the bytes of memory that differs', () => {
    const memory = new Memory(16)
    memory.bytes.set([1, 2, 3, 4, 5, 6, 7, 8])
    const sum = sumOfWords(memory.bytes, 4)
    const check = { kind: 'CHECK', address: memory.address, words: 4, sum } as const
    const program = handMade([checkedCall('store', [memory.at(4), 0xffee], 0), check])
    const [origin] = program.origins
    if (origin?.action.kind !== 'call') throw new Error('it is a call')
    const output = { address: memory.address, words: 4, sum, bytes: memory.bytes.slice() }
    const named = {
      ...program,
      origins: [origin, { ...origin, action: { ...origin.action, outputs: [output] } }],
    }
    expect(failureOf(() => runProgram(named))).toBe(
      'step 2 of 2, cycle 1: getppid(): it left other bytes than expected: expected 05 06 07 08 00 00 00 00 00 00 00 00, actual ee ff 00 00 00 00 00 00 00 00 00 00, from byte 4',
    )
  })

  test('leaves Node’s own children to Node', async () => {
    const program = handMade([same(1)])
    const theirs = spawn('true')
    runProgram(program)
    failureOf(() => runProgram(handMade([checkedCall('leave', [3], 0)])))
    expect(await once(theirs, 'exit')).toEqual([0, null])
  })

  test('says why none could be forked', () => {
    const replayer = theReplayer()
    const EAGAIN = 11
    const refusing = { ...replayer, native: { fn: { ...replayer.native.fn, evloop_host: () => -EAGAIN } } }
    using child = new ReplayChild(refusing, 1)
    expect(() => child.start([], [])).toThrow(new UnsupportedError('fork', 'it failed with EAGAIN'))
  })

  /** A call of the fixture; a function, because the fixture is compiled when tests run. */
  function checkedCallOf(name: string, ...args: number[]): () => object {
    return () => ({ ...checkedCall(name, args, 0), function: functionOf(name) })
  }
})
