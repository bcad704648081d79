import type { BackendName } from '../backends/index.ts'
import { followChild } from '../child-process.ts'
import type { ChildEnd } from '../child-process.ts'
import { LibraryError } from '../errors.ts'
import { openLibc } from '../libc/libc.ts'
import type { CheckResult } from './check.ts'
import { findCheck } from './checks/index.ts'
import type { ChildMessage, ChildOrder } from './messages.ts'
import { runChecks } from './session.ts'

export interface IsolationOptions {
  readonly lib: string | undefined
  /** How long a single step may take before it counts as hung. */
  readonly timeoutMs: number
  readonly onResult: (result: CheckResult) => void
  /** Called where the backend is not there at all, before every check has that as its result. */
  readonly onUnavailable: (reason: string) => void
  /** Called once if child processes cannot be had here, and the checks run in this process instead. */
  readonly onWarning: (message: string) => void
  readonly signal?: AbortSignal
}

/** How long a child may take from its start to its first check, which emulators make long. */
const START_MS = 60_000

/** How one child ended, and how far it got. */
interface Progress extends ChildEnd {
  /** The check that it was in, and the step, when it ended. */
  readonly check: string | undefined
  readonly step: string | undefined
  /** How long it was in that check. */
  readonly checkMs: number
  /** The result that it had already, if it failed before. */
  readonly failure: CheckResult | undefined
  /** How many checks have their result. They are run in order. */
  readonly finished: number
}

/**
 * Runs checks of one backend, in order, in a child process; an id may come several times. A check that hangs or kills the process has that as its
 * result, and the rest goes on in a new child. Where no child process can be started (an emulator that cannot
 * start itself, a limit on processes), the checks run in this process, without that protection.
 */
export async function runIsolated(
  backend: BackendName,
  ids: readonly string[],
  options: IsolationOptions,
): Promise<void> {
  const stopped = (): boolean => options.signal?.aborted === true
  let left = ids
  while (left.length > 0 && !stopped()) {
    const end = await runChild({ backend, ids: left, lib: options.lib }, options)
    left = left.slice(end.finished)
    if (stopped() || left.length === 0) return
    if (!end.started) {
      options.onWarning(
        `no child process can be started here (${end.cause}): a crash or a hang ends everything`,
      )
      runHere(backend, left, options)
      return
    }
    const culprit = end.check
    if (culprit !== undefined) {
      options.onResult(end.failure ?? resultOfEnd(culprit, backend, end, options.timeoutMs))
      left = left.slice(1)
    } else if (end.finished === 0) {
      throw new LibraryError(
        options.lib ?? 'libc',
        `the process that was to use it got to no check: ${end.cause}`,
      )
    }
  }
}

function runHere(backend: BackendName, ids: readonly string[], options: IsolationOptions): void {
  const ignore = (): void => undefined
  runChecks(openLibc({ lib: options.lib }), backend, ids, {
    onUnavailable: options.onUnavailable,
    onCheck: ignore,
    onStep: ignore,
    onFailure: ignore,
    onResult: options.onResult,
  })
}

function resultOfEnd(id: string, backend: BackendName, end: Progress, timeoutMs: number): CheckResult {
  const { check, family } = findCheck(id)
  const head = { id, family: family.name, backend, level: check.level }
  const step = end.step === undefined ? {} : { step: end.step }
  const durationMs = end.checkMs
  // Nothing but a policy sends this signal: what it forbids is not there, and no fault of what is checked.
  if (end.signal === 'SIGSYS') {
    const message = 'a seccomp filter kills the process for a system call'
    return { ...head, outcome: 'unsupported', ...step, message, durationMs }
  }
  return {
    ...head,
    outcome: 'fail',
    expected: end.hung ? `the step ends within ${timeoutMs} ms` : 'the process survives the check',
    actual: end.hung ? 'it hung and was killed' : `the process ended: ${end.cause}`,
    ...step,
    durationMs,
  }
}

/** Runs one child, and notes how far it gets. */
async function runChild(order: ChildOrder, options: IsolationOptions): Promise<Progress> {
  const progress = {
    check: undefined as string | undefined,
    step: undefined as string | undefined,
    failure: undefined as CheckResult | undefined,
    finished: 0,
  }
  let began = performance.now()
  const end = await followChild<ChildMessage>({
    program: 'src/conformance/child',
    order,
    startMs: START_MS,
    silenceMs: options.timeoutMs,
    signal: options.signal,
    onMessage: (message) => {
      switch (message.kind) {
        case 'unavailable':
          options.onUnavailable(message.reason)
          break
        case 'check':
          began = performance.now()
          progress.check = message.id
          progress.step = undefined
          progress.failure = undefined
          break
        case 'step':
          progress.step = message.step
          break
        case 'failure':
          progress.failure = message.result
          break
        case 'result':
          progress.finished++
          progress.check = undefined
          options.onResult(message.result)
          break
      }
    },
  })
  if (end.library !== undefined) throw end.library
  const checkMs = Math.round((performance.now() - began) * 1000) / 1000
  return { ...progress, ...end, checkMs }
}
