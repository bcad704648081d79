/** What the changes of all filters have in common. */
import { UnsupportedError } from '../../errors.ts'
import { EV } from './abi.ts'
import type { FilterName, KqueueAbi } from './abi.ts'
import type { Kevent } from './codec.ts'

/** A change that is to be made; what is left out is zero. Numbers are those of the interface that it is for. */
export type Change = Partial<Kevent> & Pick<Kevent, 'ident' | 'filter' | 'flags'>

/** What a registration may say besides what it watches. */
export interface WatchOptions {
  /** What its events carry, as it is: 64 bits, not negative. Default 0. */
  readonly udata?: bigint
  /** It is disabled by each of its events (EV_DISPATCH), until `enabling` makes it report again. Default: false. */
  readonly dispatch?: boolean
}

const MOST_UDATA = 2n ** 64n - 1n

const ofDescriptors: ReadonlySet<FilterName> = new Set(['READ', 'WRITE', 'VNODE'])

/**
 * The change that adds a registration. Throws RangeError for an identifier or udata that no kqueue can have. A
 * descriptor may be -1, as one that was closed is: the kqueue refuses it with EBADF.
 */
export function adding(
  abi: KqueueAbi,
  filter: FilterName,
  ident: number,
  options: WatchOptions & Partial<Pick<Kevent, 'flags' | 'fflags' | 'data'>> = {},
): Change {
  const { udata = 0n, dispatch = false, flags = 0, fflags = 0, data = 0n } = options
  if (!Number.isSafeInteger(ident) || ident < (ofDescriptors.has(filter) ? -1 : 0)) {
    throw new RangeError(`EVFILT_${filter} cannot be of ${ident}`)
  }
  if (udata < 0n || udata > MOST_UDATA) throw new RangeError(`udata has 64 bits and no sign, unlike ${udata}`)
  return {
    ident: BigInt.asUintN(64, BigInt(ident)),
    filter: abi.filters[filter],
    flags: EV.ADD | flags | (dispatch ? EV.DISPATCH : 0),
    fflags,
    data,
    udata,
  }
}

/**
 * The change that makes what `change` has added report again, after `disabling` it or by EV_DISPATCH. It has the notes
 * and data of `change`, because FreeBSD takes them anew with every change of a descriptor (kqueue_register).
 */
export function enabling(change: Change): Change {
  return { ...change, flags: EV.ENABLE }
}

/** The change that makes what `change` has added silent, and keeps it. What happens meanwhile may be told later, or not. */
export function disabling(change: Change): Change {
  return { ...change, flags: EV.DISABLE }
}

/** The change that removes what `change` has added. It fails with ENOENT where a oneshot has removed itself. */
export function deleting(change: Change): Change {
  return { ...change, flags: EV.DELETE }
}

/** Notes as bits. Throws `UnsupportedError` for one that the interface does not have. */
export function noteBits<Note extends string>(
  abi: KqueueAbi,
  filter: FilterName,
  notes: readonly Note[],
  numbers: Readonly<Partial<Record<Note, number>>>,
): number {
  let bits = 0
  for (const note of notes) {
    const number = numbers[note]
    if (number === undefined) {
      throw new UnsupportedError(
        `NOTE_${note} of EVFILT_${filter}`,
        `the kqueue of ${abi.name} does not have it`,
      )
    }
    bits = (bits | number) >>> 0
  }
  return bits
}

/** The names of the notes that bits have. */
export function notesIn<Note extends string>(
  bits: number,
  numbers: Readonly<Partial<Record<Note, number>>>,
): Note[] {
  const names = Object.keys(numbers) as Note[]
  return names.filter((name) => (bits & (numbers[name] ?? 0)) !== 0)
}

/** The name of a filter by its number. */
export function filterName(abi: KqueueAbi, filter: number): FilterName | undefined {
  const names = Object.keys(abi.filters) as FilterName[]
  return names.find((name) => abi.filters[name] === filter)
}
