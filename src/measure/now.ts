/** Nanoseconds of the monotonic clock, as a number: exact for a hundred days after the machine was started. */
export function nowNs(): number {
  return Number(process.hrtime.bigint())
}
