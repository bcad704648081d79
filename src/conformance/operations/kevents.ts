/** `kqueue()` and `kevent()`: how they are called, and how what they give is held against what is expected. */
import { EV } from '../../backends/kqueue/abi.ts'
import type { KqueueAbi } from '../../backends/kqueue/abi.ts'
import { decodeKevents, encodeKevent } from '../../backends/kqueue/codec.ts'
import type { Kevent } from '../../backends/kqueue/codec.ts'
import { UnsupportedError } from '../../errors.ts'
import { layouts } from '../../libc/layouts.ts'
import { errnoName, errnoNumber, sys } from '../../libc/libc.ts'
import { scratch } from '../../libc/memory.ts'
import type { Memory } from '../../libc/memory.ts'
import { NULL } from '../../libc/signatures.ts'
import { Failure } from '../check.ts'
import type { Machine } from '../machine.ts'
import type {
  ExpectedKevent,
  FilterText,
  Ident,
  KeventChange,
  KeventOptions,
  KeventStep,
  KqueueStep,
} from '../steps/kevents.ts'
import { expectedText } from '../steps/kevent-text.ts'
import { labelOf } from '../steps/kevents.ts'
import { timespecOf } from './events.ts'
import type { Operations } from './index.ts'
import { abiOf, filterName, filterNumber, flagBits, flagText, noteBits, onSystem } from './kevent-words.ts'
import { expectResult, resultText } from './outcome.ts'
import type { NativeOperation } from './outcome.ts'

/** What lies behind the room for events, and in it before the call. */
const GUARD = 0xa5
/** So many events more than there is room for could be written, and would be seen. */
const BEHIND = 2

const DEFAULT_ROOM = 8

export const kqueueOperations: Operations<KqueueStep['op']> = {
  kqueue(machine, { as }) {
    machine.bind(as, sys(machine.libc, 'kqueue'))
  },
  'require-system'(machine, { systems, feature }) {
    const { name } = abiOf(machine.libc)
    if (!systems.includes(name)) throw new UnsupportedError(feature, `the kqueue of ${name} does not have it`)
  },
}

export const keventOperation: NativeOperation<KeventStep> = {
  prepare(machine, step) {
    const { room = DEFAULT_ROOM, changes } = step
    const array = eventArray(machine, Math.max(room, step.sameArray === true ? changes.length : 0))
    const input = step.sameArray === true ? array : scratch(changes.length * abiOf(machine.libc).kevent.size)
    for (const [index, one] of changes.entries()) encodeChange(machine, input, index, one)
    const timeout = timespecFor(step)
    const args = [
      machine.fd(step.kq),
      changes.length === 0 ? NULL : input.address,
      step.changeCount ?? changes.length,
      room === 0 ? NULL : array.address,
      room,
      timeout?.address ?? NULL,
    ]
    const memory = [array, input, ...(timeout === undefined ? [] : [timeout])]
    return { invocation: { fn: 'kevent', args }, memory }
  },
  conclude(machine, step, outcome, [array]) {
    const abi = abiOf(machine.libc)
    const expect = onSystem(abi, step.expect)
    const { room = DEFAULT_ROOM, timeoutMs = 0, atLeastMs = 0, atMostMs = Infinity } = step
    if (typeof expect !== 'object') {
      expectResult('kevent', outcome, expect)
    } else {
      if (outcome.result === -1)
        throw new Failure(expectedText(expect), `kevent gives ${resultText(outcome)}`)
      const got = array === undefined ? [] : takeEvents(machine, array, outcome.result, room)
      if (!areMet(machine, expect, got)) throw new Failure(expectedText(expect), eventsText(machine, got))
    }
    // A wait that ran out of time must have lasted that time: being early is a bug, being late is not.
    const ranOut = outcome.result === 0 && room > 0 ? (timeoutMs ?? 0) : 0
    const least = Math.max(ranOut, atLeastMs)
    const elapsedMs = outcome.elapsedNs / 1e6
    if (elapsedMs < least) throw new Failure(`kevent lasts at least ${least} ms`, `it lasted ${elapsedMs} ms`)
    if (elapsedMs > atMostMs)
      throw new Failure(`kevent is over in ${atMostMs} ms`, `it lasted ${elapsedMs} ms`)
  },
}

/** Room for so many events, and a guard behind it that `takeEvents` looks at. */
export function eventArray(machine: Machine, room: number): Memory {
  const { size } = abiOf(machine.libc).kevent
  const array = scratch((Math.max(0, room) + BEHIND) * size)
  array.bytes.fill(GUARD)
  return array
}

/** The events that kevent says it has returned. Fails where it has written beyond the room for them. */
export function takeEvents(machine: Machine, array: Memory, count: number, room: number): Kevent[] {
  const abi = abiOf(machine.libc)
  if (count > room) throw new Failure(`${room} events at the most`, `${count} events`)
  const behind = array.bytes.subarray(Math.max(0, room) * abi.kevent.size)
  const changed = behind.filter((byte) => byte !== GUARD).length
  machine.expect(changed, 0, 'bytes written behind the room for events')
  return decodeKevents(abi, array.view, count)
}

