/** The capabilities of this thread (capabilities(7)): how root can be tested as if it had no privilege. */
import { orUnsupported } from '../errors.ts'
import { LINUX_CAPABILITY_VERSION_3 } from './constants/linux.ts'
import { layouts } from './layouts.ts'
import { sys } from './libc.ts'
import type { Libc } from './libc.ts'
import { Memory } from './memory.ts'

const header = layouts.cap_user_header
const data = layouts.cap_user_data

/**
 * Runs something while this thread lacks a capability, and takes it up again afterwards: what is permitted
 * stays permitted. A thread that never had it just runs. Throws `UnsupportedError` where this is forbidden.
 */
export function withoutCapability<T>(libc: Libc, capability: number, action: () => T): T {
  const who = new Memory(header.size)
  // Two structs hold 64 capabilities, the lower half first.
  const sets = new Memory(2 * data.size)
  const word = Math.floor(capability / 32) * data.size + data.offsets.effective
  who.view.setUint32(header.offsets.version, LINUX_CAPABILITY_VERSION_3, true)
  orUnsupported('capabilities', () => sys(libc, 'capget', who.address, sets.address))
  const before = sets.view.getUint32(word, true)
  const without = (before & ~(1 << (capability % 32))) >>> 0
  if (without === before) return action()
  const become = (effective: number): void => {
    sets.view.setUint32(word, effective, true)
    orUnsupported('capabilities', () => sys(libc, 'capset', who.address, sets.address))
  }
  become(without)
  try {
    return action()
  } finally {
    become(before)
  }
}
