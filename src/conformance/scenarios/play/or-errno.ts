import { SystemError, UnsupportedError } from '../../../errors.ts'
import type { Observation } from '../observation.ts'

/** What an action gives, or the errno of what it throws. */
export function orErrno(action: () => Observation): Observation {
  try {
    return action()
  } catch (error) {
    if (error instanceof SystemError) return error.code
    if (error instanceof UnsupportedError) return 'unsupported'
    throw error
  }
}
