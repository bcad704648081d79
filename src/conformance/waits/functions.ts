/** The functions that wait: which backend each belongs to, how it takes its timeout, whether it takes a mask. */
import type { BackendName } from '../../backends/index.ts'
import { UnsupportedError } from '../../errors.ts'
import { originOf, sameOrigin } from '../../libc/libc.ts'
import { layouts } from '../../libc/layouts.ts'
import type { Libc, LibcPlan } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import { NULL } from '../../libc/signatures.ts'
import type { FunctionName } from '../../libc/signatures.ts'
import { classic, classicNames } from '../classic.ts'
import type { ClassicName } from '../classic.ts'
import { resultOf } from '../native-call.ts'

/** More entries than any process may have descriptors, and a descriptor that none has. */
export const TOO_MANY = 0x7fffffff

/** A function that waits. */
export interface WaitFunction {
  readonly name: WaitName
  /** The unit of its timeout: milliseconds, or a timeval or timespec that it points to. */
  readonly unit: 'ms' | 'us' | 'ns'
  /** Whether its last argument is a signal mask for the time of the wait. */
  readonly masks: boolean
}

type WaitName = 'epoll_wait' | 'epoll_pwait' | 'epoll_pwait2' | 'poll' | 'ppoll' | 'select' | 'pselect'

/** `plain`: without a mask. `pwait`: with one. `pwait2`: with one, and finer than its elder (epoll alone). */
export const variants = ['plain', 'pwait', 'pwait2'] as const

export type Variant = (typeof variants)[number]

const table: Readonly<Record<ClassicName, Readonly<Partial<Record<Variant, WaitFunction>>>>> = {
  epoll: {
    plain: { name: 'epoll_wait', unit: 'ms', masks: false },
    pwait: { name: 'epoll_pwait', unit: 'ms', masks: true },
    pwait2: { name: 'epoll_pwait2', unit: 'ns', masks: true },
  },
  poll: {
    plain: { name: 'poll', unit: 'ms', masks: false },
    pwait: { name: 'ppoll', unit: 'ns', masks: true },
  },
  select: {
    plain: { name: 'select', unit: 'us', masks: false },
    pwait: { name: 'pselect', unit: 'ns', masks: true },
  },
}

/** The functions that are a variant, in words: `epoll_pwait, ppoll and pselect`. */
export function namesOf(variant: Variant): string {
  const names = backendsOf(variant).map((name) => table[name][variant]?.name ?? '')
  return [names.slice(0, -1).join(', '), ...names.slice(-1)].filter((part) => part !== '').join(' and ')
}

/** The backends that have a variant. */
export function backendsOf(variant: Variant): ClassicName[] {
  return classicNames.filter((name) => table[name][variant] !== undefined)
}

/**
 * The function that is a backend's variant. Throws `UnsupportedError` where it cannot be used: libc, the kernel
 * or a policy may not have it, and a library that makes the descriptors itself may know only some of the
 * functions; what libc's own would say of such descriptors is not that library's fault.
 */
export function waitFunction(libc: Libc, backend: BackendName, variant: Variant): WaitFunction {
  const found = table[classic(backend)][variant]
  if (found === undefined) throw new TypeError(`${backend} has no function that is ${variant}`)
  if (!libc.has(found.name)) throw new UnsupportedError(found.name, 'no library in this process has it')
  // The plain functions are what a backend is made of; without them none of its checks would run.
  if (variant === 'plain') return found
  requireReach(libc, found.name, backend)
  requirePermission(libc, found.name)
  return found
}

/** Throws `UnsupportedError` if a function does not know what makes the descriptors that it is given. */
export function requireReach(libc: Libc, name: FunctionName, backend: BackendName): void {
  if (reaches(libc, name, backend)) return
  const maker = originOf(libc, makers[classic(backend)])
  throw new UnsupportedError(name, `${maker} makes the descriptors, and has no ${name}`)
}

/** Whether a function knows what makes the descriptors of a backend: it is from the same place, or both are libc's. */
export function reaches(libc: Libc, name: FunctionName, backend: BackendName): boolean {
  const maker = makers[classic(backend)]
  // What comes from where libc's own are reaches the kernel, and so does all that is interposed upon it.
  return sameOrigin(libc, maker, name) || sameOrigin(libc, maker, 'getppid')
}

/** What makes the descriptors that a backend's functions are given. */
const makers: Readonly<Record<ClassicName, FunctionName>> = {
  epoll: 'epoll_create1',
  poll: 'pipe2',
  select: 'pipe2',
}

/** What a kernel without a call answers, and what policies do that forbid it. */
const absent = new Set<number | string>(['ENOSYS', 'EPERM'])

/** What each function answered when it was first tried: it stays so for as long as the process lives. */
const answers = new WeakMap<LibcPlan, Map<WaitName, number | string>>()

/** Throws `UnsupportedError` if the kernel does not have a function, or a policy forbids it. */
function requirePermission(libc: Libc, name: WaitName): void {
  const known = answers.get(libc.plan) ?? new Map<WaitName, number | string>()
  answers.set(libc.plan, known)
  const answer = known.get(name) ?? provoke(libc, name)
  known.set(name, answer)
  if (absent.has(answer)) throw new UnsupportedError(name, `it is missing or forbidden here: ${answer}`)
}

/** A call that cannot succeed and must not block, whatever else is wrong with the function. */
function provoke(libc: Libc, name: WaitName): number | string {
  const room = new Memory(layouts.epoll_event.size)
  switch (name) {
    case 'epoll_wait':
      return resultOf(libc, name, TOO_MANY, room.address, 1, 0)
    case 'epoll_pwait':
      return resultOf(libc, name, TOO_MANY, room.address, 1, 0, NULL)
    case 'epoll_pwait2':
      return resultOf(libc, name, TOO_MANY, room.address, 1, NULL, NULL)
    case 'poll':
      return resultOf(libc, name, room.address, TOO_MANY, 0)
    case 'ppoll':
      return resultOf(libc, name, room.address, TOO_MANY, NULL, NULL)
    case 'select':
      return resultOf(libc, name, -1, NULL, NULL, NULL, NULL)
    case 'pselect':
      return resultOf(libc, name, -1, NULL, NULL, NULL, NULL, NULL)
  }
}
