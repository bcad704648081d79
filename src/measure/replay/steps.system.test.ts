/** What every kind of step does, by programs that are assembled by hand. */
import { describe, expect, test } from 'vitest'
import { openLibc } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import { SharedMemory } from '../../libc/shared-memory.ts'
import { hasCompiler } from '../../testing/compile.ts'
import { checkedCall, functionOf, handMade, runProgram, runPrograms } from '../../testing/replay.ts'
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
      runProgram(handMade([action], [[0, 9]]))
    })

    test.each([
      ['64 bits', -(2n ** 63n)],
      ['the largest', 2n ** 63n - 1n],
      ['beyond what is exact in JavaScript', 2n ** 53n + 1n],
      ['an int that was extended', -5n],
    ])('compares all of a long: %s', (_, value) => {
      runProgram(handMade([checkedCall('same', [value], value)]))
      const [other] = [BigInt.asIntN(64, value ^ (1n << 40n))]
      expect(() => runProgram(handMade([checkedCall('same', [value], other)]))).toThrow('actual')
    })

    test('extends the sign of a number, which has 32 bits', () => {
      runProgram(handMade([checkedCall('same', [0], -7, { varies: 1 })], [[0, -7]]))
      runProgram(handMade([checkedCall('same', [0], 2 ** 31 - 1, { varies: 1 })], [[0, 2 ** 31 - 1]]))
    })

    test('takes the lower half of an int, with its sign', () => {
      const narrow = { narrow: true }
      runProgram(handMade([checkedCall('same', [0x1234_5678_0000_0007n], 7, narrow)]))
      runProgram(handMade([checkedCall('same', [0x1234_5678_ffff_fffen], -2, narrow)]))
    })

    test('compares errno with -1', () => {
      runProgram(handMade([checkedCall('fail_with', [EBADF], -1, { error: EBADF })]))
      runProgram(handMade([checkedCall('narrow_fail_with', [EAGAIN], -1, { error: EAGAIN, narrow: true })]))
      const other = checkedCall('fail_with', [EAGAIN], -1, { error: EBADF })
      expect(() => runProgram(handMade([other]))).toThrow('actual -1 (EAGAIN)')
    })

    test('does not compare errno with anything else, nor an unchecked result with anything', () => {
      const failed = checkedCall('fail_with', [EBADF], -1, { error: EBADF })
      runProgram(handMade([failed, checkedCall('same', [3], 3)]))
      runProgram(handMade([{ kind: 'CALL', function: functionOf('same'), arguments: [3], expected: 4 }]))
    })
  })

  describe('CALL_ANY', () => {
    const digits = (more: object, expected: number): ReturnType<typeof checkedCall> => ({
      ...checkedCall('digits', [1, 2, 3, 4, 5, 6, 7, 8, 9, 0], expected, more),
      kind: 'CALL_ANY',
    })

    test('passes ten arguments', () => {
      runProgram(handMade([digits({}, 987_654_321)]))
    })

    test.each([
      [2, 0, 987_654_301],
      [7, 0, 980_654_321],
      [8, 0, 907_654_321],
      [10, -1, 987_654_321 - 10 ** 9],
    ])('the step’s number is argument %i', (varies, number, expected) => {
      runProgram(handMade([digits({ varies }, expected)], [[0, number]]))
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
      runProgram(program, { cycles: 3 })
    })

    test('all lanes have the same slots, and the next run still has them', () => {
      const bind = checkedCall('same', [42], 0, { kind: 'CALL_ANY', checks: false, binds: 1 })
      const use = checkedCall('same', [0], 42, { kind: 'CALL_ANY', bound: true, varies: 1 })
      const barrier = { kind: 'BARRIER' } as const
      runPrograms([{ program: handMade([bind, barrier]) }, { program: handMade([barrier, use]) }])
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
      runProgram(program, { cycles: 2 })
      const words = Array.from({ length: 6 }, (_, i) => shared.view.getUint32(4 * i, true))
      expect(words).toEqual([0xff00_0000, 0, 0xffff_fffe, 0, 6, 0])
    })

    test('LOAD32 compares a word as it is, or as an int', () => {
      const memory = new Memory(8)
      memory.view.setInt32(4, -2, true)
      const load = { kind: 'LOAD32', checks: true, address: memory.at(4) } as const
      runProgram(
        handMade([
          { ...load, expected: 0xffff_fffe },
          { ...load, expected: -2, narrow: true },
        ]),
      )
      expect(() => runProgram(handMade([{ ...load, expected: -2 }]))).toThrow('actual 4294967294')
    })

    test('CHECK and every call compare memory, also where it is not aligned', () => {
      const memory = new Memory(64)
      memory.bytes.set(Array.from({ length: 64 }, (_, i) => i * 37))
      const whole = { address: memory.at(1), words: 15, sum: sumOfWords(memory.bytes.subarray(1), 15) }
      const store = checkedCall('store', [memory.address, memory.view.getInt32(0, true)], 0, whole)
      runProgram(handMade([{ kind: 'CHECK', ...whole }, store, { ...store, kind: 'CALL_ANY' }]))
      const other = { ...whole, sum: whole.sum + 1n }
      expect(() => runProgram(handMade([{ kind: 'CHECK', ...other }]))).toThrow()
      expect(() => runProgram(handMade([{ ...store, ...other }]))).toThrow()
      expect(() => runProgram(handMade([{ ...store, ...other, kind: 'CALL_ANY' }]))).toThrow()
    })

    test('a word that changes behind the bytes that are shown is found too', () => {
      const memory = new Memory(4 * SHOWN)
      const check = { kind: 'CHECK', address: memory.address, words: SHOWN, sum: 0n } as const
      runProgram(handMade([check]))
      memory.bytes[4 * SHOWN - 1] = 1
      expect(() => runProgram(handMade([check]))).toThrow()
    })

    test('an unchecked call may leave other memory only if nothing is said of it', () => {
      const memory = new Memory(8)
      const call = checkedCall('store', [memory.address, 7], 1, { checks: false })
      runProgram(handMade([call]))
      const looked = { ...call, address: memory.address, words: 1, sum: sumOfWords(new Uint8Array(4), 1) }
      expect(() => runProgram(handMade([looked]))).toThrow()
    })
  })

  test('a program may be empty, and have no cycle', () => {
    runProgram(handMade([]), { cycles: 3, warmup: 3 })
    runProgram(handMade([checkedCall('same', [1], 2)]), { cycles: 0 })
  })
})
