/** poll and select with their arguments written out in full: see `steps/arrays.ts`. */
import { FD_SETSIZE } from '../../libc/constants/linux.ts'
import { layouts } from '../../libc/layouts.ts'
import { scratch } from '../../libc/memory.ts'
import type { Memory } from '../../libc/memory.ts'
import { NULL } from '../../libc/signatures.ts'
import type { ArrayStep, DescriptorNumber, PollEntry, SelectSets, SetLimit } from '../steps/arrays.ts'
import { Failure } from '../check.ts'
import type { Machine } from '../machine.ts'
import { formatMask, parseMask } from '../masks.ts'
import { expectDuration, expectResult } from './outcome.ts'
import type { NativeOperation } from './outcome.ts'

const pollfd = layouts.pollfd

/** What stands in `revents` before the call, which must overwrite it, also with nothing. */
const STALE = 0x7fff

/** An entry behind the end of the array: nobody may touch it. Negative descriptors are easy to mistake for it. */
const BEHIND = { fd: 0x55aa55, events: 0x0155, revents: 0x2aaa } as const

/** A word of select's sets. The kernel reads and writes whole ones. */
const WORD_BYTES = 8
const GUARD = 0xa5

/** The sets, in the order of select's arguments. */
const SETS = ['read', 'write', 'except'] as const satisfies readonly (keyof SelectSets)[]

export const arrayOperations: {
  readonly [Op in ArrayStep['op']]: NativeOperation<Extract<ArrayStep, { op: Op }>>
} = {
  'poll.entries': {
    prepare(machine, { entries, timeoutMs }) {
      const array = scratch((entries.length + 1) * pollfd.size)
      const raw = entries.map(({ fd, events }) => ({
        fd: numberOf(machine, fd),
        events: parseMask(events),
        revents: STALE,
      }))
      for (const [i, values] of [...raw, BEHIND].entries()) writeEntry(array, i, values)
      return { invocation: { fn: 'poll', args: [array.address, entries.length, timeoutMs] }, memory: [array] }
    },
    conclude(machine, { entries, expect, timeoutMs, atMostMs }, outcome, [array]) {
      if (array === undefined) return
      if (typeof expect !== 'number' || outcome.result === -1) {
        expectResult('poll', outcome, expect)
        return
      }
      expectEntries(machine, entries, array)
      expectResult('poll', outcome, expect)
      const { fd, events, revents } = readEntry(array, entries.length)
      machine.expect(
        `${fd} ${events} ${revents}`,
        `${BEHIND.fd} ${BEHIND.events} ${BEHIND.revents}`,
        'the memory behind the array',
      )
      expectDuration('poll', outcome, timeoutMs)
      if (atMostMs !== undefined && outcome.elapsedNs > atMostMs * 1e6) {
        throw new Failure('poll returns at once', `poll lasted ${Math.round(outcome.elapsedNs / 1e6)} ms`)
      }
    },
  },

  'select.sets': {
    prepare(machine, { nfds, sets, timeoutMs, room = FD_SETSIZE }) {
      const bytes = setBytes(room)
      const memory = scratch(SETS.length * bytes + WORD_BYTES)
      memory.bytes.fill(GUARD, SETS.length * bytes)
      const addresses = SETS.map((set, i) => {
        const members = sets[set]
        if (members === undefined) return NULL
        for (const fd of members) setBit(memory, i * bytes, numberOf(machine, fd), room)
        return memory.at(i * bytes)
      })
      const timeval = scratch(layouts.timeval.size)
      const { offsets } = layouts.timeval
      timeval.view.setBigInt64(offsets.tv_sec, BigInt(Math.floor(timeoutMs / 1000)), true)
      timeval.view.setBigInt64(offsets.tv_usec, BigInt((timeoutMs % 1000) * 1000), true)
      return {
        invocation: { fn: 'select', args: [limitOf(machine, nfds), ...addresses, timeval.address] },
        memory: [memory, timeval],
      }
    },
    conclude(machine, step, outcome, [memory]) {
      if (memory === undefined) return
      const { sets, after, expect, timeoutMs, room = FD_SETSIZE, anythingBeyond } = step
      expectResult('select', outcome, expect)
      const bytes = setBytes(room)
      const bits = anythingBeyond === true ? limitOf(machine, step.nfds) : bytes * 8
      const names = namesOf(machine, sets)
      const textOf = (set: string, members: readonly number[]): string =>
        `${set} ${members.length === 0 ? 'empty' : members.map((fd) => names.get(fd) ?? String(fd)).join(' ')}`
      const given = SETS.filter((set) => sets[set] !== undefined)
      const expected = given.map((set) => {
        const members = (after[set] ?? []).map((fd) => numberOf(machine, fd))
        return textOf(
          set,
          members.toSorted((a, b) => a - b),
        )
      })
      const actual = given.map((set) => textOf(set, membersOf(memory, SETS.indexOf(set) * bytes, bits)))
      machine.expect(actual.join(', '), expected.join(', '), 'the sets afterwards')
      const behind = memory.bytes.slice(SETS.length * bytes)
      machine.expect(
        Buffer.from(behind).toString('hex'),
        'a5'.repeat(WORD_BYTES),
        'the memory behind the sets',
      )
      expectDuration('select', outcome, timeoutMs)
    },
  },
}

