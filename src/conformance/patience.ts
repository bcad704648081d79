/** No step waits longer than this, in the main thread or in another; whatever takes longer hangs. */
export const LONGEST_WAIT_MS = 12_000
