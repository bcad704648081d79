/**
 * Native calls and waits. Each is prepared (arguments and memory), made, by this thread or by another, and
 * concluded: decoded and held against what the step expects.
 */
import { Failure } from '../check.ts'
import { formatMask, parseMask } from '../masks.ts'
import type { Machine } from '../machine.ts'
import type { Argument, Expected, NativeStep, StepOf } from '../steps.ts'
import { UnsupportedError } from '../../errors.ts'
import { FD_SETSIZE } from '../../libc/constants/linux.ts'
import { layouts } from '../../libc/layouts.ts'
import { errnoName, timeOf } from '../../libc/libc.ts'
import { scratch } from '../../libc/memory.ts'
import type { Memory } from '../../libc/memory.ts'
import { NULL } from '../../libc/signatures.ts'
import { arrayOperations } from './arrays.ts'
import { decodeGuarded, guardedBuffer, timespecOf } from './events.ts'
import { pathOf } from './files.ts'
import { keventOperation } from './kevents.ts'
import { eventsText, expectDuration, expectEvents, expectResult, resultText } from './outcome.ts'
import type { NativeOperation, Outcome, PendingStep } from './outcome.ts'
import { enterOperation, pollOperation } from './rings.ts'

export { expectEvents, expectResult }
export type { Outcome, PendingStep }

/** An address in the first page, which no program maps. */
const BAD_POINTER = 16

/** What policies, and kernels without the feature, answer to a call that needs privilege. */
const denials: readonly string[] = ['EPERM', 'EACCES', 'ENOSYS', 'EINVAL', 'ENODEV', 'ENOSPC', 'EUSERS']

const pollfd = layouts.pollfd
const SET_SIZE = layouts.fd_set.size
const FILLER = 0x55

/** The three sets of select, as scenarios name them: read, write, except. */
const SETS = ['r', 'w', 'x'] as const

export const nativeOperations: { readonly [Op in NativeStep['op']]: NativeOperation<StepOf<Op>> } = {
  ...arrayOperations,
  'io_uring.enter': enterOperation,
  'io_uring.poll': pollOperation,
  kevent: keventOperation,

  call: {
    prepare(machine, step) {
      const memory: Memory[] = []
      const args = step.args.map((argument) => resolve(machine, argument, memory))
      return { invocation: { fn: step.fn, args }, memory }
    },
    conclude(machine, step, outcome) {
      // A call that is to make a descriptor and is not there, or is forbidden, is not to blame for that.
      const error = outcome.result === -1 ? errnoName(outcome.errno) : ''
      if (step.as !== undefined && (error === 'ENOSYS' || error === 'EPERM')) {
        throw new UnsupportedError(step.fn, error)
      }
      if (step.mayBeDenied === true && denials.includes(error)) throw new UnsupportedError(step.fn, error)
      expectResult(step.fn, outcome, step.expect)
      if (step.as !== undefined && outcome.result >= 0) machine.bind(step.as, outcome.result)
    },
  },

  'epoll.wait': {
    prepare(machine, step) {
      const max = step.max ?? 8
      const buffer = guardedBuffer(Math.max(0, max))
      const { timeoutMs = 0, by = 'epoll_wait' } = step
      const leading = [machine.fd(step.ep), buffer.address, max]
      switch (by) {
        case 'epoll_wait':
          return { invocation: { fn: by, args: [...leading, timeoutMs] }, memory: [buffer] }
        case 'epoll_pwait':
          return { invocation: { fn: by, args: [...leading, timeoutMs, NULL] }, memory: [buffer] }
        case 'epoll_pwait2': {
          const time = timespecOf(timeoutMs)
          return { invocation: { fn: by, args: [...leading, time.address, NULL] }, memory: [buffer, time] }
        }
      }
    },
    conclude(machine, step, outcome, [buffer]) {
      if (typeof step.expect === 'string') {
        expectResult(step.by ?? 'epoll_wait', outcome, step.expect as Expected)
        return
      }
      if (outcome.result === -1)
        throw new Failure(eventsText(Object.entries(step.expect)), resultText(outcome))
      const events = buffer === undefined ? [] : decodeGuarded(machine, buffer, outcome.result, step.max ?? 8)
      expectEvents(events, Object.entries(step.expect))
      expectDuration(step.by ?? 'epoll_wait', outcome, step.timeoutMs ?? 0, step.atLeastMs)
    },
  },

  poll: {
    prepare(machine, step) {
      const names = Object.entries(step.fds)
      const array = scratch(names.length * pollfd.size)
      for (const [i, [name, mask]] of names.entries()) {
        array.view.setInt32(i * pollfd.size, machine.fd(name), true)
        array.view.setInt16(i * pollfd.size + pollfd.offsets.events, parseMask(mask), true)
        // poll must overwrite what stands here, also with nothing.
        array.view.setInt16(i * pollfd.size + pollfd.offsets.revents, 0x7fff, true)
      }
      const args = [array.address, names.length, step.timeoutMs ?? 0]
      return { invocation: { fn: 'poll', args }, memory: [array] }
    },
    conclude(machine, step, outcome, [array]) {
      const expected = Object.entries(step.expect)
      if (outcome.result === -1) throw new Failure(eventsText(expected), resultText(outcome))
      const reported: [string, string][] = []
      for (const [i, name] of Object.keys(step.fds).entries()) {
        const revents = array?.view.getUint16(i * pollfd.size + pollfd.offsets.revents, true) ?? 0
        if (revents !== 0) reported.push([name, formatMask(revents)])
      }
      expectEvents(reported, expected)
      machine.expect(outcome.result, expected.length, 'poll returns')
      expectDuration('poll', outcome, step.timeoutMs ?? 0)
    },
  },

  select: {
    prepare(machine, step) {
      const sets = scratch(3 * SET_SIZE)
      let nfds = 0
      for (const [name, letters] of Object.entries(step.fds)) {
        const fd = machine.fd(name)
        if (fd >= FD_SETSIZE) throw new TypeError(`select cannot watch descriptor ${fd}`)
        nfds = Math.max(nfds, fd + 1)
        for (const [set, letter] of SETS.entries()) {
          if (letters.includes(letter)) setBit(sets, set, fd)
        }
      }
      const timeout = timevalOf(step.timeoutMs ?? 0)
      const args = [nfds, sets.address, sets.at(SET_SIZE), sets.at(2 * SET_SIZE), timeout.address]
      return { invocation: { fn: 'select', args }, memory: [sets, timeout] }
    },
    conclude(machine, step, outcome, [sets]) {
      const expected = Object.entries(step.expect)
      if (outcome.result === -1) throw new Failure(eventsText(expected), resultText(outcome))
      const reported: [string, string][] = []
      for (const name of Object.keys(step.fds)) {
        const fd = machine.fd(name)
        const letters = SETS.filter((_, set) => sets !== undefined && hasBit(sets, set, fd)).join('')
        if (letters !== '') reported.push([name, letters])
      }
      expectEvents(reported, expected)
      const bits = reported.reduce((sum, [, letters]) => sum + letters.length, 0)
      machine.expect(outcome.result, bits, 'select returns')
      expectDuration('select', outcome, step.timeoutMs ?? 0)
    },
  },

  write: {
    prepare(machine, step) {
      const bytes = scratch(step.bytes)
      bytes.bytes.fill(FILLER)
      return {
        invocation: { fn: 'write', args: [machine.fd(step.fd), bytes.address, step.bytes] },
        memory: [bytes],
      }
    },
    conclude: (_, step, outcome) => expectResult('write', outcome, step.expect),
  },

  read: {
    prepare(machine, step) {
      const bytes = scratch(step.bytes)
      return {
        invocation: { fn: 'read', args: [machine.fd(step.fd), bytes.address, step.bytes] },
        memory: [bytes],
      }
    },
    conclude: (_, step, outcome) => expectResult('read', outcome, step.expect),
  },

  'eventfd.write': {
    prepare(machine, step) {
      const value = scratch(8)
      value.view.setBigUint64(0, BigInt(step.value), true)
      return { invocation: { fn: 'write', args: [machine.fd(step.fd), value.address, 8] }, memory: [value] }
    },
    conclude: (_, step, outcome) => expectResult('write', outcome, step.expect),
  },

  'eventfd.read': {
    prepare(machine, step) {
      const value = scratch(8)
      return { invocation: { fn: 'read', args: [machine.fd(step.fd), value.address, 8] }, memory: [value] }
    },
    conclude(machine, step, outcome, [value]) {
      if (step.expect.startsWith('E')) {
        expectResult('read', outcome, step.expect as Expected)
        return
      }
      expectResult('read', outcome, 8)
      machine.expect(value?.view.getBigUint64(0, true) ?? 0n, BigInt(step.expect), 'the counter is')
    },
  },
}

