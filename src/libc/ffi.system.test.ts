import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { LibraryError } from '../errors.ts'
import { compileLibrary, hasCompiler } from '../testing/compile.ts'
import { collectGarbage, moduleUrl, runScript } from '../testing/native.ts'
import { addressOf, bind, bytesAt, hasSymbol, MAIN_PROGRAM, openLibrary } from './ffi.ts'
import type { LibraryKey } from './ffi.ts'
import type { ArgumentKind, Pointer, ResultKind } from './signatures.ts'

const directory = mkdtempSync(join(tmpdir(), 'evloop-test-'))
afterAll(() => rmSync(directory, { recursive: true }))

/** What a function throws. */
function thrownBy(action: () => unknown): unknown {
  try {
    action()
  } catch (error) {
    return error
  }
  return undefined
}

describe('openLibrary', () => {
  test.each([
    ['a text file', (path: string): void => writeFileSync(path, 'not a library')],
    ['an empty file', (path: string): void => writeFileSync(path, '')],
    ['a file that is not there', (): void => {}],
  ])('%s is a LibraryError that names it', (name, make) => {
    const path = join(directory, `${name.replaceAll(' ', '-')}.so`)
    make(path)
    const error = thrownBy(() => openLibrary(`test:${name}` as LibraryKey, path))
    expect(error).toBeInstanceOf(LibraryError)
    expect(error).toMatchObject({ library: path, message: expect.stringContaining(path) })
    expect((error as LibraryError).reason).not.toBe('')
    expect((error as LibraryError).reason).not.toContain('\n')
  })

  test('a directory is a LibraryError', () => {
    expect(() => openLibrary('test:directory' as LibraryKey, directory)).toThrow(LibraryError)
  })
})

describe('hasSymbol', () => {
  test('finds what is there, without calling it', () => {
    expect(hasSymbol(MAIN_PROGRAM, 'abort')).toBe(true)
    expect(hasSymbol(MAIN_PROGRAM, '_exit')).toBe(true)
  })

  test('does not find what is not there', () => {
    expect(hasSymbol(MAIN_PROGRAM, 'evloop_no_such_function')).toBe(false)
  })

  test('finds nothing in a library that was never opened', () => {
    expect(hasSymbol('test:never-opened' as LibraryKey, 'read')).toBe(false)
  })
})

describe.skipIf(!hasCompiler)('bind (needs a C compiler)', () => {
  const key = 'test:arguments' as LibraryKey

  function native(
    name: string,
    args: readonly ArgumentKind[],
    result: ResultKind,
  ): (...v: unknown[]) => number {
    openLibrary(key, compileLibrary('libraries/arguments'))
    expect(hasSymbol(key, name)).toBe(true)
    return bind(key, name, { args, result }) as (...v: unknown[]) => number
  }

  test.each([0, 1, 2, 3, 4, 5, 6, 7])('%i arguments arrive in their places, in every call', (arity) => {
    const weigh = native(`weigh${arity}`, Array<ArgumentKind>(arity).fill('i64'), 'i64')
    const digits = Array.from({ length: arity }, (_, i) => i + 1)
    const expected = Number([...digits].toReversed().join(''))
    expect(weigh(...digits)).toBe(expected)
    expect(weigh(...digits.map(() => 0))).toBe(0)
    expect(weigh(...digits)).toBe(expected)
  })

  test.each<[string, ArgumentKind, unknown]>([
    ['is_minus_one', 'i32', -1],
    ['is_largest_unsigned', 'u32', 2 ** 32 - 1],
    ['is_minus_two_to_the_40', 'i64', -(2 ** 40)],
    ['is_largest_safe', 'u64', Number.MAX_SAFE_INTEGER],
    ['is_null', 'pointer', 0],
    ['is_greeting', 'string', 'grüß'],
  ])('%s: an argument of kind %s arrives whole', (name, kind, value) => {
    expect(native(name, [kind], 'i32')(value)).toBe(1)
  })

  test.each<[string, ResultKind, number]>([
    ['minus_one', 'i32', -1],
    ['minus_one_long', 'i64', -1],
    ['two_to_the_40', 'i64', 2 ** 40],
    ['two_to_the_40', 'pointer', 2 ** 40],
  ])('%s: a result of kind %s comes back whole', (name, kind, expected) => {
    expect(native(name, [], kind)()).toBe(expected)
  })

  test.each<[ArgumentKind, readonly unknown[]]>([
    ['i32', ['1', undefined, null, 1n, true, {}]],
    ['u32', ['1', undefined, null, 1n]],
    ['i64', ['1', undefined, null, 1n]],
    ['u64', ['1', undefined, null, 1n]],
    ['pointer', ['1', undefined, null, 1n, new Uint8Array(8)]],
    ['string', [1, undefined, null, 1n]],
  ])('an argument that is no %s throws and does not abort, and the next call is right', (kind, wrong) => {
    const isNull = native('is_null', [kind], 'i32')
    for (const value of wrong) expect(() => isNull(value)).toThrow(Error)
    expect(isNull(kind === 'string' ? 'text' : 0)).toBe(kind === 'string' ? 0 : 1)
  })
})

describe('addressOf and bytesAt', () => {
  test('the bytes at the address of a buffer are its bytes', () => {
    const buffer = Uint8Array.from({ length: 64 }, (_, i) => i)
    const seen = bytesAt(addressOf(buffer), 64)
    expect([...seen]).toEqual([...buffer])
    buffer[5] = 99
    expect(seen[5]).toBe(99)
    seen[6] = 77
    expect(buffer[6]).toBe(77)
  })

  test('the address of a part of a buffer is that much further', () => {
    const buffer = new Uint8Array(64)
    expect(addressOf(buffer.subarray(24))).toBe(addressOf(buffer) + 24)
  })

  test('an address stays right over garbage collections', () => {
    const buffers = Array.from({ length: 100 }, (_, i) => new Uint8Array(8 + i * 17).fill(i))
    const addresses = buffers.map(addressOf)
    for (let round = 0; round < 3; round++) {
      Array.from({ length: 1000 }, () => new Uint8Array(1000))
      collectGarbage()
    }
    expect(buffers.map(addressOf)).toEqual(addresses)
    const seen = addresses.map((address: Pointer) => bytesAt(address, 8)[7])
    expect(seen).toEqual(buffers.map((_, i) => i))
  })
})

test('the first use of the binding need not be to open a library', () => {
  const script = `
    import { Memory } from '${moduleUrl('libc/memory')}'
    console.log(new Memory(8).address > 0)
  `
  expect(runScript(script)).toBe(true)
})
