import { describe, expect, test } from 'vitest'
import { LibraryError } from '../errors.ts'
import { compileLibrary, hasCompiler } from '../testing/compile.ts'
import { loadNativeLibrary, nativeArguments } from './native-library.ts'

describe('a library of our own', () => {
  test.skipIf(!hasCompiler)('has the functions of its table, with their types (needs a C compiler)', () => {
    const path = compileLibrary('replay/functions')
    const { fn } = loadNativeLibrary(path, {
      same: { args: ['i64'], result: 'i64' },
      six_digits: { args: ['i64', 'i64', 'i64', 'i64', 'i64', 'i64'], result: 'i64' },
      narrow_fail_with: { args: ['i32'], result: 'i32' },
    })
    expect(fn.same(-5)).toBe(-5)
    expect(fn.six_digits(1, 2, 3, 4, 5, 6)).toBe(654_321)
    expect(fn.narrow_fail_with(9)).toBe(-1)
    expect(Object.keys(fn)).toEqual(['same', 'six_digits', 'narrow_fail_with'])
  })

  test.skipIf(!hasCompiler)('is refused where it lacks one of them (needs a C compiler)', () => {
    const path = compileLibrary('replay/functions')
    const table = { same: { args: ['i64'], result: 'i64' }, other: { args: [], result: 'i32' } } as const
    expect(() => loadNativeLibrary(path, table)).toThrow(new LibraryError(path, 'it has no other'))
  })

  test.each(['/nowhere/replay.so', '/etc/passwd'])('is refused where it cannot be loaded: %s', (path) => {
    expect(() => loadNativeLibrary(path, {})).toThrow(LibraryError)
  })
})

describe('the arguments of a call', () => {
  test.skipIf(process.platform === 'darwin')(
    'are as they are, where variadic functions take them like others',
    () => {
      expect(nativeArguments('epoll_ctl', [1, 2, 3, 4])).toEqual([1, 2, 3, 4])
      expect(nativeArguments('fcntl', [1, 2, 3])).toEqual([1, 2, 3])
      expect(nativeArguments('getppid', [])).toEqual([])
    },
  )
})
