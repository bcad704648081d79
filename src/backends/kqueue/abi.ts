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

const freebsd = {
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
  },
  { name: 'freebsd', kevent: extended, ...freebsd },
  { name: 'freebsd11', kevent: usual, ...freebsd },
  {
    name: 'netbsd',
    kevent: wide,
    filterBits: 32,
    filters: { READ: 0, WRITE: 1, VNODE: 3, PROC: 4, SIGNAL: 5, TIMER: 6, USER: 8 },
    timerNotes: numberedUnits,
  },
  {
    name: 'macos',
    kevent: usual,
    filterBits: 16,
    filters: { ...usualFilters, USER: -10 },
    timerNotes: unitBits,
  },
  {
    name: 'openbsd',
    kevent: usual,
    filterBits: 16,
    filters: { ...usualFilters, USER: -10 },
    timerNotes: {},
  },
]
