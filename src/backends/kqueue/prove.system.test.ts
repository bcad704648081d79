import { describe, expect, it } from 'vitest'
import { openLibc } from '../../libc/libc.ts'
import { openDescriptors } from '../../libc/open-descriptors.ts'
import { compileLibrary, hasCompiler } from '../../testing/compile.ts'
import { proveAbi } from './prove.ts'

const withLibrary = (name: string): ReturnType<typeof openLibc> =>
  openLibc({ lib: compileLibrary(`kqueue/receipts-${name}`) })

describe.runIf(hasCompiler)('the interface of a library (needs a C compiler)', () => {
  it.each([
    ['libkqueue', 'libkqueue'],
    ['freebsd', 'freebsd'],
    ['netbsd', 'netbsd'],
    ['macos', 'macos'],
    // All that can be told of it is its layout.
    ['without-user', 'libkqueue'],
  ])('is found out from its receipts: %s', (library, name) => {
    const libc = withLibrary(library)
    const before = openDescriptors(libc)
    expect(proveAbi(libc).name).toBe(name)
    expect(openDescriptors(libc)).toEqual(before)
  })

  it.each(['unknown', 'too-long'])('is refused where no layout fits: %s', (library) => {
    const libc = withLibrary(library)
    const before = openDescriptors(libc)
    expect(() => proveAbi(libc)).toThrow('kevent: its receipts have no layout that is known (libkqueue, free')
    expect(openDescriptors(libc)).toEqual(before)
  })

  it('is that of the platform where that has a kqueue, or none', () => {
    const libc = withLibrary('netbsd')
    expect(proveAbi(libc, 'netbsd').name).toBe('netbsd')
    expect(() => proveAbi(libc, 'darwin')).toThrow('no layout that is known (macos)')
  })
})

it.runIf(process.platform === 'linux')('there is none where no library brings one', () => {
  expect(() => proveAbi(openLibc())).toThrow('kqueue: no library in this process has kqueue')
})
