import { orUnsupported, UnsupportedError } from '../../errors.ts'
import { descriptorLimit, setDescriptorLimit } from '../../libc/limits.ts'
import type { Machine } from '../machine.ts'

/**
 * Does something while the soft limit of descriptors is another one. The limit is the whole process's, and is
 * put back whatever happens. Throws `UnsupportedError` where it cannot be set.
 */
export function withDescriptorLimit(machine: Machine, soft: number, action: () => void): void {
  const { libc } = machine
  const feature = `a limit of ${soft} descriptors`
  machine.begin(`setrlimit(RLIMIT_NOFILE, ${soft})`)
  const before = orUnsupported(feature, () => descriptorLimit(libc))
  if (soft > before.hard) throw new UnsupportedError(feature, `the hard limit is ${before.hard}`)
  orUnsupported(feature, () => setDescriptorLimit(libc, soft, before.hard))
  try {
    action()
  } finally {
    setDescriptorLimit(libc, before.soft, before.hard)
  }
}

/** The soft limit of descriptors. Throws `UnsupportedError` where nobody tells. */
export function softDescriptorLimit({ libc }: Machine): number {
  return orUnsupported('the limit of descriptors', () => descriptorLimit(libc)).soft
}
