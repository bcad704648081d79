import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

/** Makes a directory for the tests of one file, which is gone after the last of them. Not to be called in a test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'evloop-test-'))
  afterAll(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}
