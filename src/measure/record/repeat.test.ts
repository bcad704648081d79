import { describe, expect, test } from 'vitest'
import { MeasurementError, UnsupportedError } from '../../errors.ts'
import { Memory } from '../../libc/memory.ts'
import { sumOfWords } from './sum.ts'
import { repeating, withoutOutputs } from './repeat.ts'
import { Tape } from './tape.ts'
import type { Output, RecordedCall } from './tape.ts'

/** What an output holds. */
type Words = readonly number[]

function outputOf(address: number, words: Words): Output {
  const bytes = new Uint8Array(Uint32Array.from(words).buffer)
  return { address, words: words.length, sum: sumOfWords(bytes, words.length), bytes }
}

/** A read of a descriptor that gave a result and, where it is said, left these words. */
function reading(
  fd: number,
  result: number,
  outputs: readonly Words[] = [],
  over: Partial<RecordedCall> = {},
): Tape {
  const tape = new Tape()
  return add(tape, fd, result, outputs, over)
}

function add(
  tape: Tape,
  fd: number,
  result: number,
  outputs: readonly Words[] = [],
  over: Partial<RecordedCall> = {},
): Tape {
  const left = outputs.map((words, i) => outputOf(64 * i, words))
  const errno = result === -1 ? 11 : 0
  tape.addCall(
    { kind: 'call', name: 'read', args: [0, 4096, 8], result, errno, checked: true, outputs: left, ...over },
    fd,
  )
  return tape
}

/** Repeats recordings that are ready: cycles of one part with one lane. Also says how many were used. */
function repeat(cycles: readonly Tape[]): { readonly tape: Tape | undefined; readonly used: number } {
  let used = 0
  const [part] = repeating(() => {
    const tape = cycles[used++]
    if (tape === undefined) throw new Error('no cycle is left')
    return [[tape]]
  })
  return { tape: part?.[0], used }
}

/** The words that each of the calls of a tape is held against. */
function wordsOf(tape: Tape | undefined): (number[][] | undefined)[] {
  return Array.from({ length: tape?.length ?? 0 }, (_, step) => {
    const action = tape?.actions[tape.actionAt(step)]
    if (action?.kind !== 'call') return undefined
    return action.outputs.map(({ bytes }) => [...new Uint32Array(bytes.slice().buffer)])
  })
}

describe('a cycle', () => {
  test('is the second of two that do the same', () => {
    const first = reading(3, 8)
    first.addStore(16, 4, 7)
    const second = reading(3, 8)
    const { tape, used } = repeat([first, second])
    expect(used).toBe(2)
    expect([tape?.length, tape?.actions]).toEqual([1, second.actions])
  })

  test('may find its pace at the second try', () => {
    const third = reading(4, 8)
    expect(repeat([reading(3, 8), reading(4, 8), third])).toMatchObject({ used: 3 })
  })

  test('is recorded again where a call was interrupted, which happens to both of two', () => {
    const interrupted = (): Tape => reading(3, -1, [], { errno: 4 })
    const whole = (): Tape => reading(3, 8)
    expect(repeat([interrupted(), whole(), interrupted(), whole(), whole()])).toMatchObject({ used: 5 })
    expect(repeat([whole(), interrupted(), whole(), whole()])).toMatchObject({ used: 4 })
    // A cycle that is always interrupted is one that does the same every time.
    expect(repeat(Array.from({ length: 9 }, interrupted))).toMatchObject({ used: 9 })
    expect(() => repeat([...Array.from({ length: 8 }, interrupted), whole(), interrupted()])).toThrow(
      'gave 8 and then -1 (EINTR)',
    )
  })

  test('is refused at the third', () => {
    const cycles = [reading(3, 8), reading(4, 8), reading(5, 8), reading(5, 8)]
    expect(() => repeat(cycles)).toThrow(
      new MeasurementError(
        'the cycle does not repeat itself: call 1 of 1, read(4, memory, 8), was then read(5, memory, 8)',
      ),
    )
  })

  test('is not tried again after any other error', () => {
    let tries = 0
    expect(() =>
      repeating(() => {
        tries++
        throw new UnsupportedError('recording', 'no')
      }),
    ).toThrow(UnsupportedError)
    expect(tries).toBe(1)
  })

  const refused =
    (first: Tape, second: Tape): (() => unknown) =>
    (): unknown =>
      repeat([reading(0, 1), first, second])

  test('that gives another result is refused, with both', () => {
    expect(refused(reading(3, 8), reading(3, -1))).toThrow('read(3, memory, 8), gave 8 and then -1 (EAGAIN)')
    expect(refused(reading(3, -1), reading(3, -1, [], { errno: 9 }))).toThrow(
      'gave -1 (EAGAIN) and then -1 (EBADF)',
    )
  })

  test('may give any result where it is not checked', () => {
    const unchecked = { checked: false }
    expect(repeat([reading(3, 8, [], unchecked), reading(3, -1, [], unchecked)])).toMatchObject({ used: 2 })
  })

  test('with a call more or less is refused, and that call is named', () => {
    const two = add(reading(3, 8), 4, -1)
    expect(refused(two, reading(3, 8))).toThrow('call 2 of 2, read(4, memory, 8) is not made every time')
    expect(refused(reading(3, 8), two)).toThrow('call 2 of 1, read(4, memory, 8) is not made every time')
  })

  test('with other constants is refused', () => {
    const other = reading(3, 8, [], { args: [0, 4096, 16] })
    expect(refused(reading(3, 8), other)).toThrow('read(3, memory, 8), was then read(3, memory, 16)')
  })

  test('may use other memory every time, but not none', () => {
    const elsewhere = reading(3, 8, [], { args: [0, 8192, 8] })
    const nowhere = reading(3, 8, [], { args: [0, 0, 8] })
    expect(repeat([reading(3, 8), elsewhere]).used).toBe(2)
    expect(refused(reading(3, 8), nowhere)).toThrow('was then read(3, NULL, 8)')
  })

  test('has parts and lanes, each compared with itself', () => {
    const cycle = (fd: number): Tape[][] => [[reading(1, 8)], [reading(2, 8), reading(fd, 8)]]
    const cycles = [cycle(3), cycle(3)]
    const parts = repeating(() => cycles.shift() ?? [])
    expect(parts.map((lanes) => lanes.map((tape) => tape.numberAt(0)))).toEqual([[1], [2, 3]])
    const others = [cycle(3), cycle(4), cycle(5)]
    expect(() => repeating(() => others.shift() ?? [])).toThrow(
      'read(4, memory, 8), was then read(5, memory, 8)',
    )
  })
})

