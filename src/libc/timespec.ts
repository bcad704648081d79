const NS_PER_S = 1_000_000_000

/**
 * Writes nanoseconds, rounded up to a whole one, as a `struct timespec`. The words are written as halves, for a
 * BigInt would be an object: safe integers of nanoseconds are fewer than 2^31 seconds, so the upper are zero.
 */
export function writeTimespec(view: DataView, at: number, ns: number): void {
  const whole = Math.ceil(Math.min(ns, Number.MAX_SAFE_INTEGER))
  writeTime(view, at, Math.floor(whole / NS_PER_S), whole % NS_PER_S)
}

/** `timespec` and `timeval` have the same shape: seconds, then the fraction, 64 bits each. */
export function writeTime(view: DataView, at: number, seconds: number, fraction: number): void {
  view.setInt32(at, seconds, true)
  view.setInt32(at + 4, 0, true)
  view.setInt32(at + 8, fraction, true)
  view.setInt32(at + 12, 0, true)
}
