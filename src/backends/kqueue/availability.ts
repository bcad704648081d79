import { SystemError, UnsupportedError } from '../../errors.ts'
import type { Libc } from '../../libc/libc.ts'
import type { Availability } from '../backend.ts'
import { OwnedKqueue } from './owned-kqueue.ts'
import { abiOf } from './prove.ts'

/** Whether there is a kqueue with an interface that is known: one is opened, and closed again. */
export function availability(libc: Libc): Availability {
  const missing = (['kqueue', 'kevent'] as const).find((name) => !libc.has(name))
  if (missing !== undefined) return { available: false, reason: `no library in this process has ${missing}` }
  try {
    abiOf(libc)
    new OwnedKqueue(libc).close()
  } catch (error) {
    if (error instanceof SystemError) {
      const { syscall, code } = error
      return { available: false, reason: `${syscall} failed with ${code}`, errno: code }
    }
    if (error instanceof UnsupportedError) return { available: false, reason: error.message }
    throw error
  }
  return { available: true }
}
