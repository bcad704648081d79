import { accessSync, constants, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { UsageError } from '../errors.ts'

/** Throws `UsageError` now rather than after a long measurement, if a file could not be written. */
export function assertWritable(file: string): void {
  try {
    if (statSync(file, { throwIfNoEntry: false })?.isDirectory() === true)
      throw new Error('it is a directory')
    accessSync(dirname(file), constants.W_OK)
  } catch (error) {
    throw new UsageError(
      `--output ${file} cannot be written: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}

/** Writes to stdout, or to a file: beside it first, and then in its place, so that no half of it is ever seen. */
export function writeOutput(file: string | undefined, text: string): void {
  if (file === undefined) {
    process.stdout.write(text)
    return
  }
  const temporary = `${file}.${process.pid}.tmp`
  try {
    writeFileSync(temporary, text)
    renameSync(temporary, file)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}
