import { UnsupportedError } from '../errors.ts'

/** What a function returns, or what the `UnsupportedError` says that it throws. */
export function orRefusal<T>(action: () => T): T | string {
  try {
    return action()
  } catch (error) {
    if (error instanceof UnsupportedError) return error.message
    throw error
  }
}
