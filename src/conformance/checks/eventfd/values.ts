/** The largest number of 64 bits. No write brings a counter there, and none may write it. */
export const MAX = '18446744073709551615'

/** The largest value that writes bring a counter to. */
export const FULL = '18446744073709551614'

/** One below: the largest value that leaves room for a write. */
export const ALMOST_FULL = '18446744073709551613'
