/**
 * Steps that speak kqueue as C does: `kqueue()` and `kevent()`, with changes and events written out. Numbers of
 * filters, flags and notes are names here, because systems number them differently.
 *
 * A registration is known by a label: by default its filter and its identifier, `READ r`. Behind each label stands
 * user data of 64 bits of its own, so that a kqueue that keeps only half of it, or mixes two up, is found out.
 */
import type { FilterName, KqueueAbiName } from '../../backends/kqueue/abi.ts'
import type { Expected, Name, StepOf } from '../steps.ts'

/** A filter by its name, or a number that some systems know and others do not. */
export type FilterText = FilterName | number

/** What is watched: a descriptor, a process of the scenario, or any number. A number may have 64 bits as a string. */
export type Ident = Name | number

/** `EV_` names without the prefix, joined with `|`; bits that few systems have are numbers (`ADD|0x100`). */
export type FlagText = string

/** `NOTE_` names without the prefix, joined with `|`, and numbers (`TRIGGER|FFOR|0x4`). */
export type NoteText = string

/** What differs by system: the value of all, and those that some have instead. */
export type PerSystem<T> =
  | T
  | ({ readonly otherwise: T } & { readonly [System in KqueueAbiName]?: T | undefined })

export interface KeventChange {
  readonly filter: FilterText
  readonly ident: Ident
  readonly flags: FlagText
  readonly fflags?: NoteText
  /** More than 53 bits: in decimal. */
  readonly data?: number | string
  readonly label: string
}

/** A number that need not be exact. */
interface Bounds {
  readonly least: number
  readonly most?: number
}

/** What an event must be. Its filter, its identifier and its label must be exact; what is left out may be anything. */
export interface ExpectedKevent {
  readonly filter: FilterText
  readonly ident: Ident
  readonly label: string
  /** Whether it has EV_EOF, EV_ERROR or neither. Default: neither. */
  readonly state?: '' | 'EOF' | 'ERROR'
  /** Further flags that it must have. */
  readonly flags?: FlagText
  /** Flags that it must not have. */
  readonly without?: FlagText
  /** All of its notes, or an errno. */
  readonly fflags?: NoteText
  /** Notes that it must have, whatever others it has. */
  readonly notes?: NoteText
  /** An errno is that of an EV_ERROR. */
  readonly data?: number | Bounds | `E${string}`
}

export interface KeventOptions {
  /** For how many events there is room. Default 8. */
  readonly room?: number
  /** Default 0. Null is none: the call must be sure to end. */
  readonly timeoutMs?: number | null
  /** A time that is none: seconds and nanoseconds as they stand. */
  readonly time?: { readonly seconds: number; readonly nanoseconds: number }
  /** The call must have lasted at least this long. */
  readonly atLeastMs?: number
  /** The call must be over by then. For one that must not wait: at least 500 ms, for machines under load. */
  readonly atMostMs?: number
  /** The changes stand in the array that the events are written to. */
  readonly sameArray?: true
  /** How many changes the call is told that there are, where that is wrong. */
  readonly changeCount?: number
}

export type KeventStep = {
  op: 'kevent'
  kq: Name
  changes: readonly KeventChange[]
  expect: PerSystem<readonly ExpectedKevent[] | Expected>
} & KeventOptions

export type KqueueStep =
  | { op: 'kqueue'; as: Name }
  /** The check is unsupported but on these systems. */
  | { op: 'require-system'; systems: readonly KqueueAbiName[]; feature: string }

export const kqueue = (as: Name): StepOf<'kqueue'> => ({ op: 'kqueue', as })

export const requireSystem = (
  feature: string,
  ...systems: readonly KqueueAbiName[]
): StepOf<'require-system'> => ({ op: 'require-system', systems, feature })

/** A change, for `kevent` and `change`. */
export const kev = (
  filter: FilterText,
  ident: Ident,
  flags: FlagText,
  options: Partial<Pick<KeventChange, 'fflags' | 'data' | 'label'>> = {},
): KeventChange => ({ filter, ident, flags, label: labelOf(filter, ident), ...options })

/** An event that must come, for `kevent` and `events`. */
export const told = (
  filter: FilterText,
  ident: Ident,
  options: Partial<Omit<ExpectedKevent, 'filter' | 'ident'>> = {},
): ExpectedKevent => ({ filter, ident, label: labelOf(filter, ident), ...options })

/** The entry of a change that failed. */
export const failed = (
  filter: FilterText,
  ident: Ident,
  errno: `E${string}`,
  options: { readonly label?: string } = {},
): ExpectedKevent => told(filter, ident, { state: 'ERROR', data: errno, ...options })

/** The entry of a change that was asked for a receipt, and succeeded. */
export const receipt = (
  filter: FilterText,
  ident: Ident,
  options: { readonly label?: string } = {},
): ExpectedKevent => told(filter, ident, { state: 'ERROR', data: 0, ...options })

/** kevent with changes and room for events: these, and no others, in any order. */
export const kevent = (
  kq: Name,
  changes: readonly KeventChange[],
  expect: KeventStep['expect'],
  options: KeventOptions = {},
): KeventStep => ({ op: 'kevent', kq, changes, expect, ...options })

/** Makes changes, with no room for events: they must succeed, or fail with the errno. */
export const change = (
  kq: Name,
  changes: KeventChange | readonly KeventChange[],
  expect: PerSystem<Expected> = 0,
): KeventStep => kevent(kq, Array.isArray(changes) ? changes : [changes as KeventChange], expect, { room: 0 })

/** Takes events: these and no others, in any order; `[]` is a timeout. */
export const events = (kq: Name, expect: KeventStep['expect'], options: KeventOptions = {}): KeventStep =>
  kevent(kq, [], expect, options)

/** What a registration is known by where nobody says otherwise. */
export function labelOf(filter: FilterText, ident: Ident): string {
  return `${filter} ${ident}`
}
