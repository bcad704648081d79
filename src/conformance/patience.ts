/** No step waits longer than this, in the main thread or in another; whatever takes longer hangs. */
export const LONGEST_WAIT_MS = 12_000

/** A waiter that is to be woken waits this long; one that is not woken returns without events. */
export const WOKEN = { timeoutMs: 5000 } as const

/** What comes over TCP or UDP may take a moment on a loaded machine, so waits for it have room. */
export const ARRIVAL = { timeoutMs: 2000 } as const

/** What must not come over TCP or UDP gets this much time to come. */
export const QUIET = { timeoutMs: 30 } as const

/** What is over at once may take this long on a loaded machine; whatever takes longer did not come by itself. */
export const PROMPT_MS = 3000
