import type { BackendName } from '../backends/index.ts'
import { followChild } from '../child-process.ts'
import type { ChildEnd } from '../child-process.ts'
import { LibraryError } from '../errors.ts'
import { openLibc } from '../libc/libc.ts'
import type { CheckResult } from './check.ts'
import { findCheck } from './checks/index.ts'
import type { ChildMessage, ChildOrder } from './messages.ts'
import { runChecks } from './session.ts'
import { timeLimits, Watch } from './watch.ts'
import { Whereabouts } from './whereabouts.ts'

export interface IsolationOptions {
  readonly lib: string | undefined
  /** How long a check may take before it counts as hung. See `timeLimits` for its steps. */
  readonly timeoutMs: number
  readonly onResult: (result: CheckResult) => void
  /** Called where the backend is not there at all, before every check has that as its result. */
  readonly onUnavailable: (reason: string) => void
  /** Called once if child processes cannot be had here, and the checks run in this process instead. */
  readonly onWarning: (message: string) => void
  readonly signal?: AbortSignal
}

/** How many ids a child is told at once: all of them must fit into one argument, which may have 128 KiB. */
const MOST_IDS = 2000

/** How one child ended, and how far it got. */
type ChildRun = ChildEnd & ReturnType<Watch['progress']>

/**
 * Runs checks of one backend, in order, in a child process; an id may come several times. A check that hangs or
 * kills the process has that as its result, and the rest goes on in a new child. Where no child process can be
 * started (an emulator that cannot start itself, a limit on processes), the checks run in this process, without
 * that protection.
 */
export async function runIsolated(
  backend: BackendName,
  ids: readonly string[],
  options: IsolationOptions,
): Promise<void> {
  const stopped = (): boolean => options.signal?.aborted === true
  let left = ids
  let noThreads: string | undefined
  while (left.length > 0 && !stopped()) {
    const run = await runChild(
      { backend, ids: left.slice(0, MOST_IDS), lib: options.lib, noThreads },
      options,
    )
    left = left.slice(run.finished)
    if (stopped() || left.length === 0) return
    if (!run.started) {
      options.onWarning(
        `no child process can be started here (${run.cause}): a crash or a hang ends everything`,
      )
      await runHere(backend, left, options)
      return
    }
    const [culprit] = left
    if (culprit !== undefined && run.step !== undefined) {
      options.onResult(run.failure ?? resultOfEnd(culprit, backend, run, options.timeoutMs))
      left = left.slice(1)
    } else if (run.finished === 0 && noThreads === undefined) {
      // What it does before the first check is to load the library, and to start threads, which Node may not survive.
      noThreads = run.cause
    } else if (run.finished === 0 && run.signal === 'SIGSYS') {
      const message = 'a seccomp filter kills the process before the first check'
      for (const id of left)
        options.onResult({ ...headOf(id, backend), outcome: 'unsupported', message, durationMs: 0 })
      return
    } else if (run.finished === 0) {
      throw new LibraryError(
        options.lib ?? 'libc',
        `the process that was to use it got to no check: ${run.cause}`,
      )
    }
  }
}

function runHere(
  backend: BackendName,
  ids: readonly string[],
  options: IsolationOptions,
): void | Promise<void> {
  const ignore = (): void => undefined
  const selected = ids.map((id) => findCheck(id))
  return runChecks(openLibc({ lib: options.lib }), backend, selected, {
    onUnavailable: options.onUnavailable,
    onReady: ignore,
    onCheck: ignore,
    onStep: ignore,
    onFailure: ignore,
    onResult: options.onResult,
  })
}

function headOf(id: string, backend: BackendName): Pick<CheckResult, 'id' | 'family' | 'backend' | 'level'> {
  const { check, family } = findCheck(id)
  return { id, family: family.name, backend, level: check.level }
}

/** The result of a check that the process did not survive, or that had to be killed. */
function resultOfEnd(id: string, backend: BackendName, run: ChildRun, timeoutMs: number): CheckResult {
  const head = headOf(id, backend)
  const step = run.step === undefined || run.step === '' ? {} : { step: run.step }
  const durationMs = Math.round(run.elapsedMs * 1000) / 1000
  // Nothing but a policy sends this signal: what it forbids is not there, and no fault of what is checked.
  if (run.signal === 'SIGSYS') {
    const message = 'a seccomp filter kills the process for a system call'
    return { ...head, outcome: 'unsupported', ...step, message, durationMs }
  }
  const limits = timeLimits(timeoutMs)
  const late =
    run.exceeded === 'stepMs'
      ? `the step ends within ${limits.stepMs} ms`
      : `the check ends within ${limits.checkMs} ms`
  return {
    ...head,
    outcome: 'fail',
    expected: run.hung ? late : 'the process survives the check',
    actual: run.hung ? 'it hung and was killed' : `the process ended: ${run.cause}`,
    ...step,
    durationMs,
  }
}

/** Runs one child, and watches how far it gets. */
async function runChild(
  { backend, ids, lib, noThreads }: Omit<ChildOrder, 'hasWhereabouts'>,
  options: IsolationOptions,
): Promise<ChildRun> {
  const whereabouts = Whereabouts.open()
  try {
    const watch = new Watch(whereabouts, timeLimits(options.timeoutMs))
    const hasWhereabouts = whereabouts !== undefined
    const order: ChildOrder = { backend, ids, lib, noThreads, hasWhereabouts }
    const end = await followChild<ChildMessage>({
      program: 'src/conformance/child',
      order,
      // From its first message on, the watch knows better.
      silenceMs: Infinity,
      signal: options.signal,
      shared: whereabouts?.fd,
      isStuck: () => watch.isStuck(),
      onMessage(message) {
        watch.take(message)
        if (message.kind === 'unavailable') options.onUnavailable(message.reason)
        if (message.kind === 'result') options.onResult(message.result)
      },
    })
    if (end.library !== undefined) throw end.library
    return { ...end, ...watch.progress() }
  } finally {
    whereabouts?.close()
  }
}
