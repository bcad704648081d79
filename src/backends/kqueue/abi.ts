/**
 * The binary interfaces of kqueue as data: what `struct kevent` looks like, and which numbers its constants have.
 * They differ by platform, and a library on Linux has those of whoever wrote it. `fixtures/abi/kqueue-*.json` holds
 * them as golden files, with the header and the version that they are from.
 */
import { struct } from '../../libc/struct.ts'
import type { StructLayout } from '../../libc/struct.ts'

export type KqueueAbiName = 'macos' | 'freebsd' | 'freebsd11' | 'netbsd' | 'openbsd' | 'libkqueue'

/** `EVFILT_*`: what is watched. */
export type FilterName = 'READ' | 'WRITE' | 'VNODE' | 'PROC' | 'SIGNAL' | 'TIMER' | 'USER'

/** `NOTE_*` of EVFILT_VNODE: what has happened to a file. */
export type VnodeNote = 'DELETE' | 'WRITE' | 'EXTEND' | 'ATTRIB' | 'LINK' | 'RENAME' | 'REVOKE'

/** `NOTE_*` of EVFILT_PROC: what a process has done. */
export type ProcessNote = 'EXIT' | 'FORK' | 'EXEC'

export type KeventField = 'ident' | 'filter' | 'flags' | 'fflags' | 'data' | 'udata'

export interface KqueueAbi {
  readonly name: KqueueAbiName
  readonly kevent: StructLayout<KeventField>
  /** How many bits a filter and flags have; a filter of 16 bits has a sign, and one of 32 has none. */
  readonly filterBits: 16 | 32
  readonly filters: Readonly<Record<FilterName, number>>
  /** `NOTE_*` of EVFILT_TIMER. A unit that has no number here is not known to the platform. */
  readonly timerNotes: Readonly<
    Partial<Record<'SECONDS' | 'MSECONDS' | 'USECONDS' | 'NSECONDS' | 'ABSTIME', number>>
  >
  /** `NOTE_*` of EVFILT_VNODE, without those that the platform does not know, or takes and never tells of. */
  readonly vnodeNotes: Readonly<Partial<Record<VnodeNote, number>>>
  /** The same of EVFILT_PROC. Where EXITSTATUS has a number, the status of an exit comes only if it is asked for. */
  readonly processNotes: Readonly<Partial<Record<ProcessNote | 'EXITSTATUS', number>>>
  /** The filters that heed NOTE_LOWAT. */
  readonly lowWater: readonly ('READ' | 'WRITE')[]
}

/** `EV_*`: the same numbers everywhere. */
export const EV = {
  ADD: 0x1,
  DELETE: 0x2,
  ENABLE: 0x4,
  DISABLE: 0x8,
  ONESHOT: 0x10,
  CLEAR: 0x20,
  RECEIPT: 0x40,
  DISPATCH: 0x80,
  ERROR: 0x4000,
  EOF: 0x8000,
} as const

/** `NOTE_*` of EVFILT_USER and of EVFILT_READ and WRITE: the same numbers everywhere. */
export const NOTE = { TRIGGER: 0x0100_0000, LOWAT: 0x1 } as const

/** The same numbers everywhere, where there are any. */
export const VNODE_NOTES = {
  DELETE: 0x1,
  WRITE: 0x2,
  EXTEND: 0x4,
  ATTRIB: 0x8,
  LINK: 0x10,
  RENAME: 0x20,
  REVOKE: 0x40,
} as const
export const PROCESS_NOTES = { EXIT: 0x8000_0000, FORK: 0x4000_0000, EXEC: 0x2000_0000 } as const

const usualFields = [
  ['ident', 'u64'],
  ['filter', 'i16'],
  ['flags', 'u16'],
  ['fflags', 'u32'],
  ['data', 'i64'],
  ['udata', 'u64'],
] as const

/** What FreeBSD began with, and most still have: 32 bytes. */
const usual = struct(usualFields)

/** FreeBSD 12 has added four words. */
const extended = struct([...usualFields, ['ext', 'u64', 4]])

/** NetBSD's filters and flags are wider. */
const wide = struct([
  ['ident', 'u64'],
  ['filter', 'u32'],
  ['flags', 'u32'],
  ['fflags', 'u32'],
  ['data', 'i64'],
  ['udata', 'u64'],
])

const usualFilters = { READ: -1, WRITE: -2, VNODE: -4, PROC: -5, SIGNAL: -6, TIMER: -7 } as const

/** Without a unit, timers count milliseconds. */
const unitBits = { SECONDS: 1, MSECONDS: 0, USECONDS: 2, NSECONDS: 4, ABSTIME: 8 } as const
const freebsdUnits = { SECONDS: 1, MSECONDS: 2, USECONDS: 4, NSECONDS: 8, ABSTIME: 16 } as const
const numberedUnits = { SECONDS: 1, MSECONDS: 0, USECONDS: 2, NSECONDS: 3, ABSTIME: 16 } as const

const kernel = { vnodeNotes: VNODE_NOTES, processNotes: PROCESS_NOTES, lowWater: ['READ', 'WRITE'] } as const

const { REVOKE: _, ...vnodeNotesOfLinux } = VNODE_NOTES

const freebsd = {
  ...kernel,
  filterBits: 16,
  filters: { ...usualFilters, USER: -11 },
  timerNotes: freebsdUnits,
} as const

/** Every interface, in the order in which a library on Linux is tried for it. */
export const kqueueAbis: readonly KqueueAbi[] = [
  {
    name: 'libkqueue',
    kevent: usual,
    filterBits: 16,
    filters: { ...usualFilters, USER: -11 },
    timerNotes: unitBits,
    vnodeNotes: vnodeNotesOfLinux,
    processNotes: { EXIT: PROCESS_NOTES.EXIT },
    lowWater: ['READ'],
  },
  { name: 'freebsd', kevent: extended, ...freebsd },
  { name: 'freebsd11', kevent: usual, ...freebsd },
  {
    ...kernel,
    name: 'netbsd',
    kevent: wide,
    filterBits: 32,
    filters: { READ: 0, WRITE: 1, VNODE: 3, PROC: 4, SIGNAL: 5, TIMER: 6, USER: 8 },
    timerNotes: numberedUnits,
  },
  {
    ...kernel,
    name: 'macos',
    kevent: usual,
    filterBits: 16,
    filters: { ...usualFilters, USER: -10 },
    timerNotes: unitBits,
    processNotes: { ...PROCESS_NOTES, EXITSTATUS: 0x0400_0000 },
  },
  {
    ...kernel,
    name: 'openbsd',
    kevent: usual,
    filterBits: 16,
    filters: { ...usualFilters, USER: -10 },
    timerNotes: {},
  },
]
