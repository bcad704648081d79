/** Caches that others could have put code into: each is made so for real, refused, and told of in one line. */
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { execFileSync } from 'node:child_process'
import { basename, dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { UnsupportedError } from '../../errors.ts'
import { hasCompiler } from '../../testing/compile.ts'
import { countingCompiler, household } from '../../testing/replayer.ts'
import type { Household } from '../../testing/replayer.ts'
import { temporaryDirectory } from '../../testing/temporary-directory.ts'
import { locateReplayer } from './locate.ts'

const base = temporaryDirectory()
const isRoot = process.geteuid?.() === 0
/** The user who owns nothing. */
const NOBODY = 65534

/** Finds the replayer of a household whose compiler must not even be called, and returns why it was refused. */
function refusal(home: Household, env: Readonly<Record<string, string>> = home.env): string {
  const compiler = countingCompiler(home)
  try {
    locateReplayer({ root: home.root, env: { ...env, CC: compiler.path } })
  } catch (error) {
    if (!(error instanceof UnsupportedError)) throw error
    if (compiler.calls().length > 0) throw new Error('something was compiled', { cause: error })
    if (error.message.includes('\n')) throw new Error('it is not one line', { cause: error })
    return error.message
  }
  throw new Error('it was not refused')
}

/** A household whose cache is filled. */
function filled(): Household & { readonly file: string } {
  const home = household(base)
  const env = { ...home.env, CC: countingCompiler(home).path }
  const { path } = locateReplayer({ root: home.root, env })
  rmSync(join(home.directory, 'calls'))
  return { ...home, file: path }
}

describe.skipIf(!hasCompiler)('a filled cache (needs a C compiler)', () => {
  it.each([
    ['others', 0o777],
    ['others, though it is sticky', 0o1777],
    ['its group', 0o770],
    ['others who cannot list it', 0o702],
  ])('is refused when it is writable by %s', (_, mode) => {
    const home = filled()
    chmodSync(home.cache, mode)
    expect(refusal(home)).toBe(
      `replayer: the cache directory ${home.cache} is not safe to load code from: others can write to ${home.cache} (mode 0${mode.toString(8)}): remove it, and it is made anew`,
    )
  })

  it('is refused when it is a symbolic link', () => {
    const home = filled()
    renameSync(home.cache, `${home.cache}-elsewhere`)
    symlinkSync(`${home.cache}-elsewhere`, home.cache)
    expect(refusal(home)).toContain(`${home.cache} is a symbolic link: remove it`)
  })

  it.each([0o777, 0o775])('is refused when others can exchange it: mode %o above', (mode) => {
    const home = filled()
    const above = dirname(home.cache)
    chmodSync(above, mode)
    expect(refusal(home)).toContain(
      `others can write to ${above} (mode 0${mode.toString(8)}): take that permission away`,
    )
  })

  it('is refused when others can exchange a directory further up', () => {
    const home = filled()
    chmodSync(home.directory, 0o707)
    expect(refusal(home)).toContain(`others can write to ${home.directory} (mode 0707)`)
  })

  it('is used when what is above is sticky, as /tmp is', () => {
    const home = filled()
    chmodSync(home.directory, 0o1777)
    chmodSync(dirname(home.cache), 0o1777)
    expect(locateReplayer({ ...home, env: { ...home.env, CC: countingCompiler(home).path } }).origin).toBe(
      'cached',
    )
  })

  it('is used when a link leads to it that nobody else can change', () => {
    const home = filled()
    const link = join(home.directory, 'link')
    symlinkSync(dirname(home.cache), link)
    const env = { ...home.env, CC: countingCompiler(home).path, XDG_CACHE_HOME: link }
    expect(locateReplayer({ ...home, env })).toMatchObject({ origin: 'cached', path: home.file })
  })

  it('is refused when a link leads to where others can write', () => {
    const home = household(base)
    const link = join(home.directory, 'link')
    const target = join(home.directory, 'target')
    mkdirSync(target)
    chmodSync(target, 0o777)
    symlinkSync(target, link)
    expect(refusal(home, { ...home.env, XDG_CACHE_HOME: link })).toContain(`others can write to ${target}`)
    expect(readdirSync(target)).toEqual([])
  })

  it.each([
    [
      'is writable by others',
      (file: string) => chmodSync(file, 0o722),
      'others can write to FILE (mode 0722)',
    ],
    [
      'is a symbolic link',
      (file: string) => {
        renameSync(file, `${file}.elsewhere`)
        symlinkSync(`${file}.elsewhere`, file)
      },
      'FILE is a symbolic link',
    ],
  ])('is refused when the file in it %s', (_, spoil, said) => {
    const home = filled()
    spoil(home.file)
    expect(refusal(home)).toContain(
      `a file of the cache is not safe to load: ${said.replace('FILE', home.file)}: remove it, and it is made anew`,
    )
  })

  it('takes no pipe for a file, and does not wait for one', () => {
    const home = filled()
    rmSync(home.file)
    execFileSync('mkfifo', ['-m', '600', home.file])
    const env = { ...home.env, CC: countingCompiler(home).path }
    expect(locateReplayer({ ...home, env })).toMatchObject({ origin: 'compiled', path: home.file })
  })

  it('is not read where its files are not those that were asked for', () => {
    const home = filled()
    linkSync(home.file, join(home.cache, `other-${basename(home.file)}`))
    writeFileSync(join(home.cache, 'replay-of-another-version.so'), 'nothing', { mode: 0o666 })
    const env = { ...home.env, CC: countingCompiler(home).path }
    expect(locateReplayer({ ...home, env }).path).toBe(home.file)
  })

  describe.skipIf(!isRoot)('and other users (needs root, to give files away)', () => {
    it('is refused when it belongs to someone else', () => {
      const home = filled()
      chownSync(home.cache, NOBODY, NOBODY)
      expect(refusal(home)).toContain(
        `${home.cache} belongs to another user (uid 65534; this is uid 0): remove it, and it is made anew, or set XDG_CACHE_HOME to a directory of your own`,
      )
    })

    it('is refused when a file was put into it, even one with the right name', () => {
      const home = filled()
      chownSync(home.file, NOBODY, NOBODY)
      expect(refusal(home)).toContain(
        `${home.file} belongs to another user (uid 65534; this is uid 0): remove it`,
      )
    })

    it('is refused below the home of someone else, as sudo leaves it, and makes nothing there', () => {
      const home = household(base)
      const theirs = join(home.directory, 'theirs')
      mkdirSync(theirs)
      chownSync(theirs, NOBODY, NOBODY)
      const { PATH = '' } = home.env
      expect(refusal(home, { PATH, HOME: theirs })).toContain(
        `${theirs} belongs to another user (uid 65534; this is uid 0): set XDG_CACHE_HOME to a directory of your own`,
      )
      expect(readdirSync(theirs)).toEqual([])
    })

    it('is refused when someone else has made it first in a sticky directory', () => {
      const home = household(base)
      const sticky = join(home.directory, 'sticky')
      mkdirSync(join(sticky, 'evloop'), { recursive: true })
      chmodSync(sticky, 0o1777)
      chownSync(join(sticky, 'evloop'), NOBODY, NOBODY)
      expect(refusal(home, { ...home.env, XDG_CACHE_HOME: sticky })).toContain(
        `${join(sticky, 'evloop')} belongs to another user`,
      )
    })
  })
})

it('a temporary directory that others can exchange is refused too', () => {
  const home = household(base)
  const temporary = join(home.directory, 'temporary')
  mkdirSync(temporary)
  chmodSync(temporary, 0o777)
  const { PATH = '' } = home.env
  expect(refusal(home, { PATH, TMPDIR: temporary })).toMatch(
    /there is no home directory \(\$HOME\); the temporary directory is not safe: others can write to \S+temporary/,
  )
  expect(readdirSync(temporary)).toEqual([])
})

it('a cache that is refused leaves what is in it untouched', () => {
  const home = household(base)
  mkdirSync(home.cache, { mode: 0o700 })
  writeFileSync(join(home.cache, 'planted'), 'mine')
  chmodSync(home.cache, 0o777)
  refusal(home)
  expect(readFileSync(join(home.cache, 'planted'), 'utf8')).toBe('mine')
  expect(existsSync(home.cache)).toBe(true)
})
