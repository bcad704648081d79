/** What every kind of step does, by programs that are assembled by hand. */
import { describe, expect, test } from 'vitest'
import { MeasurementError } from '../../errors.ts'
import { openLibc } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import { SharedMemory } from '../../libc/shared-memory.ts'
import { hasCompiler } from '../../testing/compile.ts'
import {
  checkedCall,
  EXTRA_FLAGS,
  functionOf,
  handMade,
  runProgram,
  runPrograms,
} from '../../testing/replay.ts'
import { sumOfWords } from '../record/sum.ts'
import { SHOWN } from './layout.ts'

const libc = openLibc()
const EBADF = 9
const EAGAIN = 11

/** Eight zeros and a one, so that a digit in the wrong place shows. */
const oneToSix = [1, 2, 3, 4, 5, 6] as const

describe.skipIf(!hasCompiler)('a step (needs a C compiler)', () => {
  describe('CALL', () => {
    test.each([
      ['none', 0, 654_321],
      ['the first', 1, 654_329],
      ['the third', 3, 654_921],
    ])('passes six arguments, of which %s is the step’s number', (_, varies, expected) => {
      const action = checkedCall('six_digits', oneToSix, expected, { varies })
      expect(() => runProgram(handMade([action], [[0, 9]]))).not.toThrow()
    })

    test.each([
      ['64 bits', -(2n ** 63n)],
      ['the largest', 2n ** 63n - 1n],
      ['beyond what is exact in JavaScript', 2n ** 53n + 1n],
      ['an int that was extended', -5n],
    ])('compares all of a long: %s', (_, value) => {
      expect(() => runProgram(handMade([checkedCall('same', [value], value)]))).not.toThrow()
      const [other] = [BigInt.asIntN(64, value ^ (1n << 40n))]
      expect(() => runProgram(handMade([checkedCall('same', [value], other)]))).toThrow('actual')
    })

    test('extends the sign of a number, which has 32 bits', () => {
      expect(() =>
        runProgram(handMade([checkedCall('same', [0], -7, { varies: 1 })], [[0, -7]])),
      ).not.toThrow()
      expect(() =>
        runProgram(handMade([checkedCall('same', [0], 2 ** 31 - 1, { varies: 1 })], [[0, 2 ** 31 - 1]])),
      ).not.toThrow()
    })

    test('takes the lower half of an int, with its sign', () => {
      const narrow = { narrow: true }
      expect(() =>
        runProgram(handMade([checkedCall('same', [0x1234_5678_0000_0007n], 7, narrow)])),
      ).not.toThrow()
      expect(() =>
        runProgram(handMade([checkedCall('same', [0x1234_5678_ffff_fffen], -2, narrow)])),
      ).not.toThrow()
    })

    test('compares errno with -1', () => {
      expect(() =>
        runProgram(handMade([checkedCall('fail_with', [EBADF], -1, { error: EBADF })])),
      ).not.toThrow()
      expect(() =>
        runProgram(
          handMade([checkedCall('narrow_fail_with', [EAGAIN], -1, { error: EAGAIN, narrow: true })]),
        ),
      ).not.toThrow()
      const other = checkedCall('fail_with', [EAGAIN], -1, { error: EBADF })
      expect(() => runProgram(handMade([other]))).toThrow('actual -1 (EAGAIN)')
    })

    test('does not compare errno with anything else, nor an unchecked result with anything', () => {
      const failed = checkedCall('fail_with', [EBADF], -1, { error: EBADF })
      expect(() => runProgram(handMade([failed, checkedCall('same', [3], 3)]))).not.toThrow()
      expect(() =>
        runProgram(handMade([{ kind: 'CALL', function: functionOf('same'), arguments: [3], expected: 4 }])),
      ).not.toThrow()
    })
  })

  describe('OPEN', () => {
    const opens = checkedCall('same', [7], 0, { kind: 'OPEN' })

    test('must return the step’s number', () => {
      expect(() => runProgram(handMade([opens], [[0, 7]]))).not.toThrow()
      expect(() => runProgram(handMade([opens], [[0, 8]]))).toThrow(MeasurementError)
    })
  })

  describe('CALL_ANY', () => {
    const digits = (more: object, expected: number): ReturnType<typeof checkedCall> => ({
      ...checkedCall('digits', [1, 2, 3, 4, 5, 6, 7, 8, 9, 0], expected, more),
      kind: 'CALL_ANY',
    })

    test('passes ten arguments', () => {
      expect(() => runProgram(handMade([digits({}, 987_654_321)]))).not.toThrow()
    })

    test.each([
      [2, 0, 987_654_301],
      [7, 0, 980_654_321],
      [8, 0, 907_654_321],
      [10, -1, 987_654_321 - 10 ** 9],
    ])('the step’s number is argument %i', (varies, number, expected) => {
      expect(() => runProgram(handMade([digits({ varies }, expected)], [[0, number]]))).not.toThrow()
    })

    test('binds a result to a slot, and later calls have it as their argument', () => {
      const bind = (slot: number): object => ({ kind: 'CALL_ANY', checks: false, binds: slot + 1, varies: 1 })
      const use = (expected: number): object => ({ kind: 'CALL_ANY', bound: true, varies: 1, expected })
      const program = handMade(
        [
          checkedCall('same', [0], 0, bind(0)),
          checkedCall('same', [0], 0, { ...bind(63), narrow: true }),
          checkedCall('same', [0], 0, use(5)),
          checkedCall('same', [0], 0, use(-6)),
          checkedCall('six_digits', [0, 2, 3, 4, 5, 6], 0, { ...use(654_325) }),
        ],
        [
          [0, 5],
          [1, -6],
          [2, 0],
          [3, 63],
          [4, 0],
        ],
      )
      expect(() => runProgram(program, { cycles: 3 })).not.toThrow()
    })

    test('all lanes have the same slots, and the next run still has them', () => {
      const bind = checkedCall('same', [42], 0, { kind: 'CALL_ANY', checks: false, binds: 1 })
      const use = checkedCall('same', [0], 42, { kind: 'CALL_ANY', bound: true, varies: 1 })
      const barrier = { kind: 'BARRIER' } as const
      expect(() =>
        runPrograms([{ program: handMade([bind, barrier]) }, { program: handMade([barrier, use]) }]),
      ).not.toThrow()
    })
  })

  describe('on memory', () => {
    test('STORE8, STORE32 and ADD32 write the step’s number and nothing beside it', () => {
      using shared = new SharedMemory(libc, 64)
      const at = (address: number): { address: number } => ({ address })
      const program = handMade(
        [
          { kind: 'STORE8', ...at(shared.at(3)) },
          { kind: 'STORE32', ...at(shared.at(8)) },
          { kind: 'ADD32', ...at(shared.at(16)) },
        ],
        [
          [0, 0x1ff],
          [1, -2],
          [2, 5],
          [2, -2],
        ],
      )
      expect(() => runProgram(program, { cycles: 2 })).not.toThrow()
      const words = Array.from({ length: 6 }, (_, i) => shared.view.getUint32(4 * i, true))
      expect(words).toEqual([0xff00_0000, 0, 0xffff_fffe, 0, 6, 0])
    })

    test('LOAD32 compares a word as it is, or as an int', () => {
      const memory = new Memory(8)
      memory.view.setInt32(4, -2, true)
      const load = { kind: 'LOAD32', checks: true, address: memory.at(4) } as const
      expect(() =>
        runProgram(
          handMade([
            { ...load, expected: 0xffff_fffe },
            { ...load, expected: -2, narrow: true },
          ]),
        ),
      ).not.toThrow()
      expect(() => runProgram(handMade([{ ...load, expected: -2 }]))).toThrow('actual 4294967294')
    })

    test('CHECK and every call compare memory, also where it is not aligned', () => {
      const memory = new Memory(64)
      memory.bytes.set(Array.from({ length: 64 }, (_, i) => i * 37))
      const whole = { address: memory.at(1), words: 15, sum: sumOfWords(memory.bytes.subarray(1), 15) }
      const store = checkedCall('store', [memory.address, memory.view.getInt32(0, true)], 0, whole)
      expect(() =>
        runProgram(handMade([{ kind: 'CHECK', ...whole }, store, { ...store, kind: 'CALL_ANY' }])),
      ).not.toThrow()
      const other = { ...whole, sum: whole.sum + 1n }
      expect(() => runProgram(handMade([{ kind: 'CHECK', ...other }]))).toThrow('other bytes')
      expect(() => runProgram(handMade([{ ...store, ...other }]))).toThrow('other bytes')
      expect(() => runProgram(handMade([{ ...store, ...other, kind: 'CALL_ANY' }]))).toThrow('other bytes')
    })

    test('a word that changes behind the bytes that are shown is found too', () => {
      const memory = new Memory(4 * SHOWN)
      const check = { kind: 'CHECK', address: memory.address, words: SHOWN, sum: 0n } as const
      expect(() => runProgram(handMade([check]))).not.toThrow()
      memory.bytes[4 * SHOWN - 1] = 1
      expect(() => runProgram(handMade([check]))).toThrow('other bytes')
    })

    test('an unchecked call may leave other memory only if nothing is said of it', () => {
      const memory = new Memory(8)
      const call = checkedCall('store', [memory.address, 7], 1, { checks: false })
      expect(() => runProgram(handMade([call]))).not.toThrow()
      const looked = { ...call, address: memory.address, words: 1, sum: sumOfWords(new Uint8Array(4), 1) }
      expect(() => runProgram(handMade([looked]))).toThrow('other bytes')
    })
  })

  test.runIf(process.env[EXTRA_FLAGS] !== undefined)('is under the eyes of sanitizers', () => {
    const memory = new Memory(64)
    const program = handMade([{ kind: 'STORE32', address: memory.at(64) }])
    expect(() => runProgram(program)).toThrow('the process ended there')
  })

  test('a program may be empty, and have no cycle', () => {
    expect(() => runProgram(handMade([]), { cycles: 3, warmup: 3 })).not.toThrow()
    expect(() => runProgram(handMade([checkedCall('same', [1], 2)]), { cycles: 0 })).not.toThrow()
  })
})
