/** Calls that checks make which are functions: what steps do, without being told to the parent process. */
import type { ArgumentsOf, FunctionName } from '../../libc/signatures.ts'
import { Failure } from '../check.ts'
import type { Machine } from '../machine.ts'
import { resultOf } from '../native-call.ts'
import type { Invocation } from '../threads/job.ts'
import { decodeEvents, eventBuffer } from './events.ts'
import type { ReportedEvent } from './events.ts'

/** Makes a call that is under test: unlike that of a set-up, its failure is the check's. */
export function underTest<N extends FunctionName>(
  machine: Machine,
  name: N,
  ...args: ArgumentsOf<N>
): number {
  const result = resultOf(machine.libc, name, ...args)
  if (typeof result === 'string') throw new Failure(`${name} succeeds`, `${name} gives ${result}`)
  return result
}

/** Makes a call of plain data in this thread, and says what it gave: its result, or its errno. */
export function callOnce(machine: Machine, { fn, args }: Invocation): number | string {
  return resultOf(machine.libc, fn, ...(args as ArgumentsOf<typeof fn>))
}

/** epoll_wait, for checks that cannot say beforehand which events must come. */
export function waitForEvents(machine: Machine, ep: string, max: number, timeoutMs: number): ReportedEvent[] {
  const buffer = eventBuffer(max)
  const count = underTest(machine, 'epoll_wait', machine.fd(ep), buffer.address, max, timeoutMs)
  return decodeEvents(machine, buffer, count)
}
