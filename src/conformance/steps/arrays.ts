/**
 * Steps that speak poll and select as C does: with the array and the sets written out, descriptors that are none,
 * duplicates and bits beyond the end among them. Everything that the call may write to is held against what must
 * stand there afterwards.
 */
import type { MaskText } from '../masks.ts'
import type { Expected, Name } from '../steps.ts'

/** A descriptor by its name, or a number that is none. */
export type DescriptorNumber = Name | number

/** An entry of poll's array: what is asked for, and what must be reported (`0`: nothing). */
export interface PollEntry {
  readonly fd: DescriptorNumber
  readonly events: MaskText
  readonly revents: MaskText
}

/** The descriptors in each set of select; a set that is left out is NULL. */
export interface SelectSets {
  readonly read?: readonly DescriptorNumber[]
  readonly write?: readonly DescriptorNumber[]
  readonly except?: readonly DescriptorNumber[]
}

/** What limits select: a number, or the number of a descriptor and so many more. */
export type SetLimit = number | { readonly of: Name; readonly plus: number }

export type ArrayStep =
  | {
      op: 'poll.entries'
      entries: readonly PollEntry[]
      expect: Expected
      timeoutMs: number
      atMostMs?: number
      /** Which function is called. Default: poll. */
      by?: 'ppoll'
    }
  | {
      op: 'select.sets'
      nfds: SetLimit
      sets: SelectSets
      /** What must stand in the sets afterwards: they are looked at as a whole, also beyond `nfds`. */
      after: SelectSets
      expect: Expected
      timeoutMs: number
      /** How many descriptors the sets have room for. Default: FD_SETSIZE. */
      room?: number
      /** Whatever stands beyond `nfds` afterwards is as good as anything else. */
      anythingBeyond?: boolean
      /** Which function is called. Default: select. */
      by?: 'pselect'
    }

type StepOf<Op extends ArrayStep['op']> = Extract<ArrayStep, { op: Op }>

/** An entry of poll's array, for `pollEntries`. */
export const entry = (fd: DescriptorNumber, events: MaskText, revents: MaskText = '0'): PollEntry => ({
  fd,
  events,
  revents,
})

interface PollOptions {
  readonly timeoutMs?: number
  /** The call must be over by then: for one that must not wait. At least 500 ms, for machines under load. */
  readonly atMostMs?: number
  /** Default: the number of entries with something to report. */
  readonly expect?: Expected
}

/** poll of this very array. `fd` and `events` must stay as they are, and every `revents` becomes what is expected. */
export const pollEntries = (
  entries: readonly PollEntry[],
  { timeoutMs = 0, expect, ...options }: PollOptions = {},
): StepOf<'poll.entries'> => ({
  op: 'poll.entries',
  entries,
  expect: expect ?? entries.filter(({ revents }) => revents !== '0').length,
  timeoutMs,
  ...options,
})

interface SelectOptions {
  readonly timeoutMs?: number
  /** Default: the number of bits that stand in the sets afterwards. */
  readonly expect?: Expected
  readonly room?: number
  readonly anythingBeyond?: boolean
}

/** select of these very sets, up to `nfds`, and what must stand in them afterwards. */
export const selectSets = (
  nfds: SetLimit,
  sets: SelectSets,
  after: SelectSets,
  { timeoutMs = 0, expect, ...options }: SelectOptions = {},
): StepOf<'select.sets'> => ({
  op: 'select.sets',
  nfds,
  sets,
  after,
  expect: expect ?? [after.read, after.write, after.except].flatMap((set) => set ?? []).length,
  timeoutMs,
  ...options,
})

/** A limit that takes a descriptor in: its number and one. */
export const above = (fd: Name): SetLimit => ({ of: fd, plus: 1 })

/** A limit that leaves a descriptor out: its number. */
export const upTo = (fd: Name): SetLimit => ({ of: fd, plus: 0 })
