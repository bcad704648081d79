import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { machine, release, version } from 'node:os'

/**
 * Where facts about the machine are read from. Whatever cannot be read is undefined, for any reason: no /proc,
 * no permission, another system. Tests give texts that were captured elsewhere.
 */
export interface Sources {
  readonly os: string
  /** The architecture of this program, as Node names it, and that of the machine, as uname does. */
  readonly arch: string
  readonly machine: string
  readonly release: string
  readonly version: string
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The groups of this process. */
  readonly groups: readonly number[]
  /** The text of a file, each byte a character: file names in it may be in any encoding. */
  text(path: string): string | undefined
  exists(path: string): boolean
  /** The names in a directory. */
  names(path: string): readonly string[]
  /** What a symbolic link points to. */
  link(path: string): string | undefined
  /** Whether two paths are the same file. */
  same(a: string, b: string): boolean | undefined
}

/** The machine that this runs on. */
export const machineSources: Sources = {
  os: process.platform,
  arch: process.arch,
  machine: orUndefined(machine) ?? 'unknown',
  release: orUndefined(release) ?? 'unknown',
  version: orUndefined(version) ?? 'unknown',
  environment: process.env,
  groups: orUndefined(() => [process.getegid?.() ?? -1, ...(process.getgroups?.() ?? [])]) ?? [],
  text: (path) => orUndefined(() => readFileSync(path, 'latin1')),
  exists: existsSync,
  names: (path) => orUndefined(() => readdirSync(path)) ?? [],
  link: (path) => orUndefined(() => readlinkSync(path)),
  same: (a, b) =>
    orUndefined(() => {
      const [first, second] = [statSync(a), statSync(b)]
      return first.dev === second.dev && first.ino === second.ino
    }),
}

function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** The whole number that a file holds, and nothing else. */
export function numberIn(sources: Sources, path: string): number | undefined {
  const text = sources.text(path)?.trim()
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : undefined
}