describe('outputs', () => {
  test('are checked where they were the same both times', () => {
    const { tape } = repeat([reading(3, 8, [[1], [2], [3]]), reading(3, 8, [[1], [9], [3]])])
    expect(wordsOf(tape)).toEqual([[[1], [3]]])
  })

  test('are left out where one of several steps with the same action left another one', () => {
    const first = add(reading(3, 8, [[1], [2]]), 4, 8, [[7], [2]])
    const second = add(reading(3, 8, [[1], [2]]), 4, 8, [[1], [2]])
    const { tape } = repeat([first, second])
    // Each output by itself: after the first one is gone, the second one is still compared with the second.
    expect(wordsOf(tape)).toEqual([[[2]], [[2]]])
  })

  test('are kept of calls that others do not spoil', () => {
    const first = add(reading(3, 8, [[1]]), 3, 8, [[2]])
    const second = add(reading(3, 8, [[1]]), 3, 8, [[5]])
    expect(wordsOf(repeat([first, second]).tape)).toEqual([[[1]], []])
  })

  test('are checked in parts where only some of their words are the same', () => {
    const cycles = [
      [1, 2, 3, 4],
      [1, 9, 3, 4],
    ].map((words) => reading(3, 8, [words]))
    const { tape } = repeat(cycles)
    expect(tape?.actions[0]).toMatchObject({ outputs: [outputOf(0, [1]), outputOf(8, [3, 4])] })
  })

  test('are checked in ever smaller parts where more steps differ', () => {
    const first = add(add(reading(3, 8, [[1, 2, 3, 4, 5]]), 4, 8, [[0, 2, 3, 4, 5]]), 5, 8, [[1, 2, 3, 0, 5]])
    const same = [[1, 2, 3, 4, 5]]
    const second = add(add(reading(3, 8, same), 4, 8, same), 5, 8, same)
    const { tape } = repeat([first, second])
    expect(tape?.actions[0]).toMatchObject({ outputs: [outputOf(4, [2, 3]), outputOf(16, [5])] })
  })

  test('of which only the beginning is kept are checked there, if they differ', () => {
    const long = (last: number): Words => [...Array.from({ length: 100 }, (_, i) => i), last]
    const kept = (tape: Tape): Tape =>
      tape.map((action) =>
        action.kind !== 'call'
          ? action
          : { ...action, outputs: action.outputs.map((one) => ({ ...one, bytes: one.bytes.slice(0, 256) })) },
      )
    const [same] = kept(reading(3, 8, [long(1)])).actions
    expect(repeat([kept(reading(3, 8, [long(1)])), kept(reading(3, 8, [long(1)]))]).tape?.actions).toEqual([
      same,
    ])
    const { tape } = repeat([kept(reading(3, 8, [long(1)])), kept(reading(3, 8, [long(2)]))])
    expect(tape?.actions[0]).toMatchObject({ outputs: [outputOf(0, long(0).slice(0, 64))] })
  })

  test('are not asked for where something is done once', () => {
    const tape = withoutOutputs(add(reading(3, 8, [[1]]), 4, 8, [[2]]))
    expect(wordsOf(tape)).toEqual([[], []])
    expect([tape.numberAt(0), tape.numberAt(1)]).toEqual([3, 4])
  })
})

test('the memory of both cycles stays alive', () => {
  const [first, second] = [reading(3, 8), reading(3, 8)]
  const memories = [first, second].map((tape) => {
    const memory = new Memory(8)
    tape.memory.add(memory)
    return memory
  })
  expect([...(repeat([first, second]).tape?.memory ?? [])]).toEqual(expect.arrayContaining(memories))
})
