import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EV, NOTE } from '../../backends/kqueue/abi.ts'
import { encodeKevent } from '../../backends/kqueue/codec.ts'
import type { Kevent } from '../../backends/kqueue/codec.ts'
import { openLibc } from '../../libc/libc.ts'
import { compileLibrary, hasCompiler } from '../../testing/compile.ts'
import { pipe } from '../build.ts'
import { Machine } from '../machine.ts'
import { events, failed, kev, kevent, kqueue, requireSystem, told } from '../steps/kevents.ts'
import type { ExpectedKevent, KeventOptions, KeventStep } from '../steps/kevents.ts'
import { keventOperation } from './kevents.ts'
import { abiOf } from './kevent-words.ts'

describe.runIf(hasCompiler)('kevent as a step (needs a C compiler)', () => {
  let machine: Machine

  beforeEach(() => {
    // It has a layout, and gives nothing but receipts: what is held against the expectation is made here.
    machine = new Machine(openLibc({ lib: compileLibrary('kqueue/receipts-libkqueue') }), 'kqueue')
    machine.run(pipe('r', 'w'), kqueue('kq'))
  })
  afterEach(() => machine.close())

  const READ_R: ExpectedKevent = told('READ', 'r', { data: 3 })
  const readR = (over: Partial<Kevent> = {}): Kevent => ({
    ident: BigInt(machine.fd('r')),
    filter: -1,
    flags: EV.ADD,
    fflags: 0,
    data: 3n,
    udata: machine.labels.data('READ r'),
    ...over,
  })

  /** What comes of a step whose call has written some events, or more than it says, or has failed. */
  const concluded = (
    step: KeventStep,
    written: readonly Kevent[],
    { result = written.length, errno = 0, elapsedMs = 0 } = {},
  ): string => {
    const { memory } = keventOperation.prepare(machine, step)
    const array = memory[0]
    if (array === undefined) throw new TypeError('a step without memory')
    for (const [i, event] of written.entries()) encodeKevent(abiOf(machine.libc), array.view, i, event)
    try {
      keventOperation.conclude(machine, step, { result, errno, elapsedNs: elapsedMs * 1e6 }, memory)
      return 'met'
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }
  const wait = (expected: readonly ExpectedKevent[], options: KeventOptions = {}): KeventStep =>
    events('kq', expected, options)

  it('is met by its events, in any order, and by no others', () => {
    const user = { ...readR(), ident: 7n, filter: -11, udata: machine.labels.data('USER 7'), data: 0n }
    expect(concluded(wait([READ_R, told('USER', 7)]), [user, readR()])).toBe('met')
    expect(concluded(wait([READ_R]), [])).toBe('expected READ r, data 3, got no events')
    expect(concluded(wait([]), [readR()])).toBe(
      'expected no events, got READ r, data 3, fflags 0x0, flags ADD',
    )
    expect(concluded(wait([READ_R]), [readR(), readR()])).toMatch(
      /^expected READ r, data 3, got READ r, .*; READ r, /,
    )
  })

  it.each<[string, Partial<Kevent>, string]>([
    ['data', { data: 4n }, 'READ r, data 4,'],
    ['filter', { filter: -2 }, 'WRITE r, data 3,'],
    ['identifier', { ident: 1234n }, 'READ 1234, data 3,'],
    ['end', { flags: EV.ADD | EV.EOF }, 'READ r, EV_EOF, data 3,'],
    ['error', { flags: EV.ERROR, data: 2n }, 'READ r, EV_ERROR, data ENOENT,'],
    ['udata', { udata: 0n }, 'READ r, data 3, fflags 0x0, flags ADD, udata 0x0'],
  ])('is not met by another %s', (_, over, actual) => {
    expect(concluded(wait([READ_R]), [readR(over)])).toContain(`got ${actual}`)
  })

  it('holds flags and notes against what they must be, or must be among', () => {
    const clear = readR({ flags: EV.ADD | EV.CLEAR, fflags: 5 })
    const step = (over: Partial<ExpectedKevent>): KeventStep => wait([{ ...READ_R, ...over }])
    expect(concluded(step({ flags: 'CLEAR', fflags: '0x5', notes: 'LOWAT' }), [clear])).toBe('met')
    expect(concluded(step({ flags: 'DISPATCH' }), [clear])).toContain('flags with DISPATCH')
    expect(concluded(step({ without: 'CLEAR' }), [clear])).toContain('flags without CLEAR')
    expect(concluded(step({ fflags: '' }), [clear])).toContain('fflags 0,')
    expect(concluded(step({ notes: '0x2' }), [clear])).toContain('fflags with 0x2')
    expect(concluded(step({ data: { least: 4 } }), [clear])).toContain('data >= 4')
    expect(concluded(step({ data: { least: 1, most: 2 } }), [clear])).toContain('data 1 to 2')
    expect(concluded(step({ data: { least: 1, most: 3 } }), [clear])).toBe('met')
  })

  it('is met by the entry of a change that failed, with its errno', () => {
    const entry = readR({ flags: EV.DELETE | EV.ERROR, data: 2n })
    expect(concluded(wait([failed('READ', 'r', 'ENOENT')]), [entry])).toBe('met')
    expect(concluded(wait([failed('READ', 'r', 'EBADF')]), [entry])).toContain(
      'data EBADF, got READ r, EV_ERROR, data ENOENT',
    )
  })

  it('is met by an errno only where it is expected', () => {
    const failing = { result: -1, errno: 9 }
    expect(concluded(events('kq', 'EBADF'), [], failing)).toBe('met')
    expect(concluded(events('kq', 'ENOENT'), [], failing)).toBe(
      'expected kevent gives ENOENT, got kevent gives EBADF',
    )
    expect(concluded(wait([READ_R]), [], failing)).toBe('expected READ r, data 3, got kevent gives EBADF')
    expect(concluded(events('kq', 'EBADF'), [])).toContain('got kevent gives 0')
  })

  it('fails where more was written than there is room for', () => {
    expect(concluded(wait([READ_R], { room: 1 }), [readR(), readR()])).toContain('1 events at the most')
    expect(concluded(wait([READ_R], { room: 1 }), [readR(), readR()], { result: 1 })).toContain(
      'bytes written behind the room for events: 32',
    )
  })

  it('fails where a wait is over before its time, or lasts when it must not', () => {
    expect(concluded(wait([], { timeoutMs: 10 }), [], { elapsedMs: 9.5 })).toBe(
      'expected kevent lasts at least 10 ms, got it lasted 9.5 ms',
    )
    expect(concluded(wait([], { timeoutMs: 10 }), [], { elapsedMs: 10 })).toBe('met')
    expect(concluded(wait([READ_R], { timeoutMs: 10, atLeastMs: 5 }), [readR()], { elapsedMs: 4 })).toContain(
      'at least 5',
    )
    expect(concluded(wait([READ_R], { atMostMs: 500 }), [readR()], { elapsedMs: 501 })).toContain(
      'over in 500 ms',
    )
  })

  it('writes changes as they are said, and what differs by system as it is on this one', () => {
    const step = kevent(
      'kq',
      [kev('USER', 7, 'ADD', { fflags: 'TRIGGER|0x5', data: '9223372036854775807' })],
      {
        otherwise: 'EBADF',
        libkqueue: 0,
      },
    )
    const { memory, invocation } = keventOperation.prepare(machine, step)
    const view = memory[1]?.view
    expect(invocation.args.slice(0, 3)).toEqual([machine.fd('kq'), memory[1]?.address, 1])
    expect(view?.getBigUint64(0, true)).toBe(7n)
    expect([view?.getInt16(8, true), view?.getUint16(10, true)]).toEqual([-11, EV.ADD])
    expect(view?.getUint32(12, true)).toBe(NOTE.TRIGGER + 5)
    expect(view?.getBigInt64(16, true)).toBe(2n ** 63n - 1n)
    expect(view?.getBigUint64(24, true)).toBe(machine.labels.data('USER 7'))
    expect(concluded(step, [])).toBe('met')
  })

  it('is unsupported on other systems than are named', () => {
    expect(() => machine.run(requireSystem('it', 'libkqueue'))).not.toThrow()
    expect(() => machine.run(requireSystem('it', 'macos', 'freebsd'))).toThrow(
      'it: the kqueue of libkqueue does not have it',
    )
  })
})
