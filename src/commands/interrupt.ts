/** Exit code of a run that the user interrupted: 128 and the number of SIGINT. */
export const INTERRUPTED_EXIT_CODE = 130

/**
 * Runs something that Ctrl-C may end early. The first SIGINT or SIGTERM asks it to stop and to give what it
 * has; a second one kills the process as usual.
 */
export async function interruptible<T>(action: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const stop = (): void => controller.abort()
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  try {
    return await action(controller.signal)
  } finally {
    process.removeListener('SIGINT', stop)
    process.removeListener('SIGTERM', stop)
  }
}
