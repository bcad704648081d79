import { randomUUID } from 'node:crypto'
import {
  accessSync,
  closeSync,
  constants,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, sep } from 'node:path'
import { OutputError, UsageError } from '../errors.ts'

/** Throws `UsageError` now rather than after a long measurement, if a file could not be written. */
export function assertWritable(file: string, option = '--output'): void {
  try {
    if (file === '') throw new Error('it has no name')
    if (file.endsWith(sep) || isDirectory(file)) throw new Error('it is a directory')
    if (isSpecial(file)) accessSync(file, constants.W_OK)
    else accessSync(dirname(targetOf(file)), constants.W_OK | constants.X_OK)
  } catch (error) {
    throw new UsageError(`${option} ${file} cannot be written: ${reasonOf(error)}`)
  }
}

/**
 * Writes to stdout, or to a file: beside it first, and then in its place, so that no half of it is ever seen.
 * Throws `OutputError`; what is wrong with stdout, its `error` event tells.
 */
export function writeOutput(file: string | undefined, text: string, option = '--output'): void {
  if (file === undefined) {
    process.stdout.write(text)
    return
  }
  try {
    // A device or a pipe takes what it is given. To put a file in its place would be to destroy it.
    if (isSpecial(file)) writeFileSync(file, text)
    else replaceFile(targetOf(file), text)
  } catch (error) {
    throw new OutputError(`${option} ${file}`, reasonOf(error))
  }
}

function replaceFile(file: string, text: string): void {
  const temporary = `${file}.${randomUUID()}.tmp`
  // Fails if it exists: in a directory that others may write to, it could be a link to somewhere else.
  const fd = openSync(temporary, 'wx')
  try {
    try {
      writeFileSync(fd, text)
    } finally {
      closeSync(fd)
    }
    renameSync(temporary, file)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

/** Where a link leads to; a name that leads nowhere yet stands for itself. */
function targetOf(file: string): string {
  return statSync(file, { throwIfNoEntry: false }) === undefined ? file : realpathSync(file)
}

function isDirectory(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isDirectory() === true
}

/** Something that is there and is neither a file nor a directory: a device, a pipe. */
function isSpecial(file: string): boolean {
  const found = statSync(file, { throwIfNoEntry: false })
  return found !== undefined && !found.isFile() && !found.isDirectory()
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
