import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs'
import type { Stats } from 'node:fs'
import { SavedFileError } from '../errors.ts'

/** No report comes near it: a full run is less than a megabyte. */
const LARGEST_BYTES = 64 * 2 ** 20

/** Far apart from each other, so that a file that grows while it is read is read in few steps. */
const STEP_BYTES = 2 ** 20

/**
 * The text of a file, UTF-8 with or without a byte order mark. Never waits: what is not an ordinary file, such as a
 * pipe that nobody writes to, is refused. Throws `SavedFileError`.
 */
export function readSaved(file: string): string {
  const bytes = orRefuse(file, () => readWhole(file))
  if (bytes.length === 0) throw new SavedFileError(file, 'it is empty')
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new SavedFileError(file, 'it is not text (UTF-8)')
  }
}

function readWhole(file: string): Uint8Array {
  // To open some devices does something to them, so they are not even opened.
  assertOrdinary(file, statSync(file))
  // Not to wait for a writer, should it have become a pipe since.
  const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const found = fstatSync(fd)
    assertOrdinary(file, found)
    // One byte more than there should be, to see the end.
    let bytes = Buffer.allocUnsafe(found.size + 1)
    let length = 0
    for (;;) {
      if (length > LARGEST_BYTES) throw tooLarge(file)
      if (length === bytes.length) bytes = Buffer.concat([bytes, Buffer.allocUnsafe(STEP_BYTES)])
      const n = readSync(fd, bytes, length, bytes.length - length, null)
      if (n === 0) return bytes.subarray(0, length)
      length += n
    }
  } finally {
    closeSync(fd)
  }
}

function assertOrdinary(file: string, found: Stats): void {
  if (found.isDirectory()) throw new SavedFileError(file, 'it is a directory')
  if (found.isFIFO()) throw new SavedFileError(file, 'it is a pipe; save the report to a file first')
  if (!found.isFile()) throw new SavedFileError(file, 'it is not an ordinary file')
  if (found.size > LARGEST_BYTES) throw tooLarge(file)
}

function tooLarge(file: string): SavedFileError {
  return new SavedFileError(file, `it is larger than ${LARGEST_BYTES / 2 ** 20} MB, which no report is`)
}

function orRefuse<T>(file: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new SavedFileError(file, 'there is no such file')
    if (code === 'EACCES') throw new SavedFileError(file, 'permission to read it is denied')
    if (typeof code === 'string') throw new SavedFileError(file, `it cannot be read: ${code}`)
    throw error
  }
}
