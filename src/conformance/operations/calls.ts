/** Calls that checks make which are functions: what steps do, without being told to the parent process. */
import { SystemError } from '../../errors.ts'
import { sys } from '../../libc/libc.ts'
import type { ArgumentsOf, FunctionName, ResultOf } from '../../libc/signatures.ts'
import { Failure } from '../check.ts'
import type { Machine } from '../machine.ts'
import { decodeEvents, eventBuffer } from './events.ts'
import type { ReportedEvent } from './events.ts'

/** Makes a call that is under test: unlike that of a set-up, its failure is the check's. */
export function underTest<N extends FunctionName>(
  machine: Machine,
  name: N,
  ...args: ArgumentsOf<N>
): ResultOf<N> {
  try {
    return sys(machine.libc, name, ...args)
  } catch (error) {
    if (error instanceof SystemError) throw new Failure(`${name} succeeds`, `${name} gives ${error.code}`)
    throw error
  }
}

/** epoll_wait, for checks that cannot say beforehand which events must come. */
export function waitForEvents(machine: Machine, ep: string, max: number, timeoutMs: number): ReportedEvent[] {
  const buffer = eventBuffer(max)
  const count = underTest(machine, 'epoll_wait', machine.fd(ep), buffer.address, max, timeoutMs)
  return decodeEvents(machine, buffer, count)
}
