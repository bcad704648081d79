import { readFileSync } from 'node:fs'
import { UnsupportedError } from '../../../errors.ts'

/**
 * Throws `UnsupportedError` where another process traces this one, as strace, gdb and proot do: every signal then
 * stops it, also one that is ignored, and what it waits in ends with EINTR (ptrace(2)).
 */
export function requireUntraced(): void {
  const tracer = /^TracerPid:\s*([1-9]\d*)/m.exec(status())?.[1]
  if (tracer === undefined) return
  throw new UnsupportedError(
    'signals that disturb nobody',
    `process ${tracer} traces this one, and sees every signal`,
  )
}

function status(): string {
  try {
    return readFileSync('/proc/self/status', 'utf8')
  } catch {
    // Where nobody says that there is a tracer, there is most likely none.
    return ''
  }
}
