/** Packages and homes for tests of how the native replayer is found. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A user with a package, a home and caches of their own, in an empty directory. */
export interface Household {
  readonly directory: string
  /** The package: as an option of `locateReplayer`. */
  readonly root: string
  /** Where evloop's cache is to be. Not made. */
  readonly cache: string
  readonly env: Readonly<Record<string, string>>
}

/** A source that compiles faster than the real one. */
const SOURCE = 'int answer(void);\nint answer(void) { return 42; }\n'

/** Makes a household below a directory. */
export function household(below: string, source = SOURCE): Household {
  const directory = mkdtempSync(join(below, 'household-'))
  const root = join(directory, 'package')
  const xdg = join(directory, 'caches')
  mkdirSync(join(root, 'native'), { recursive: true })
  writeFileSync(join(root, 'native', 'replay.c'), source)
  writeFileSync(join(root, 'native', 'direct.c'), '')
  mkdirSync(xdg, { mode: 0o700 })
  return {
    directory,
    root,
    cache: join(xdg, 'evloop'),
    env: { PATH: process.env['PATH'] ?? '', HOME: directory, XDG_CACHE_HOME: xdg },
  }
}

/** A script that can be run: as `$CC`, for one. */
export function writeScript(path: string, lines: string): string {
  writeFileSync(path, `#!/bin/sh\n${lines}\n`, { mode: 0o755 })
  return path
}

/** A compiler that counts how often it was called, and how. */
export function countingCompiler({ directory }: Household): {
  readonly path: string
  readonly calls: () => string[]
} {
  const log = join(directory, 'calls')
  const path = writeScript(join(directory, 'counting-cc'), `echo "$*" >> '${log}'\nexec cc "$@"`)
  return {
    path,
    calls: () => (existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n') : []),
  }
}

/** A program with its arguments that runs another one with mounts of its own, or why there is none here. */
export const ownMounts = ((): readonly string[] | undefined => {
  const program = ['unshare', process.geteuid?.() === 0 ? '-m' : '-rm']
  try {
    execFileSync('unshare', [...program.slice(1), 'mount', '-t', 'tmpfs', 'trial', '/mnt'], {
      stdio: 'ignore',
    })
    return program
  } catch {
    return undefined
  }
})()