const numberOf = (machine: Machine, fd: DescriptorNumber): number =>
  typeof fd === 'number' ? fd : machine.fd(fd)

const limitOf = (machine: Machine, nfds: SetLimit): number =>
  typeof nfds === 'number' ? nfds : machine.fd(nfds.of) + nfds.plus

interface RawEntry {
  readonly fd: number
  readonly events: number
  readonly revents: number
}

function writeEntry(array: Memory, index: number, { fd, events, revents }: RawEntry): void {
  const at = index * pollfd.size
  array.view.setInt32(at + pollfd.offsets.fd, fd, true)
  array.view.setInt16(at + pollfd.offsets.events, events, true)
  array.view.setInt16(at + pollfd.offsets.revents, revents, true)
}

function readEntry(array: Memory, index: number): RawEntry {
  const at = index * pollfd.size
  return {
    fd: array.view.getInt32(at + pollfd.offsets.fd, true),
    events: array.view.getUint16(at + pollfd.offsets.events, true),
    revents: array.view.getUint16(at + pollfd.offsets.revents, true),
  }
}

/** Fails with the entries that are not what they must be, and no others: an array may have hundreds. */
function expectEntries(machine: Machine, entries: readonly PollEntry[], array: Memory): void {
  const wrong = entries.flatMap(({ fd, events, revents }, i) => {
    const place = `entry ${i} (${fd})`
    const actual = readEntry(array, i)
    const expected = {
      fd: numberOf(machine, fd),
      events: parseMask(events),
      revents: parseMask(revents),
    }
    return (['fd', 'events', 'revents'] as const)
      .filter((field) => actual[field] !== expected[field])
      .map((field) => ({
        expected: `${place}: ${fieldText(field, expected[field])}`,
        actual: `${place}: ${fieldText(field, actual[field])}`,
      }))
  })
  if (wrong.length === 0) return
  const text = (side: 'expected' | 'actual'): string => wrong.map((fields) => fields[side]).join(', ')
  throw new Failure(text('expected'), text('actual'))
}

function fieldText(field: keyof RawEntry, value: number): string {
  if (field === 'fd') return `fd ${value}`
  if (field === 'revents' && value === STALE) return 'revents still what stood there before the call'
  return `${field} ${formatMask(value)}`
}

/** A set takes whole words. */
const setBytes = (room: number): number => Math.ceil(room / (8 * WORD_BYTES)) * WORD_BYTES

function setBit(memory: Memory, start: number, fd: number, room: number): void {
  if (fd >= room) throw new TypeError(`a set with room for ${room} has no bit for ${fd}`)
  const at = start + (fd >> 3)
  memory.view.setUint8(at, memory.view.getUint8(at) | (1 << (fd & 7)))
}

function membersOf(memory: Memory, start: number, bits: number): number[] {
  return Array.from({ length: bits }, (_, fd) => fd).filter(
    (fd) => (memory.view.getUint8(start + (fd >> 3)) & (1 << (fd & 7))) !== 0,
  )
}

/** The names of all numbers that a call was given. */
function namesOf(machine: Machine, sets: SelectSets): ReadonlyMap<number, string> {
  const members = SETS.flatMap((set) => sets[set] ?? [])
  return new Map(members.map((fd) => [numberOf(machine, fd), String(fd)]))
}
