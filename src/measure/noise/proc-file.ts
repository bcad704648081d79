import { closeSync, openSync, readSync } from 'node:fs'

/** A file of /proc or a control group, whose text is made anew whenever it is read from its beginning. */
export interface ProcFile {
  /** Its text, each byte a character; undefined where it cannot be read (any more). */
  text(): string | undefined
  close(): void
}

/** Opens a file, or says by undefined that there is none, for any reason. Tests have one of their own. */
export type OpenProcFile = (path: string) => ProcFile | undefined

/** More than is ever wanted: what is, comes first in /proc/stat, and mounts of control groups come early. */
const LONGEST_BYTES = 1 << 16

/** One for all files, because reading does not wait. */
const buffer = Buffer.alloc(LONGEST_BYTES)

/** Opens a file to be read again and again through one descriptor. */
export function openProcFile(path: string): ProcFile | undefined {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch {
    return undefined
  }
  return { text: () => textOf(fd), close: () => closeSync(fd) }
}

/** These files give a page at a time, and nothing at their end. */
function textOf(fd: number): string | undefined {
  let end = 0
  try {
    while (end < LONGEST_BYTES) {
      const count = readSync(fd, buffer, end, LONGEST_BYTES - end, end)
      if (count === 0) break
      end += count
    }
    return buffer.toString('latin1', 0, end)
  } catch {
    return undefined
  }
}
