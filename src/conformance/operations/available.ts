import { SystemError, UnsupportedError } from '../../errors.ts'

/** What old kernels, policies and missing privileges answer. */
const absent: readonly string[] = ['ENOSYS', 'EPERM', 'EACCES']

/**
 * Makes something that need not be there. Throws `UnsupportedError` where the kernel does not have it, does
 * not allow it, or answers with another errno that stands for that.
 */
export function unlessAbsent<T>(feature: string, make: () => T, ...errnos: readonly string[]): T {
  try {
    return make()
  } catch (error) {
    if (!(error instanceof SystemError) || ![...absent, ...errnos].includes(error.code)) throw error
    throw new UnsupportedError(feature, error.message)
  }
}
