import { describe, expect, test } from 'vitest'
import { openLibc } from '../../libc/libc.ts'
import { Tape } from '../record/tape.ts'
import type { Output, RecordedCall } from '../record/tape.ts'
import { whatDiffers } from './difference.ts'
import { SHOWN } from './layout.ts'
import { assemble, originOf } from './program.ts'
import type { Program } from './program.ts'

const libc = openLibc()
const here = { cycle: 0, lane: 0, lanes: 1 }
const actual = { actual: 0, errno: 0, memory: false, shown: new Uint8Array(SHOWN) }

function call(over: Partial<RecordedCall> = {}): RecordedCall {
  return { kind: 'call', name: 'close', args: [0], result: 0, errno: 0, checked: true, outputs: [], ...over }
}

function output(...bytes: number[]): Output {
  return { address: 8, words: bytes.length / 4, sum: 0n, bytes: Uint8Array.from(bytes) }
}

function programOf(...steps: readonly (RecordedCall | 'mark' | 'store')[]): Program {
  const tape = new Tape()
  for (const step of steps) {
    if (step === 'mark') tape.addPlain('mark')
    else if (step === 'store') tape.addStore(8, 4, 1)
    else tape.addCall(step, 5)
  }
  return assemble(libc, [tape])
}

describe('a difference', () => {
  const program = programOf('mark', 'store', call(), call({ result: -1, errno: 9 }), 'mark')

  test('names the call with its descriptor, what was expected and what came', () => {
    expect(whatDiffers(program, { ...here, step: 2 }, { ...actual, actual: -1, errno: 4 })).toBe(
      'step 1 of 2, cycle 1: close(5): expected 0, actual -1 (EINTR)',
    )
    expect(whatDiffers(program, { ...here, step: 3 }, { ...actual, actual: 7, errno: 4 })).toBe(
      'step 2 of 2, cycle 1: close(5): expected -1 (EBADF), actual 7',
    )
  })

  test('names the thread where there are several, and the cycle', () => {
    expect(whatDiffers(program, { step: 2, cycle: 99, lane: 1, lanes: 3 }, { ...actual, actual: 7 })).toBe(
      'step 1 of 2 of thread 2, cycle 100: close(5): expected 0, actual 7',
    )
  })

  test('is a hang or a death in words', () => {
    expect(whatDiffers(program, { ...here, step: 2 }, 'it sleeps')).toBe(
      'step 1 of 2, cycle 1: close(5): expected 0, actual: it sleeps',
    )
  })

  test('is told also where no call is: between two, and behind the last one', () => {
    expect(whatDiffers(program, { ...here, step: 4 }, 'it sleeps')).toBe('step 2 of 2, cycle 1: it sleeps')
    expect(whatDiffers(program, { ...here, step: 5 }, 'it sleeps')).toBe('step 2 of 2, cycle 1: it sleeps')
    expect(whatDiffers(programOf(), { ...here, step: 0 }, 'it sleeps')).toBe(
      'step 0 of 0, cycle 1: it sleeps',
    )
  })
})

describe('memory that differs', () => {
  const shown = (...bytes: number[]): object => {
    const all = new Uint8Array(SHOWN)
    all.set(bytes)
    return { ...actual, memory: true, shown: all }
  }
  const words = (count: number, ...bytes: number[]): Output => {
    const all = new Uint8Array(4 * count)
    all.set(bytes)
    return output(...all)
  }
  const select = (...outputs: Output[]): RecordedCall =>
    call({ name: 'select', args: [0, 8, 8, 8, 0], outputs })
  const message = (program: Program, step: number, difference: object): string =>
    whatDiffers(program, { ...here, step }, difference as typeof actual)

  test('is shown from the word on in which it begins', () => {
    const program = programOf(call({ outputs: [output(1, 2, 3, 4, 5, 6, 7, 8)] }))
    expect(message(program, 0, shown(1, 2, 3, 4, 5, 9, 7, 8))).toBe(
      'step 1 of 1, cycle 1: close(5): it left other bytes than expected: expected 05 06 07 08, actual 05 09 07 08, from byte 4',
    )
  })

  test('is shown for 16 bytes', () => {
    const program = programOf(call({ outputs: [words(20, 0, 1)] }))
    expect(message(program, 0, shown(0, 2))).toMatch(
      /: expected 00 01( 00){14}, actual 00 02( 00){14}, from byte 0$/,
    )
  })

  test('is shown of the output that differs, and not of the first one', () => {
    const program = programOf(select(words(1, 1), words(1, 2), words(1, 3)))
    expect([0, 1, 2].map((step) => originOf(program, step)?.output)).toEqual([0, 1, 2])
    expect(message(program, 1, shown(7))).toMatch(/: expected 02 00 00 00, actual 07 00 00 00, from byte 0$/)
    expect(message(program, 2, shown(7))).toMatch(/: expected 03 00 00 00, actual 07 00 00 00, from byte 0$/)
  })

  test('does not make a call of what checks the others of its outputs', () => {
    const one = select(words(1, 1), words(1, 2), words(1, 3))
    const program = programOf(one, one, call())
    expect(program.count).toBe(7)
    const steps = [0, 1, 2, 3, 4, 5, 6].map(
      (step) => /^step (\d of \d)/.exec(message(program, step, actual))?.[1],
    )
    expect(steps).toEqual(['1 of 3', '1 of 3', '1 of 3', '2 of 3', '2 of 3', '2 of 3', '3 of 3'])
  })

  test('is not made up where it lies behind what is kept', () => {
    const kept = { ...words(SHOWN / 4, 1), words: 1000 }
    const program = programOf(call({ outputs: [kept] }))
    expect(message(program, 0, shown(1))).toMatch(/than expected: it is somewhere behind the first 256$/)
  })
})
