import type { BackendName } from '../backends/index.ts'
import { followChild } from '../child-process.ts'
import type { ChildEnd } from '../child-process.ts'
import { LibraryError } from '../errors.ts'
import { openLibc } from '../libc/libc.ts'
import { subjectsOf } from './features/index.ts'
import type { ProbeMessage } from './messages.ts'
import type { Failure, Outcome } from './outcome.ts'
import { isOpen, runTries, triesOf } from './tries.ts'
import type { Try } from './tries.ts'

export interface IsolationOptions {
  readonly lib: string | undefined
  readonly backends: readonly BackendName[]
  /** Called once if child processes cannot be had here, and the tries are made in this process instead. */
  readonly onWarning: (message: string) => void
}

/** How long one try may take. It takes a few milliseconds, so this much means that it hangs. */
const TRY_MS = 10_000

/**
 * Makes every try in a child process: one that kills or hangs the process has that as its outcome, and a new
 * child goes on behind it. Where no child can be started (an emulator that cannot start itself, a limit on
 * processes or descriptors), the rest is tried in this process, without what has killed a child before.
 * Throws `LibraryError` where the binding or the library cannot be loaded.
 */
export async function makeTries(options: IsolationOptions): Promise<ReadonlyMap<string, Outcome>> {
  const all = triesOf(subjectsOf(options.backends))
  const outcomes = new Map<string, Outcome>()
  let left = all
  while (left.length > 0) {
    const { end, current } = await runChild(left, options, outcomes)
    if (end.library !== undefined) throw end.library
    left = left.filter((entry) => isOpen(entry, outcomes))
    if (left.length === 0) break
    if (!end.started) {
      options.onWarning(`no child process can be started here (${end.cause}): a crash ends the probe`)
      runHere(left, options, outcomes)
      break
    }
    if (current === undefined) {
      throw new LibraryError(
        options.lib ?? 'libc',
        `the process that was to use it did not get that far: ${end.cause}`,
      )
    }
    outcomes.set(current, { ok: false, failure: failureOf(end) })
    left = left.filter((entry) => isOpen(entry, outcomes))
  }
  return outcomes
}

function runHere(tries: readonly Try[], options: IsolationOptions, outcomes: Map<string, Outcome>): void {
  runTries(openLibc({ lib: options.lib }), tries, {
    onTry: () => undefined,
    onOutcome: (id, outcome) => outcomes.set(id, outcome),
  })
}

/** Runs one child, notes its outcomes, and says which try it was in when it ended. */
async function runChild(
  tries: readonly Try[],
  { lib, backends }: IsolationOptions,
  outcomes: Map<string, Outcome>,
): Promise<{ readonly end: ChildEnd; readonly current: string | undefined }> {
  let current: string | undefined
  const end = await followChild<ProbeMessage>({
    program: 'src/probe/child',
    order: { lib, backends, ids: tries.map(({ id }) => id) },
    silenceMs: TRY_MS,
    onMessage: (message) => {
      if (message.kind === 'try') {
        current = message.id
      } else {
        outcomes.set(message.id, message.outcome)
        current = undefined
      }
    },
  })
  return { end, current }
}

function failureOf(end: ChildEnd): Failure {
  if (end.hung) return { kind: 'hang', ms: TRY_MS }
  return { kind: 'death', by: end.cause, signal: end.signal }
}
