import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UnsupportedError } from './errors.ts'

/**
 * Makes a new directory wherever one can be made: the usual place may be missing, or read-only. Who asks for it removes
 * it. Throws `UnsupportedError`.
 */
export function makeOwnDirectory(): string {
  const reasons: string[] = []
  for (const parent of [tmpdir(), '/dev/shm', '.']) {
    try {
      return mkdtempSync(join(parent, 'evloop-'))
    } catch (error) {
      reasons.push(error instanceof Error ? error.message : String(error))
    }
  }
  throw new UnsupportedError('a directory for files', reasons.join('; '))
}
