/** Finds the native replayer, or makes it. */
import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { UnsupportedError } from '../../errors.ts'
import { packageRoot } from '../../package-root.ts'
import { version } from '../../version.ts'
import { cachedName, findCached } from './cache.ts'
import { compileReplayer, FLAGS } from './compile.ts'
import { codeOf } from './file-error.ts'
import { hostKey, hostTag, thisHost } from './host.ts'
import type { Host } from './host.ts'
import { openCacheDirectory, openTemporaryDirectory, whyUnusable } from './places.ts'
import type { Environment } from './places.ts'
import { findPrebuilt, readSource, REPLAYER, sha256 } from './prebuilt.ts'

export interface Replayer {
  /** A shared library, to be loaded by this path. */
  readonly path: string
  readonly origin: 'prebuilt' | 'compiled' | 'cached'
  /** Where it comes from, for people. */
  readonly detail: string
  /**
   * To be called when nothing will open the path any more (it may be loaded on): removes a file that was made
   * for this run alone. It is also removed when the process exits.
   */
  readonly release: () => void
}

export interface LocateOptions {
  /** The environment that names the home directory, the caches and the compilers. */
  readonly env?: Environment
  /** The directory that holds `native/replay.c` and `prebuilds/`. */
  readonly root?: string
  readonly host?: Host
  /** How long one compiler may take. */
  readonly timeoutMs?: number
}

/**
 * The native replayer: the package's own file for this host, else one that was compiled before and kept in this
 * user's cache, else one that is compiled now. Where there is no cache (no home directory, read-only, full,
 * mounted noexec) it is compiled for this run alone, in a temporary directory. A cache that others could have
 * written to is never used, nor worked around: it has to be seen.
 *
 * Throws `UnsupportedError` with the reason where there is none. That the file can be loaded is not certain:
 * a `LibraryError` of loading it means the same.
 */
export function locateReplayer(options: LocateOptions = {}): Replayer {
  const { env = process.env, root = packageRoot(), host = thisHost() } = options
  if (process.geteuid === undefined) {
    throw new UnsupportedError(REPLAYER, `there is none for ${process.platform}`)
  }
  const source = readSource(root)
  const prebuilt = findPrebuilt(root, source, host)
  if ('path' in prebuilt) {
    return { path: prebuilt.path, origin: 'prebuilt', detail: `prebuilt for ${hostTag(host)}`, release: noop }
  }
  return fromCache({ ...options, env, source, host, missing: prebuilt.reason })
}

interface Search extends LocateOptions {
  readonly env: Environment
  readonly source: Buffer
  readonly host: Host
  /** Why there is no prebuilt file. */
  readonly missing: string
}

function fromCache(search: Search): Replayer {
  const place = openCacheDirectory(search.env)
  if (place.kind === 'refused') throw new UnsupportedError(REPLAYER, place.reason)
  if (place.kind === 'unavailable') return forThisRun(search, place.reason)
  try {
    return useCache(place.directory, search)
  } catch (error) {
    return forThisRun(search, `${place.directory} cannot be used (${codeOf(error)})`)
  }
}

/** The file that is kept in a directory, or is compiled to be kept there. */
function useCache(directory: string, search: Search): Replayer {
  const key = keyOf(search)
  const cached = findCached(directory, key)
  if (cached.kind === 'refused') throw new UnsupportedError(REPLAYER, cached.reason)
  if (cached.kind === 'unusable') return forThisRun(search, cached.reason)
  if (cached.kind === 'missing') return compileInto(directory, key, search)
  return {
    path: cached.path,
    origin: 'cached',
    detail: `compiled before, kept in ${directory}`,
    release: noop,
  }
}

/** All that a compiled file depends on. */
function keyOf({ source, host, env }: Search): string {
  // $CC belongs to it: who names a compiler wants its code, and what a wrong one made must not outlive it.
  const { CC: compiler = '' } = env
  const parts = [sha256(source), FLAGS.join(' '), hostKey(host), version(), compiler]
  return sha256(parts.join('\n')).slice(0, 16)
}

/**
 * Compiles, and keeps the result in a directory. It is made in a directory of its own within and renamed, so
 * that a name stands for a whole file at any time, and of two processes that do this at once both succeed.
 */
function compileInto(directory: string, key: string, search: Search): Replayer {
  const workshop = mkdtempSync(join(directory, 'build-'))
  try {
    const unusable = whyUnusable(workshop)
    if (unusable !== undefined) return forThisRun(search, unusable)
    const made = compileIn(workshop, search)
    const path = join(directory, cachedName(key, made.bytes))
    renameSync(made.path, path)
    const detail = `compiled with ${made.compiler}, kept in ${directory}`
    return { path, origin: 'compiled', detail, release: noop }
  } finally {
    rmSync(workshop, { recursive: true, force: true })
  }
}

/** Compiles into a directory that is removed afterwards. `why`: what is wrong with the cache. */
function forThisRun(search: Search, why: string): Replayer {
  const place = openTemporaryDirectory(search.env)
  if (place.kind !== 'ready')
    throw new UnsupportedError(REPLAYER, `${search.missing}; ${why}; ${place.reason}`)
  const { directory } = place
  const remove = (): void => rmSync(directory, { recursive: true, force: true })
  try {
    const unusable = whyUnusable(directory)
    if (unusable !== undefined) throw new UnsupportedError(REPLAYER, `${search.missing}; ${why}; ${unusable}`)
    const { path, compiler } = compileIn(directory, search)
    process.once('exit', remove)
    const release = (): void => {
      process.off('exit', remove)
      remove()
    }
    return {
      path,
      origin: 'compiled',
      detail: `compiled with ${compiler} for this run alone: ${why}`,
      release,
    }
  } catch (error) {
    remove()
    throw error
  }
}

function compileIn(
  directory: string,
  { source, env, timeoutMs, missing }: Search,
): { readonly path: string; readonly bytes: Buffer; readonly compiler: string } {
  const result = compileReplayer({ source, directory, env, flags: FLAGS, timeoutMs })
  if ('bytes' in result) return result
  throw new UnsupportedError(REPLAYER, `${missing}, and no C compiler could make it (${result.reason})`)
}

function noop(): void {
  // The file stays.
}