/** Writes a change to its place in an array. */
export function encodeChange(machine: Machine, array: Memory, index: number, change: KeventChange): void {
  const abi = abiOf(machine.libc)
  const { filter, ident, flags, fflags = '', data = 0, label } = change
  encodeKevent(abi, array.view, index, {
    ident: identNumber(machine, ident),
    filter: filterNumber(abi, filter),
    flags: flagBits(flags),
    fflags: noteBits(abi, filter, fflags),
    data: BigInt(data),
    udata: machine.labels.data(label),
  })
}

/** Numbers of 64 bits are strings, descriptors are names, and a process is one that the scenario has forked. */
function identNumber(machine: Machine, ident: Ident): bigint {
  if (typeof ident === 'number') return BigInt.asUintN(64, BigInt(ident))
  if (/^\d+$/.test(ident)) return BigInt(ident)
  const pid = machine.processes.get(ident)
  return BigInt.asUintN(64, BigInt(pid ?? machine.fd(ident)))
}

function timespecFor({ timeoutMs = 0, time }: KeventOptions): Memory | undefined {
  if (time === undefined) return timeoutMs === null ? undefined : timespecOf(timeoutMs)
  const timespec = scratch(layouts.timespec.size)
  timespec.view.setBigInt64(layouts.timespec.offsets.tv_sec, BigInt(time.seconds), true)
  timespec.view.setBigInt64(layouts.timespec.offsets.tv_nsec, BigInt(time.nanoseconds), true)
  return timespec
}

/** Whether these are the events that are expected, each once, in any order. */
function areMet(machine: Machine, expected: readonly ExpectedKevent[], actual: readonly Kevent[]): boolean {
  const left = [...actual]
  for (const one of expected) {
    const at = left.findIndex((event) => isMet(machine, one, event))
    if (at === -1) return false
    left.splice(at, 1)
  }
  return left.length === 0
}

function isMet(machine: Machine, expected: ExpectedKevent, actual: Kevent): boolean {
  const abi = abiOf(machine.libc)
  const { filter, ident, label, state = '', flags = '', without = '', notes = '', fflags, data } = expected
  const wanted = flagBits(flags)
  const wantedNotes = noteBits(abi, filter, notes)
  return (
    actual.filter === filterNumber(abi, filter) &&
    actual.ident === identNumber(machine, ident) &&
    machine.labels.label(actual.udata) === label &&
    (actual.flags & (EV.EOF | EV.ERROR)) === flagBits(state) &&
    (actual.flags & wanted) === wanted &&
    (actual.flags & flagBits(without)) === 0 &&
    (actual.fflags & wantedNotes) >>> 0 === wantedNotes &&
    (fflags === undefined || actual.fflags === fflagsNumber(abi, filter, fflags)) &&
    isWithin(actual.data, data)
  )
}

function fflagsNumber(abi: KqueueAbi, filter: FilterText, text: string): number {
  return /^E[A-Z]+$/.test(text) && text !== 'EXIT' && text !== 'EXEC' && text !== 'EXTEND'
    ? errnoNumber(text as Parameters<typeof errnoNumber>[0])
    : noteBits(abi, filter, text)
}

function isWithin(actual: bigint, expected: ExpectedKevent['data']): boolean {
  if (expected === undefined) return true
  if (typeof expected === 'number') return actual === BigInt(expected)
  if (typeof expected === 'string') return errnoName(Number(actual)) === expected
  const { least, most } = expected
  return actual >= BigInt(least) && (most === undefined || actual <= BigInt(most))
}

/** Events in words: all that there is to know of them. */
export function eventsText(machine: Machine, events: readonly Kevent[]): string {
  if (events.length === 0) return 'no events'
  return events
    .map((event) => eventText(machine, event))
    .toSorted()
    .join('; ')
}

function eventText(machine: Machine, { ident, filter, flags, fflags, data, udata }: Kevent): string {
  const name = filterName(abiOf(machine.libc), filter)
  const who = nameOfIdent(machine, name, ident)
  const state = flags & (EV.EOF | EV.ERROR)
  const label = machine.labels.label(udata)
  return [
    `${name} ${who}`,
    ...(state === 0 ? [] : [`EV_${flagText(state)}`]),
    `data ${(flags & EV.ERROR) !== 0 && data !== 0n ? errnoName(Number(data)) : data}`,
    `fflags 0x${fflags.toString(16)}`,
    `flags ${flagText(flags & ~state) || '0'}`,
    ...(label === labelOf(name, who)
      ? []
      : [label.startsWith('data ') ? `u${label}` : `udata of "${label}"`]),
  ].join(', ')
}

/** The name that a scenario has for what was watched, as far as the filter is one of descriptors or processes. */
function nameOfIdent(machine: Machine, filter: FilterText, ident: bigint): string {
  if (filter === 'PROC') {
    const process = [...machine.processes].find(([, pid]) => BigInt(pid) === ident)
    return process?.[0] ?? String(ident)
  }
  if (filter === 'USER' || filter === 'TIMER' || filter === 'SIGNAL') return String(ident)
  return machine.nameOf(Number(ident)) ?? String(ident)
}
