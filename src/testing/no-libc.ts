import type { Libc } from '../libc/libc.ts'

/** A C library that nobody must touch: for what is said to need none. */
export const noLibc: Libc = new Proxy({} as Libc, {
  get(_, property) {
    throw new Error(`libc.${String(property)} is used`)
  },
})
