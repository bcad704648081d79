import { errnoName } from '../../libc/libc.ts'
import { NULL } from '../../libc/signatures.ts'
import type { Machine } from '../machine.ts'
import type { WaitFunction } from './functions.ts'
import { NOTHING, Wait } from './wait.ts'
import type { BlockingCall, Timeout } from './wait.ts'

/** A wait for no descriptor at all, by which programs sleep: poll or select, or what is like them. */
export function sleepBy(machine: Machine, fn: WaitFunction, timeout: Timeout): BlockingCall {
  const wait = new Wait(machine, fn, timeout)
  const { args } = wait.invocation
  const descriptors = machine.backend === 'select' ? [0, NULL, NULL, NULL] : [NULL, 0]
  return {
    invocation: { fn: fn.name, args: [...descriptors, ...args.slice(descriptors.length)] },
    text: `${wait.text} of nothing`,
    reset: () => wait.reset(),
    outcome(result, errno) {
      if (result === -1) return errnoName(errno)
      return result === 0 ? NOTHING : `${result} descriptors`
    },
  }
}