/** Prepares a step of any kind. */
export function prepare(machine: Machine, step: NativeStep): PendingStep {
  return { step, ...operationOf(step).prepare(machine, step) }
}

/** Holds an outcome against what the step expects. */
export function conclude(machine: Machine, pending: PendingStep, outcome: Outcome): void {
  operationOf(pending.step).conclude(machine, pending.step, outcome, pending.memory)
}

/** Makes the call of a step in this thread. */
export function perform(machine: Machine, step: NativeStep): void {
  const pending = prepare(machine, step)
  const { fn, args } = pending.invocation
  const native = machine.libc.fn[fn] as (...a: readonly (number | string)[]) => number
  const start = timeOf(machine.libc)
  const result = native(...args)
  const errno = result === -1 ? machine.libc.errno() : 0
  conclude(machine, pending, { result, errno, elapsedNs: Number(timeOf(machine.libc) - start) })
}

/** The table is typed by operation; a step taken from a union needs the one that is its own. */
function operationOf(step: NativeStep): NativeOperation<NativeStep> {
  return nativeOperations[step.op] as NativeOperation<NativeStep>
}

function resolve(machine: Machine, argument: Argument, memory: Memory[]): number | string {
  if (typeof argument === 'number') return argument
  if (argument === 'bad-pointer') return BAD_POINTER
  if (typeof argument === 'string') return machine.fd(argument.slice(1))
  if ('text' in argument) return argument.text
  if ('path' in argument) return pathOf(machine, argument.path)
  if (argument.bytes === 0) return NULL
  const bytes = scratch(argument.bytes)
  memory.push(bytes)
  return bytes.address
}

function timevalOf(timeoutMs: number): Memory {
  const timeval = scratch(layouts.timeval.size)
  timeval.view.setBigInt64(0, BigInt(Math.floor(timeoutMs / 1000)), true)
  timeval.view.setBigInt64(8, BigInt((timeoutMs % 1000) * 1000), true)
  return timeval
}

function setBit(sets: Memory, set: number, fd: number): void {
  const at = set * SET_SIZE + (fd >> 3)
  sets.view.setUint8(at, sets.view.getUint8(at) | (1 << (fd & 7)))
}

function hasBit(sets: Memory, set: number, fd: number): boolean {
  return (sets.view.getUint8(set * SET_SIZE + (fd >> 3)) & (1 << (fd & 7))) !== 0
}
