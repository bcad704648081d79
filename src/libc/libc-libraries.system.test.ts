/** Which library a function is taken from: `--lib` before what is preloaded, and that before libc. */
import { mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { LibraryError } from '../errors.ts'
import { compileLibrary, hasCompiler } from '../testing/compile.ts'
import { moduleUrl, runScript, runThread } from '../testing/native.ts'
import { attachLibc, openLibc, originOf, sameOrigin } from './libc.ts'
import { signatures } from './signatures.ts'
import type { FunctionName } from './signatures.ts'

/** What fixtures/libraries/getppid.c answers. */
const REPLACED = 424_242

const directory = mkdtempSync(join(tmpdir(), 'evloop-test-'))
afterAll(() => rmSync(directory, { recursive: true }))

const others = (Object.keys(signatures) as FunctionName[]).filter((name) => name !== 'getppid')

describe.skipIf(!hasCompiler)('a library in front (needs a C compiler)', () => {
  test('its functions come before those of libc, and all others are still of libc', () => {
    const plain = openLibc()
    const lib = compileLibrary('libraries/getppid')
    const libc = openLibc({ lib })
    expect(libc.fn.getppid()).toBe(REPLACED)
    expect(originOf(libc, 'getppid')).toBe(realpathSync(lib))
    expect(others.filter((name) => originOf(libc, name) !== originOf(plain, name))).toEqual([])
    expect(others.filter((name) => libc.has(name) !== plain.has(name))).toEqual([])
    expect(sameOrigin(libc, 'getppid', 'read')).toBe(false)
    expect(sameOrigin(libc, 'read', 'write')).toBe(true)
  })

  test('a libc without it is untouched', () => {
    openLibc({ lib: compileLibrary('libraries/getppid') })
    expect(openLibc().fn.getppid()).toBe(process.ppid)
  })

  test('errno is that of the thread, for its functions as for the others', () => {
    const libc = openLibc({ lib: compileLibrary('libraries/getppid') })
    expect(libc.fn.close(-1)).toBe(-1)
    expect(libc.errno()).toBe(9)
  })

  test('it may be given by a relative path and through a link', () => {
    const link = join(directory, 'link.so')
    symlinkSync(compileLibrary('libraries/getppid'), link)
    const results = [link, relative(process.cwd(), link)].map((lib) => openLibc({ lib }).fn.getppid())
    expect(results).toEqual([REPLACED, REPLACED])
  })

  test('in a worker the same functions are used', async () => {
    const { plan } = openLibc({ lib: compileLibrary('libraries/getppid') })
    const script = `
      import { parentPort, workerData } from 'node:worker_threads'
      import { attachLibc, originOf } from '${moduleUrl('libc/libc')}'
      const libc = attachLibc(workerData)
      parentPort.postMessage([libc.fn.getppid(), originOf(libc, 'getppid')])
    `
    const inMain = originOf(attachLibc(plan), 'getppid')
    expect(await runThread(script, plan)).toEqual([REPLACED, inMain])
  })

  test('one that only depends on libc takes nothing from it', () => {
    const plain = openLibc()
    const libc = openLibc({ lib: compileLibrary('libraries/bystander') })
    expect(libc.plan.bindings).toEqual(plain.plan.bindings)
    expect(libc.fn.getppid()).toBe(process.ppid)
  })
})

describe('a library that cannot be', () => {
  test('one that is not there is a LibraryError that names it as it was given', () => {
    expect(() => openLibc({ lib: './no-such-library.so' })).toThrow(LibraryError)
    expect(() => openLibc({ lib: './no-such-library.so' })).toThrow(
      'cannot load ./no-such-library.so: there is no such file',
    )
  })

  test('the reason is that of the dynamic linker', () => {
    const text = join(directory, 'words.so')
    writeFileSync(text, 'These are words and nothing else, but enough of them for the header of a library.')
    expect(() => openLibc({ lib: text })).toThrow(
      /^cannot load \S+words\.so: (invalid ELF header|.*format.*)$/i,
    )
  })

  test('a file that is not a library, and a directory, are LibraryErrors that name it', () => {
    const text = join(directory, 'text.so')
    writeFileSync(text, 'int getppid(void);')
    for (const lib of [text, directory]) {
      expect(() => openLibc({ lib })).toThrow(LibraryError)
      expect(() => openLibc({ lib })).toThrow(lib)
    }
  })

  test('libc works afterwards', () => {
    expect(openLibc().fn.getppid()).toBe(process.ppid)
  })
})

describe.skipIf(!hasCompiler)('a preloaded library (needs a C compiler)', () => {
  const script = `
    import { openLibc, originOf } from '${moduleUrl('libc/libc')}'
    const libc = openLibc(process.argv[1] === undefined ? {} : { lib: process.argv[1] })
    console.log(JSON.stringify({ result: libc.fn.getppid(), origin: originOf(libc, 'getppid'), other: originOf(libc, 'read') }))
  `

  test('counts, and its file is the origin of its functions', () => {
    const preloaded = compileLibrary('libraries/getppid')
    expect(runScript(script, { env: { LD_PRELOAD: preloaded } })).toEqual({
      result: REPLACED,
      origin: realpathSync(preloaded),
      other: originOf(openLibc(), 'read'),
    })
  })

  test('keeps its functions when a library is put in front that only depends on libc', () => {
    const preloaded = compileLibrary('libraries/getppid')
    const answer = runScript(script, {
      env: { LD_PRELOAD: preloaded },
      args: [compileLibrary('libraries/bystander')],
    })
    expect(answer).toMatchObject({ result: REPLACED, origin: realpathSync(preloaded) })
  })

  test('gives way to a library in front that has the function too', () => {
    const lib = compileLibrary('libraries/getppid')
    const answer = runScript(script, {
      env: { LD_PRELOAD: compileLibrary('libraries/bystander') },
      args: [lib],
    })
    expect(answer).toMatchObject({ result: REPLACED, origin: realpathSync(lib) })
  })

  test('without one, libc answers', () => {
    // Not that of `read`: a Node that is linked at a fixed address has an entry of its own for that.
    const origin = originOf(openLibc(), 'getppid')
    expect(runScript(script)).toMatchObject({ result: process.pid, origin })
    expect(origin).toMatch(/\/(libc[.-]|ld-musl-)[^/]*$/)
  })
})
