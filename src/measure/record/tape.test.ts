import { describe, expect, test } from 'vitest'
import type { FunctionName } from '../../libc/signatures.ts'
import { describeCall, resultOf, Tape, varyingArgument } from './tape.ts'
import type { RecordedCall } from './tape.ts'

function call(name: FunctionName, args: readonly number[], over: Partial<RecordedCall> = {}): RecordedCall {
  return { kind: 'call', name, args, result: 0, errno: 0, checked: true, outputs: [], ...over }
}

/** The steps of a tape: what each does, and its number. */
function stepsOf(tape: Tape): (readonly [number, number])[] {
  return Array.from({ length: tape.length }, (_, step) => [tape.actionAt(step), tape.numberAt(step)] as const)
}

describe('a tape', () => {
  test('has one action for all calls that differ in their descriptor alone', () => {
    const tape = new Tape()
    for (let fd = 0; fd < 10_000; fd++) tape.addCall(call('read', [0, 4096, 8]), fd)
    for (let fd = 0; fd < 10_000; fd++) tape.addCall(call('write', [0, 4096, 8]), fd)
    tape.addCall(call('read', [0, 4096, 8]), -1)
    expect(tape.actions).toHaveLength(2)
    expect([tape.length, tape.calls]).toEqual([20_001, 20_001])
    expect([stepsOf(tape)[9999], stepsOf(tape)[10_000], stepsOf(tape).at(-1)]).toEqual([
      [0, 9999],
      [1, 0],
      [0, -1],
    ])
  })

  const bytes = new Uint8Array(8)
  const output = { address: 64, words: 2, sum: 5n, bytes }
  test.each<[string, Partial<RecordedCall>]>([
    ['another function', { name: 'recv' }],
    ['another argument', { args: [0, 4096, 9] }],
    ['another result', { result: 8 }],
    ['another errno', { errno: 11 }],
    ['a result that is not checked', { checked: false }],
    ['a result that is kept', { binds: 0 }],
    ['a result that is kept elsewhere', { binds: 1 }],
    ['an argument that was kept', { bound: true }],
    ['an output', { outputs: [output] }],
    ['another output', { outputs: [{ ...output, sum: 6n }] }],
    ['an output elsewhere', { outputs: [{ ...output, address: 72 }] }],
    ['two outputs', { outputs: [output, output] }],
  ])('has an action of its own for a call with %s, whichever comes first', (_, over) => {
    const one = call('read', [0, 4096, 8])
    const other = { ...one, ...over }
    for (const order of [
      [one, other, one],
      [other, one, other],
    ]) {
      const tape = new Tape()
      for (const each of order) tape.addCall(each, 0)
      expect(tape.actions).toEqual(order.slice(0, 2))
      expect(stepsOf(tape).map(([action]) => action)).toEqual([0, 1, 0])
    }
  })

  test('has stores of both widths at one address', () => {
    const tape = new Tape()
    tape.addStore(8, 1, 7)
    tape.addStore(8, 4, 0x01020304)
    tape.addStore(8, 1, 9)
    expect(tape.actions).toEqual([
      { kind: 'store', address: 8, width: 1 },
      { kind: 'store', address: 8, width: 4 },
    ])
    expect(stepsOf(tape)).toEqual([
      [0, 7],
      [1, 0x01020304],
      [0, 9],
    ])
    expect(tape.calls).toBe(0)
  })

  test('maps its actions, and keeps its steps and its memory', () => {
    const tape = new Tape()
    tape.addPlain('mark')
    tape.addCall(call('close', [0]), 3)
    tape.addPlain('mark')
    const mapped = tape.map((action) => (action.kind === 'call' ? { ...action, checked: false } : action))
    expect(stepsOf(mapped)).toEqual(stepsOf(tape))
    expect(mapped.actions).toEqual([{ kind: 'mark' }, call('close', [0], { checked: false })])
    expect(tape.actions[1]).toEqual(call('close', [0]))
  })
})

test.each([
  ['epoll_ctl', 2],
  ['epoll_wait', 0],
  ['eventfd', 0],
  ['close', 0],
  ['poll', undefined],
  ['pipe2', undefined],
  ['getppid', undefined],
  ['mmap', undefined],
] as const)('what varies in calls of %s is argument %s', (name, expected) => {
  expect(varyingArgument(name)).toBe(expected)
})

test('a call is described without the addresses that it was given', () => {
  expect(describeCall(call('epoll_ctl', [5, 1, 0, 4096]), 7)).toBe('epoll_ctl(5, 1, 7, memory)')
  expect(describeCall(call('select', [0, 4096, 0, 0, 0]), 64)).toBe('select(64, memory, NULL, NULL, NULL)')
  expect(describeCall(call('poll', [4096, 2, -1]), 0)).toBe('poll(memory, 2, -1)')
  expect(describeCall(call('close', [0], { bound: true }), 1)).toBe('close(unchecked 1)')
})

test('a result is described with errno only where it failed', () => {
  expect(resultOf({ result: 3, errno: 0 })).toBe('3')
  expect(resultOf({ result: 3, errno: 9 })).toBe('3')
  expect(resultOf({ result: -1, errno: 9 })).toBe('-1 (EBADF)')
  expect(resultOf({ result: -1, errno: 9999 })).toBe('-1 (errno 9999)')
  expect(resultOf({ result: -2, errno: 0 })).toBe('-2')
})
