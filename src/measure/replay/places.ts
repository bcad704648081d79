/** Directories that compiled files can be kept in. */
import {
  accessSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, isAbsolute, join } from 'node:path'
import { codeOf } from './file-error.ts'
import { whyEntryUnsafe, whyPathUnsafe } from './trust.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * `ready`: nobody else can write there. `unavailable`: there is no such directory, and none can be made.
 * `refused`: there is one, but others could put something into it.
 */
export type Place =
  | { readonly kind: 'ready'; readonly directory: string }
  | { readonly kind: 'unavailable'; readonly reason: string }
  | { readonly kind: 'refused'; readonly reason: string }

/**
 * Where this user's cache of evloop has to be, by the XDG Base Directory Specification (which says that a
 * relative path is to be ignored) and by macOS's custom; or why there is no such place.
 */
export function cachePath(
  env: Environment,
  platform: string = process.platform,
): { readonly path: string } | { readonly reason: string } {
  const { XDG_CACHE_HOME: xdg = '', HOME: home = '' } = env
  if (platform !== 'darwin' && isAbsolute(xdg)) return { path: join(xdg, 'evloop') }
  if (!isAbsolute(home)) return { reason: 'there is no home directory ($HOME)' }
  // Missing caches are made, as the specification wants it, but not missing homes.
  if (!existsSync(home)) return { reason: `the home directory ${home} does not exist` }
  return { path: join(home, ...(platform === 'darwin' ? ['Library', 'Caches'] : ['.cache']), 'evloop') }
}

/** This user's cache of evloop, which is made where it is missing. */
export function openCacheDirectory(env: Environment): Place {
  const wanted = cachePath(env)
  if ('reason' in wanted) return { kind: 'unavailable', reason: wanted.reason }
  try {
    return makePrivate(wanted.path)
  } catch (error) {
    return {
      kind: 'unavailable',
      reason: `the cache directory ${wanted.path} cannot be used (${codeOf(error)})`,
    }
  }
}

/** Makes a directory, and those above it, with mode 0700, as the XDG specification demands, and checks all. */
function makePrivate(path: string): Place {
  const above = dirname(path)
  const refusal = (why: string): Place => ({
    kind: 'refused',
    reason: `the cache directory ${path} is not safe to load code from: ${why}`,
  })
  const { existing, missing } = resolveExisting(above)
  // Before anything is made: root does not leave directories in the home of the user who called sudo.
  const before = whyPathUnsafe(existing)
  if (before !== undefined) return refusal(before)
  const parent = join(existing, ...missing)
  for (const [index] of missing.entries()) makeDirectory(join(existing, ...missing.slice(0, index + 1)))
  // Once more: in a sticky directory someone else may have been faster.
  const after = missing.length === 0 ? undefined : whyPathUnsafe(parent)
  if (after !== undefined) return refusal(after)
  const directory = join(parent, basename(path))
  makeDirectory(directory)
  const stats = lstatSync(directory)
  const unsafe = whyEntryUnsafe(stats, directory)
  if (unsafe !== undefined) return refusal(unsafe)
  if (!stats.isDirectory()) return { kind: 'unavailable', reason: `${directory} is no directory` }
  return { kind: 'ready', directory }
}

/**
 * The deepest directory on a path that exists, with its links resolved, and the names that are missing below.
 * Links may lead anywhere: only where they lead has to be safe, because from here on nothing follows them.
 */
function resolveExisting(path: string): { readonly existing: string; readonly missing: readonly string[] } {
  try {
    return { existing: realpathSync(path), missing: [] }
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
    const { existing, missing } = resolveExisting(dirname(path))
    return { existing, missing: [...missing, basename(path)] }
  }
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  }
}

/** A directory for this run alone, mode 0700. The caller removes it. */
export function openTemporaryDirectory(env: Environment): Place {
  const { TMPDIR: wanted = '' } = env
  const parent = isAbsolute(wanted) ? wanted : '/tmp'
  try {
    const resolved = realpathSync(parent)
    const why = whyPathUnsafe(resolved)
    if (why !== undefined) return { kind: 'refused', reason: `the temporary directory is not safe: ${why}` }
    return { kind: 'ready', directory: mkdtempSync(join(resolved, 'evloop-')) }
  } catch (error) {
    return {
      kind: 'unavailable',
      reason: `the temporary directory ${parent} cannot be used (${codeOf(error)})`,
    }
  }
}

/** Room for the compiler's temporary files and for its result, some 10 times what they take. */
const ROOM_BYTES = 1 << 20

/** Why nothing can be compiled in a directory and loaded from it: it is read-only, full, or mounted noexec. */
export function whyUnusable(directory: string): string | undefined {
  const trial = join(directory, 'trial')
  try {
    writeFileSync(trial, Buffer.alloc(ROOM_BYTES), { mode: 0o700, flag: 'wx' })
    return whyNotExecutable(trial)
  } catch (error) {
    return `${directory} cannot be written to (${codeOf(error)})`
  } finally {
    rmSync(trial, { force: true })
  }
}

/** Why an executable file cannot be mapped as code. Linux tells access(2) so of a file system without exec. */
export function whyNotExecutable(path: string): string | undefined {
  try {
    accessSync(path, constants.X_OK)
    return undefined
  } catch (error) {
    return `no program can be run from ${dirname(path)} (${codeOf(error)}; it may be mounted noexec)`
  }
}
