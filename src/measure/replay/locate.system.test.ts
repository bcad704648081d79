/** Where the replayer comes from: the package, a compiler, the cache, or a file for one run alone. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { NULL } from '../../libc/signatures.ts'
import { openLibc } from '../../libc/libc.ts'
import { hasCompiler } from '../../testing/compile.ts'
import { moduleUrl } from '../../testing/native.ts'
import { countingCompiler, household, writeScript } from '../../testing/replayer.ts'
import { temporaryDirectory } from '../../testing/temporary-directory.ts'
import { thisHost } from './host.ts'
import { locateReplayer } from './locate.ts'
import { prebuiltPath, readSource } from './prebuilt.ts'

const libc = openLibc()
const base = temporaryDirectory()
const RTLD_NOW = 2

function loads(path: string): boolean {
  const handle = libc.fn.dlopen(path, RTLD_NOW)
  if (handle === NULL) return false
  expect(libc.fn.dlsym(handle, 'answer')).not.toBe(NULL)
  return true
}

describe.skipIf(!hasCompiler)('the replayer (needs a C compiler)', () => {
  it('is compiled once, and kept where nobody else can write', () => {
    const { root, env, cache } = household(base)
    const first = locateReplayer({ root, env })
    const second = locateReplayer({ root, env })
    expect(first).toMatchObject({ origin: 'compiled', detail: `compiled with cc, kept in ${cache}` })
    expect(second).toMatchObject({ origin: 'cached', path: first.path })
    expect(dirname(first.path)).toBe(cache)
    expect([statSync(cache).mode & 0o777, statSync(first.path).mode & 0o777]).toEqual([0o700, 0o700])
    expect(readdirSync(cache)).toHaveLength(1)
    expect(loads(first.path)).toBe(true)
  })

  it('is compiled anew for another source', () => {
    const { root, env } = household(base)
    const first = locateReplayer({ root, env })
    writeFileSync(join(root, 'native', 'replay.c'), 'int answer(void);\nint answer(void) { return 43; }\n')
    expect(locateReplayer({ root, env })).toMatchObject({ origin: 'compiled' })
    expect(locateReplayer({ root, env }).path).not.toBe(first.path)
  })

  it('is taken from the package, but not when it was made of another source', () => {
    const { root, env } = household(base)
    const { path } = locateReplayer({ root, env })
    const prebuilt = prebuiltPath(root, readSource(root), thisHost())
    mkdirSync(dirname(prebuilt), { recursive: true })
    copyFileSync(path, prebuilt)
    expect(locateReplayer({ root, env })).toMatchObject({ path: prebuilt, origin: 'prebuilt' })

    writeFileSync(join(root, 'native', 'replay.c'), 'int answer(void);\nint answer(void) { return 44; }\n')
    expect(locateReplayer({ root, env }).origin).toBe('compiled')
  })

  it('is not taken from the package when it is cut short', () => {
    const { root, env } = household(base)
    const prebuilt = prebuiltPath(root, readSource(root), thisHost())
    mkdirSync(dirname(prebuilt), { recursive: true })
    copyFileSync(locateReplayer({ root, env }).path, prebuilt)
    truncateSync(prebuilt, 4096)
    expect(locateReplayer({ root, env }).origin).toBe('cached')
    expect(() => locateReplayer({ root, env: { ...env, PATH: '', CC: 'none' } })).toThrow(
      /the prebuilt file for \S+ is not used: it is not whole/,
    )
  })

  it.each([
    ['cut short', (path: string) => truncateSync(path, 5000)],
    ['empty', (path: string) => truncateSync(path, 0)],
    ['something else', (path: string) => writeFileSync(path, 'not a library')],
  ])('is compiled anew when the file in the cache is %s', (_, spoil) => {
    const { root, env } = household(base)
    const { path } = locateReplayer({ root, env })
    spoil(path)
    expect(locateReplayer({ root, env })).toMatchObject({ origin: 'compiled', path })
    expect(locateReplayer({ root, env }).origin).toBe('cached')
    expect(loads(path)).toBe(true)
  })

  it('is compiled with $CC, which may have arguments, before any other', () => {
    const home = household(base)
    const compiler = countingCompiler(home)
    const env = { ...home.env, CC: ` ${compiler.path}  -DONE=1 ` }
    expect(locateReplayer({ root: home.root, env })).toMatchObject({
      detail: expect.stringContaining(`compiled with ${compiler.path} -DONE=1,`) as string,
    })
    expect(compiler.calls()).toEqual([expect.stringMatching(/^-DONE=1 -O2 -shared .* -x c - -o /) as string])
    // Without it, what another compiler made is not taken.
    expect(locateReplayer({ root: home.root, env: home.env }).detail).toContain('compiled with cc,')
  })

  it('is compiled with the next compiler when $CC is none', () => {
    const { root, env } = household(base)
    const { detail } = locateReplayer({ root, env: { ...env, CC: '/nowhere/cc; touch $HOME/shell' } })
    expect(detail).toContain('compiled with cc,')
    expect(existsSync(join(env['HOME'] ?? '', 'shell'))).toBe(false)
  })

  it('is not what $CC made for another machine', ({ skip }) => {
    skip(process.platform === 'darwin', 'the header of ELF files alone is looked at')
    const { root, env, directory, cache } = household(base)
    // A cross compiler: its file has another machine in its header, at offset 18.
    const file = readFileSync(locateReplayer({ root, env }).path)
    file.writeUInt16LE(0xffff, 18)
    writeFileSync(join(directory, 'other.so'), file)
    const CC = writeScript(
      join(directory, 'cross'),
      `cat > /dev/null; for last; do :; done; exec cp '${directory}/other.so' "$last"`,
    )
    rmSync(cache, { recursive: true })
    expect(locateReplayer({ root, env: { ...env, CC } }).detail).toContain('compiled with cc,')
    const bin = join(directory, 'bin')
    mkdirSync(bin)
    for (const name of ['cat', 'cp']) writeScript(join(bin, name), `exec /bin/${name} "$@"`)
    expect(() => locateReplayer({ root, env: { ...env, CC: `${CC} -m`, PATH: bin } })).toThrow(
      'cross -m: what it made is not used: it is for another architecture;',
    )
  })

  it('is compiled for one run alone when there is no home directory', () => {
    const { root, env, directory } = household(base)
    const { path, origin, detail, release } = locateReplayer({
      root,
      env: { PATH: env['PATH'], TMPDIR: directory },
    })
    expect({ origin, detail }).toEqual({
      origin: 'compiled',
      detail: 'compiled with cc for this run alone: there is no home directory ($HOME)',
    })
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700)
    expect(loads(path)).toBe(true)
    release()
    expect(readdirSync(directory)).toEqual(['caches', 'package'])
  })

  it('is compiled for one run alone when the home directory is missing, and does not make it', () => {
    const { root, env, directory } = household(base)
    const HOME = join(directory, 'missing')
    const replayer = locateReplayer({ root, env: { PATH: env['PATH'], HOME, TMPDIR: directory } })
    replayer.release()
    expect(replayer.detail).toContain(`for this run alone: the home directory ${HOME} does not exist`)
    expect(existsSync(HOME)).toBe(false)
  })

  it('is kept below $HOME when $XDG_CACHE_HOME is relative, as its specification says', () => {
    const { root, env, directory } = household(base)
    const replayer = locateReplayer({ root, env: { ...env, XDG_CACHE_HOME: 'caches' } })
    expect(dirname(replayer.path)).toBe(
      join(directory, ...(process.platform === 'darwin' ? ['Library', 'Caches'] : ['.cache']), 'evloop'),
    )
  })

  it('is made by each of several processes at once', async () => {
    const { root, env, cache } = household(base)
    const script = `import { locateReplayer } from '${moduleUrl('measure/replay/locate')}'
      console.log(JSON.stringify(locateReplayer(${JSON.stringify({ root, env })})))`
    const runs = Array.from({ length: 4 }, async () => {
      const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const [output] = await Promise.all([text(child.stdout), once(child, 'close')])
      return (JSON.parse(output) as { readonly path: string }).path
    })
    const paths = await Promise.all(runs)
    expect(new Set(paths).size).toBe(1)
    expect(readdirSync(cache)).toHaveLength(1)
    expect(loads(paths[0] ?? '')).toBe(true)
  })
})
