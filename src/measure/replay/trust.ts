/**
 * Whether others could put code into a file that is to be loaded.
 *
 * A path is as safe as the weakest directory on it: who can write to one of them can rename what is in it and
 * put something else in its place, unless it is sticky, which leaves that to the owners of the entry and of the
 * directory. So every directory from the root on must belong to a trusted user, and be writable by that user
 * alone or be sticky (as OpenSSH's safe_path demands, which has no use for /tmp). Where all that holds, nobody
 * else can exchange the file between being looked at and being loaded, so that loading it by its path is safe.
 */
import { lstatSync, statSync } from 'node:fs'
import type { Stats } from 'node:fs'
import { dirname } from 'node:path'

const GROUP_OR_OTHERS_WRITE = 0o022
const STICKY = 0o1000

/**
 * Why a directory, or one above it, is not safe: a whole clause, with what to do. The path must be absolute
 * and resolved: a symbolic link on it is refused. Throws where a directory cannot be looked at.
 */
export function whyPathUnsafe(path: string): string | undefined {
  const above = dirname(path)
  const higher = above === path ? undefined : whyPathUnsafe(above)
  if (higher !== undefined) return higher
  const stats = lstatSync(path)
  if (stats.isSymbolicLink()) return `${path} has become a symbolic link`
  // Whoever owns the root can exchange this program and its libraries too. In a user namespace that has no
  // root, as sandboxes make them, that is the user who stands for all who are not known there.
  const trusted = [0, ownUid(), statSync('/').uid]
  if (!trusted.includes(stats.uid)) {
    return `${path} belongs to another user (uid ${stats.uid}; this is uid ${ownUid()}): set XDG_CACHE_HOME to a directory of your own`
  }
  if ((stats.mode & GROUP_OR_OTHERS_WRITE) !== 0 && (stats.mode & STICKY) === 0) {
    return `others can write to ${path} (mode ${modeOf(stats)}): take that permission away, or set XDG_CACHE_HOME to another directory`
  }
  return undefined
}

/** Why what lies in a safe directory could still be someone else's, or be changed by others. */
export function whyEntryUnsafe(stats: Stats, path: string): string | undefined {
  const remedy = 'remove it, and it is made anew'
  if (stats.isSymbolicLink()) return `${path} is a symbolic link: ${remedy}`
  if (stats.uid !== ownUid()) {
    return `${path} belongs to another user (uid ${stats.uid}; this is uid ${ownUid()}): ${remedy}, or set XDG_CACHE_HOME to a directory of your own`
  }
  if ((stats.mode & GROUP_OR_OTHERS_WRITE) !== 0) {
    // Not: take the permission away. What others have put there before would stay.
    return `others can write to ${path} (mode ${modeOf(stats)}): ${remedy}`
  }
  return undefined
}

/** The user whose rights this process has. */
function ownUid(): number {
  return process.geteuid?.() ?? -1
}

function modeOf(stats: Stats): string {
  return `0${(stats.mode & 0o7777).toString(8)}`
}
