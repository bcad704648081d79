/** Compiled files that were kept. */
import { lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { codeOf } from './file-error.ts'
import { whyNotExecutable } from './places.ts'
import { sha256 } from './prebuilt.ts'
import { whyEntryUnsafe } from './trust.ts'

/**
 * The name of a compiled file: of what it was made (`key`), and the hash of what it holds, by which a file that
 * was cut short or changed is known. Loading a truncated library does not fail, but ends the process by SIGBUS.
 */
export function cachedName(key: string, bytes: Buffer): string {
  return `replay-${key}-${sha256(bytes)}.so`
}

export type Cached =
  | { readonly kind: 'found'; readonly path: string }
  | { readonly kind: 'missing' }
  /** It could be someone else's. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** It is sound, and cannot be loaded from where it is. */
  | { readonly kind: 'unusable'; readonly reason: string }

/**
 * The file that was kept under a key, in a directory that only we (and root) can write to. From just that it
 * follows that it is also the file that is loaded afterwards: nobody else can exchange it in between. Its owner
 * and mode are looked at because it may have been left there when the directory was still open to others.
 */
export function findCached(directory: string, key: string): Cached {
  for (const name of readdirSync(directory).toSorted()) {
    if (!name.startsWith(`replay-${key}-`)) continue
    const path = join(directory, name)
    const stats = lstatSync(path)
    const unsafe = whyEntryUnsafe(stats, path)
    if (unsafe !== undefined) {
      return { kind: 'refused', reason: `a file of the cache is not safe to load: ${unsafe}` }
    }
    if (!stats.isFile() || name !== contentName(key, path)) continue
    const noexec = whyNotExecutable(path)
    return noexec === undefined ? { kind: 'found', path } : { kind: 'unusable', reason: noexec }
  }
  return { kind: 'missing' }
}

/** The name that a file has to have; undefined for one that cannot be read, which is replaced like a broken one. */
function contentName(key: string, path: string): string | undefined {
  try {
    return cachedName(key, readFileSync(path))
  } catch (error) {
    codeOf(error)
    return undefined
  }
}
