/**
 * Copies of this process that make native calls: what a child does between fork and exec. JavaScript cannot run
 * in such a copy, whose heap and other threads are missing, so that it is a chain of contexts (makecontext(3)),
 * each of which makes one call and goes on to the next. What the calls return is not known; what they do is.
 */
import { constants } from 'node:os'
import { PR } from '../../libc/constants/linux.ts'
import { functionAddress, symbolAddress, sys } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import { nativeArguments } from '../../libc/native-library.ts'
import { NULL } from '../../libc/signatures.ts'
import type { FunctionName, Pointer } from '../../libc/signatures.ts'
import type { Machine } from '../machine.ts'
import type { Name } from '../steps.ts'
import { cloneProcess, endProcesses } from './processes.ts'

/** A call of a copy: numbers and addresses. It sees this process's memory as it was when it was made. */
export interface ForkedCall {
  readonly fn: FunctionName
  readonly args: readonly number[]
}

/** More than `ucontext_t` has on any architecture: 968 bytes on x86-64, 4560 on arm64. */
const CONTEXT_BYTES = 8192
/** Where `uc_link` and `uc_stack` stand in it, on both. */
const LINK = 8
const STACK_ADDRESS = 16
const STACK_SIZE = 32
/** A call needs little, but the dynamic linker saves all vector registers when it resolves one. */
const STACK_BYTES = 32 * 1024
/** The most arguments that a call has. */
const ARGUMENTS = 6

/** Whether copies can make calls here: musl has no contexts. */
export function canForkCalls(machine: Machine): boolean {
  return machine.libc.has('makecontext') && machine.libc.has('getcontext')
}

/**
 * Starts a copy that makes these calls, one after another, and then ends with `_exit(0)`. It inherits every
 * descriptor that is open now. It is a process of the scenario like one of the `fork` step, and ends at the
 * latest when the scenario does. Throws `UnsupportedError` where there is no fork.
 */
export function forkCalls(machine: Machine, name: string, calls: readonly ForkedCall[]): void {
  const { libc, processes } = machine
  if (processes.has(name)) throw new TypeError(`the scenario already has a process ${name}`)
  const dieWithParent = { fn: 'prctl', args: [PR.SET_PDEATHSIG, constants.signals.SIGKILL, 0, 0, 0] } as const
  const program: readonly ForkedCall[] = [dieWithParent, ...calls, { fn: '_exit', args: [0] }]
  const kept: Memory[] = []
  let next: Pointer = NULL
  for (const call of program.toReversed()) next = linkCall(machine, call, next, kept)
  const stack = new Memory(STACK_BYTES)
  kept.push(stack)
  const start = symbolAddress(libc, '', 'setcontext')
  processes.set(name, cloneProcess(machine, start, topOf(stack), next))
  machine.cleanups.push(() => endProcesses(machine))
  // The copy has its own by now.
  kept.length = 0
}

/** A context that makes one call and then continues with another. */
function linkCall(machine: Machine, { fn, args }: ForkedCall, next: Pointer, kept: Memory[]): Pointer {
  const { libc } = machine
  const [context, stack] = [new Memory(CONTEXT_BYTES), new Memory(STACK_BYTES)]
  kept.push(context, stack)
  sys(libc, 'getcontext', context.address)
  context.view.setBigUint64(LINK, BigInt(next), true)
  context.view.setBigUint64(STACK_ADDRESS, BigInt(stack.address), true)
  context.view.setBigUint64(STACK_SIZE, BigInt(STACK_BYTES), true)
  const passed = [...nativeArguments(fn, args), ...Array<number>(ARGUMENTS).fill(0)].slice(0, ARGUMENTS)
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = passed
  libc.fn.makecontext(context.address, functionAddress(libc, fn), ARGUMENTS, a, b, c, d, e, f)
  return context.address
}

/** Stacks grow downwards, and start at a multiple of 16. */
function topOf(stack: Memory): Pointer {
  return (Math.floor(stack.at(stack.bytes.length) / 16) * 16) as Pointer
}

/** Sleeps until an eventfd, which must be a blocking one, is signalled. */
export function awaitCall(machine: Machine, eventfd: Name): ForkedCall {
  return readCall(machine, eventfd, keptBytes(machine, 8).address)
}

/** Reads an eventfd to an address: in shared memory, so that what was read is seen here too. */
export function readCall(machine: Machine, eventfd: Name, to: Pointer): ForkedCall {
  return { fn: 'read', args: [machine.fd(eventfd), to, 8] }
}

/** Adds to an eventfd. */
export function signalCall(machine: Machine, eventfd: Name, value: bigint): ForkedCall {
  const bytes = keptBytes(machine, 8)
  bytes.view.setBigUint64(0, value, true)
  return { fn: 'write', args: [machine.fd(eventfd), bytes.address, 8] }
}

function keptBytes(machine: Machine, length: number): Memory {
  const bytes = new Memory(length)
  machine.keep(bytes)
  return bytes
}
