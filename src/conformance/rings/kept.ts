/**
 * Rings of checks, kept for the next check that wants one made alike: see `kept-rings.ts` for why none is closed. One
 * goes back only when the kernel holds no request of it any more, and has nothing left to say.
 */
import { awaitInterruption } from '../../backends/io-uring/interruption.ts'
import { IORING_ASYNC_CANCEL, IORING_ENTER } from '../../libc/constants/io-uring.ts'
import type { Libc } from '../../libc/libc.ts'
import { keepRingNumber } from '../kept-rings.ts'
import { sleepSync } from '../../sleep.ts'
import { opNumber } from './abi.ts'
import { RawRing } from './raw-ring.ts'
import type { Cqe, RingOptions } from './raw-ring.ts'

const idle = new Map<string, RawRing[]>()

const keyOf = (options: RingOptions): string => JSON.stringify(options)

/** A ring with nothing in it. Throws `SystemError` where none can be made. */
export function borrowRawRing(libc: Libc, options: RingOptions): RawRing {
  const kept = idle.get(keyOf(options))?.pop()
  const ring = kept ?? new RawRing(libc, options)
  keepRingNumber(ring.fd, true)
  return ring
}

/** Takes a ring back. One that cannot be emptied, or used again, is closed. `data` are those of its requests. */
export function giveBackRawRing(libc: Libc, ring: RawRing, data: readonly bigint[]): void {
  const again = !ring.options.flags.includes('R_DISABLED') && isEmptied(ring, data)
  if (again) {
    idle.set(keyOf(ring.options), [...(idle.get(keyOf(ring.options)) ?? []), ring])
    return
  }
  keepRingNumber(ring.fd, false)
  closeRing(libc, ring)
}

/** Closes all rings that are kept, for who must leave no descriptor open. */
export function closeKeptRings(libc: Libc): void {
  for (const rings of idle.values()) {
    for (const ring of rings.splice(0)) {
      keepRingNumber(ring.fd, false)
      closeRing(libc, ring)
    }
  }
}

/** Closes a ring, and returns when it interrupts no wait any more: that wait would be one of another check. */
export function closeRing(libc: Libc, ring: RawRing): void {
  const closedAtMs = performance.now()
  ring.close()
  awaitInterruption(libc, closedAtMs)
}

/** The user_data of what is submitted to empty a ring. */
const EMPTYING = 0n
/** How often it is tried: some requests end a moment after they were cancelled. */
const TRIES = 40
/** A kernel thread takes its time. */
const PAUSE_MS = 1

/** Cancels everything, if there may be anything. Whether a ring is empty then. */
function isEmptied(ring: RawRing, data: readonly bigint[]): boolean {
  // To be told costs nothing; to ask costs a submission, for which a kernel thread (SQPOLL) wakes and spins.
  if (ring.isEmpty) return true
  for (let i = 0; i < TRIES; i++) {
    if (i > 4) sleepSync(PAUSE_MS)
    const answers = cancelAll(ring, data)
    if (answers === undefined) continue
    // Nothing was found, and nothing else has come since.
    if (answers.every((result) => result <= 0) && ring.ready === 0 && ring.pending === 0) {
      ring.wasEmptied()
      return true
    }
    if (answers.every((result) => result <= 0)) return false
  }
  return false
}

/** What became of the cancellations, or undefined where not all of them were answered, or others were. */
function cancelAll(ring: RawRing, data: readonly bigint[]): number[] | undefined {
  const answers = cancel(ring, { cancel: IORING_ASYNC_CANCEL.ALL | IORING_ASYNC_CANCEL.ANY })
  // Kernels before 5.19 do not know what that means.
  if (answers?.[0] !== -EINVAL) return answers
  const each = data.map((target) => cancel(ring, { target }))
  return each.every((answer) => answer !== undefined) ? each.flat() : undefined
}

const EINVAL = 22

function cancel(ring: RawRing, { target = 0n, cancel: flags = 0 }): number[] | undefined {
  if (ring.pending >= ring.param('sq_entries')) return undefined
  ring.push({ opcode: opNumber('ASYNC_CANCEL'), addr: target, op_flags: flags, user_data: EMPTYING })
  ring.publish()
  const found: Cqe[] = []
  for (let i = 0; i < TRIES && found.every(({ data }) => data !== EMPTYING); i++) {
    if (i > 1) sleepSync(PAUSE_MS)
    const wake = ring.isSqPoll && ring.hasState('NEED_WAKEUP') ? IORING_ENTER.SQ_WAKEUP : 0
    ring.enter({ submit: ring.isSqPoll ? 0 : ring.pending, least: 0, flags: wake })
    found.push(...ring.take())
  }
  const answers = found.filter(({ data }) => data === EMPTYING).map(({ result }) => result)
  // What had been cancelled, or had come before, has come now: the next try says whether that was all.
  return answers.length > 0 && found.length === answers.length ? answers : undefined
}
