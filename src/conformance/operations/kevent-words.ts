/** The words of kevent steps as numbers, by the interface of the kqueue that is checked, and back. */
import { proveAbi } from '../../backends/kqueue/prove.ts'
import { EV, PROCESS_NOTES, VNODE_NOTES } from '../../backends/kqueue/abi.ts'
import type { FilterName, KqueueAbi } from '../../backends/kqueue/abi.ts'
import { filterName as knownFilterName } from '../../backends/kqueue/registration.ts'
import { UnsupportedError } from '../../errors.ts'
import type { Libc, LibcPlan } from '../../libc/libc.ts'
import type { FilterText, FlagText, NoteText, PerSystem } from '../steps/kevents.ts'

const known = new WeakMap<LibcPlan, KqueueAbi>()

/** The interface of the kqueue of this process. To prove it takes a kqueue, so that it is done once. */
export function abiOf(libc: Libc): KqueueAbi {
  let abi = known.get(libc.plan)
  if (abi === undefined) known.set(libc.plan, (abi = proveAbi(libc)))
  return abi
}

export function filterNumber(abi: KqueueAbi, filter: FilterText): number {
  if (typeof filter === 'string') return abi.filters[filter]
  // A number of 32 bits has no sign.
  return abi.filterBits === 32 ? filter >>> 0 : filter
}

export function filterName(abi: KqueueAbi, filter: number): FilterText {
  return knownFilterName(abi, filter) ?? filter
}

/** The `NOTE_` numbers that are the same everywhere, by filter. Those of timers are part of the interface. */
const notes: Readonly<Partial<Record<FilterName, Readonly<Record<string, number>>>>> = {
  READ: { LOWAT: 0x1 },
  WRITE: { LOWAT: 0x1 },
  VNODE: VNODE_NOTES,
  PROC: PROCESS_NOTES,
  USER: { TRIGGER: 0x0100_0000, FFNOP: 0, FFAND: 0x4000_0000, FFOR: 0x8000_0000, FFCOPY: 0xc000_0000 },
}

const flags: Readonly<Record<string, number>> = EV

export function flagBits(text: FlagText): number {
  return bitsOf(text, flags, 'EV')
}

/** Throws `UnsupportedError` for a unit of timers that the system does not have. */
export function noteBits(abi: KqueueAbi, filter: FilterText, text: NoteText): number {
  if (filter === 'TIMER') return bitsOf(text, abi.timerNotes, 'NOTE')
  return bitsOf(text, typeof filter === 'string' ? (notes[filter] ?? {}) : {}, 'NOTE')
}

function bitsOf(text: string, names: Readonly<Record<string, number>>, prefix: string): number {
  return text
    .split('|')
    .filter(Boolean)
    .reduce((bits, word) => (bits | numberOf(word, names, prefix)) >>> 0, 0)
}

function numberOf(word: string, names: Readonly<Record<string, number>>, prefix: string): number {
  const bits = /^0x[0-9a-f]+$|^\d+$/.test(word) ? Number(word) : names[word]
  if (bits === undefined) throw new UnsupportedError(`${prefix}_${word}`, 'this kqueue does not have it')
  return bits
}

/** Flags in words; what has no name is a number. */
export function flagText(bits: number): FlagText {
  const named = Object.entries(flags).filter(([, bit]) => (bits & bit) !== 0)
  const rest = named.reduce((left, [, bit]) => left & ~bit, bits)
  return [...named.map(([name]) => name), ...(rest === 0 ? [] : [`0x${rest.toString(16)}`])].join('|')
}

/** What holds on this system of what differs by system. */
export function onSystem<T>(abi: KqueueAbi, value: PerSystem<T>): T {
  if (typeof value !== 'object' || value === null || !('otherwise' in value)) return value as T
  return value[abi.name] ?? value.otherwise
}
