import { readFileSync } from 'node:fs'
import { UnsupportedError } from '../../../errors.ts'

/** How many descriptors the kernel's table for this process has room for right now: it grows when it must. */
export function tableSize(): number {
  const size = /^FDSize:\s*(\d+)$/m.exec(readStatus())?.[1]
  if (size === undefined)
    throw new UnsupportedError('the size of the table of descriptors', 'the kernel does not tell')
  return Number(size)
}

function readStatus(): string {
  try {
    return readFileSync('/proc/self/status', 'utf8')
  } catch {
    return ''
  }
}
