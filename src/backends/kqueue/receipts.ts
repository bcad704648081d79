/** Changes with an outcome each (EV_RECEIPT), so that what is wrong with one is known to be of that one. */
import { SystemError } from '../../errors.ts'
import { errnoName } from '../../libc/libc.ts'
import { EV } from './abi.ts'
import type { KqueueAbi } from './abi.ts'
import type { Kevent } from './codec.ts'
import { filterName } from './registration.ts'
import type { Change } from './registration.ts'

/** A change that was made, or why it was not. */
export interface Receipt {
  readonly change: Change
  readonly error: SystemError | undefined
}

/** A kqueue has not answered the changes that it was given: which of them are made is not known. */
export class KeventReceiptError extends Error {
  override readonly name = 'KeventReceiptError'
}

/** A call of `kevent`, which throws `SystemError` where it fails. */
type Call = (changes: readonly Change[], room: number, timeoutMs: number) => readonly Kevent[]

/**
 * Makes all changes, in their order, also those behind one that fails, and takes no event. The outcomes are in the
 * order of the changes.
 *
 * A kernel does it in one call with room for just the receipts. libkqueue needs one for each: what its filters refuse
 * without setting errno has a receipt of 0 there, as what was made has, and only a call without room tells them apart
 * (kevent_copyin, src/common/kevent.c). The error of such a change has the errno of whatever failed before it, or 0.
 *
 * Throws `KeventReceiptError` where receipts are not those of the changes, and `SystemError` where no change can be
 * made at all, EBADF for instance; of libkqueue each outcome says so.
 */
export function makeChanges(abi: KqueueAbi, call: Call, changes: readonly Change[]): Receipt[] {
  if (changes.length === 0) return []
  return abi.name === 'libkqueue'
    ? changes.map((change) => madeAlone(abi, call, change))
    : made(abi, call, changes)
}

function made(abi: KqueueAbi, call: Call, changes: readonly Change[]): Receipt[] {
  const receipts = call(
    changes.map((change) => ({ ...change, flags: change.flags | EV.RECEIPT })),
    changes.length,
    0,
  )
  if (receipts.length !== changes.length) {
    throw new KeventReceiptError(`kevent has ${receipts.length} receipts for ${changes.length} changes`)
  }
  return changes.map((change, index) => {
    const receipt = receipts[index]
    if (receipt === undefined || !answers(receipt, change)) {
      throw new KeventReceiptError(`kevent has no receipt for ${describe(abi, change)}, change ${index}`)
    }
    const errno = Number(receipt.data)
    return { change, error: errno === 0 ? undefined : changeError(abi, change, errno) }
  })
}

function answers(receipt: Kevent, { ident, filter, udata = 0n }: Change): boolean {
  return (
    (receipt.flags & EV.ERROR) !== 0 &&
    receipt.ident === ident &&
    receipt.filter === filter &&
    receipt.udata === udata
  )
}

function madeAlone(abi: KqueueAbi, call: Call, change: Change): Receipt {
  try {
    call([{ ...change, flags: change.flags & ~EV.RECEIPT }], 0, 0)
    return { change, error: undefined }
  } catch (error) {
    if (!(error instanceof SystemError)) throw error
    return { change, error: changeError(abi, change, error.errno) }
  }
}

/** The error of a change, which names it. */
export function changeError(
  abi: KqueueAbi,
  change: Pick<Change, 'ident' | 'filter'>,
  errno: number,
): SystemError {
  const reason = errno === 0 ? ', which the kqueue has no errno for' : ''
  return new SystemError('kevent', errno, errnoName(errno), `${describe(abi, change)}${reason}`)
}

function describe(abi: KqueueAbi, { ident, filter }: Pick<Change, 'ident' | 'filter'>): string {
  const name = filterName(abi, filter)
  return `${name === undefined ? `filter ${filter}` : `EVFILT_${name}`} of ${ident}`
}
