/** What keeps the replayer from being compiled, and that the user is told. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { hasCompiler } from '../../testing/compile.ts'
import { moduleUrl } from '../../testing/native.ts'
import { household, ownMounts, writeScript } from '../../testing/replayer.ts'
import type { Household } from '../../testing/replayer.ts'
import { temporaryDirectory } from '../../testing/temporary-directory.ts'
import { hostTag, thisHost } from './host.ts'
import { locateReplayer } from './locate.ts'

const base = temporaryDirectory()

describe('without a compiler that works', () => {
  it('says that there is none', () => {
    const { root, env, cache } = household(base)
    expect(() => locateReplayer({ root, env: { ...env, PATH: '' } })).toThrow(
      `replayer: there is no prebuilt file for ${hostTag(thisHost())}, and no C compiler could make it (cc: not found; gcc: not found; clang: not found)`,
    )
    expect(readdirSync(cache)).toEqual([])
  })

  it('runs none that lies in the current directory or in the cache', () => {
    const { root, env, cache, directory } = household(base)
    mkdirSync(cache, { mode: 0o700 })
    for (const place of [cache, directory]) writeScript(join(place, 'cc'), `: > '${directory}/was-run'`)
    const before = process.cwd()
    process.chdir(directory)
    try {
      expect(() => locateReplayer({ root, env: { ...env, PATH: ':.' } })).toThrow('cc: not found')
    } finally {
      process.chdir(before)
    }
    expect(readdirSync(directory)).not.toContain('was-run')
  })

  it.each([
    ['it fails without a word', 'exit 3', /: it ended with exit code 3;/],
    ['it is killed', 'kill -9 $$', /: it ended with SIGKILL;/],
    ['it makes nothing', 'cat > /dev/null', /: it made no file \(ENOENT\);/],
    [
      'it makes something else',
      'cat > /dev/null; for last; do :; done; echo text > "$last"',
      /: what it made is not used: it is no ELF file;/,
    ],
    [
      'it tells of an error',
      'printf "warming up\\nx.c:1: error: \\033[31mred\\n" >&2; exit 1',
      /: x.c:1: error: {2}\[31mred;/,
    ],
    ['it does not end', 'exec sleep 60', /: not done after 0.5 s;/],
  ])('says what $CC did: %s', (_, lines, said) => {
    const { root, env, directory, cache } = household(base)
    const CC = writeScript(join(directory, 'broken'), lines)
    // Only what the scripts themselves need is there.
    const bin = join(directory, 'bin')
    mkdirSync(bin)
    for (const name of ['cat', 'sleep']) writeScript(join(bin, name), `exec /bin/${name} "$@"`)
    expect(() => locateReplayer({ root, env: { ...env, PATH: bin, CC }, timeoutMs: 500 })).toThrow(said)
    expect(readdirSync(cache)).toEqual([])
  })

  it.skipIf(!hasCompiler)('says what is wrong with the source (needs a C compiler)', () => {
    const { root, env } = household(base, 'int answer(void) { return forty_two; }\n')
    expect(() => locateReplayer({ root, env })).toThrow(/cc: <stdin>:1:\d+: error: .*forty_two/)
  })

  it('says that the package lacks its source', () => {
    const { root, env } = household(base)
    rmSync(join(root, 'native'), { recursive: true })
    expect(() => locateReplayer({ root, env })).toThrow(
      'native/replay.c of this package cannot be read (ENOENT)',
    )
  })
})

describe.skipIf(!hasCompiler || ownMounts === undefined)(
  'a cache that cannot be used (needs a C compiler, and unshare with the right to mount)',
  () => {
    /** Finds the replayer in a process of its own, before which something was mounted on the caches. */
    function locateWith(mount: string, { root, env, directory }: Household): unknown {
      const options = { root, env: { ...env, TMPDIR: directory } }
      const script = `import { locateReplayer } from '${moduleUrl('measure/replay/locate')}'
        const { origin, detail } = locateReplayer(${JSON.stringify(options)})
        console.log(JSON.stringify({ origin, detail }))`
      const [program = '', ...args] = ownMounts ?? []
      const run = spawnSync(
        program,
        [
          ...args,
          'sh',
          '-c',
          `${mount} && exec "$@"`,
          'sh',
          process.execPath,
          '--input-type=module',
          '-e',
          script,
        ],
        { encoding: 'utf8' },
      )
      expect(run.stderr).toBe('')
      return JSON.parse(run.stdout)
    }

    const caches = ({ directory }: Household): string => `'${join(directory, 'caches')}'`

    it.each([
      ['read-only', 'size=4m,mode=700,ro', /the cache directory \S+ cannot be used \(EROFS\)$/],
      ['full', 'size=64k,mode=700', /build-\w+ cannot be written to \(ENOSPC\)$/],
      ['mounted noexec', 'size=4m,mode=700,noexec', /no program can be run from .* noexec\)$/],
    ])('does without one that is %s, and leaves nothing behind', (_, options, reason) => {
      const home = household(base)
      expect(locateWith(`mount -t tmpfs -o ${options} none ${caches(home)}`, home)).toEqual({
        origin: 'compiled',
        detail: expect.stringMatching(reason) as string,
      })
      expect(readdirSync(home.directory).toSorted()).toEqual(['caches', 'package'])
    })

    it('does without one that was filled before it became noexec', () => {
      const home = household(base)
      expect(locateReplayer(home).origin).toBe('compiled')
      const again = `mount --bind ${caches(home)} ${caches(home)} && mount -o remount,bind,noexec ${caches(home)}`
      expect(locateWith(again, home)).toEqual({
        origin: 'compiled',
        detail: expect.stringContaining('for this run alone: no program can be run from') as string,
      })
    })
  },
)

it('says that nothing can be written anywhere', () => {
  const { root, env, directory } = household(base)
  const file = join(directory, 'file')
  writeFileSync(file, '')
  expect(() =>
    locateReplayer({ root, env: { ...env, XDG_CACHE_HOME: file, TMPDIR: join(directory, 'missing') } }),
  ).toThrow(
    /the cache directory \S+ cannot be used \(ENOTDIR\); the temporary directory \S+ cannot be used \(ENOENT\)$/,
  )
})
