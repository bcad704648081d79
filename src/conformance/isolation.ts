import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type { BackendName } from '../backends/index.ts'
import { entryPoint } from '../entry-point.ts'
import { LibraryError } from '../errors.ts'
import { openLibc } from '../libc/libc.ts'
import type { CheckResult } from './check.ts'
import { findCheck } from './checks/index.ts'
import { MESSAGE_FD } from './messages.ts'
import type { ChildMessage, ChildOrder } from './messages.ts'
import { runChecks } from './session.ts'

export interface IsolationOptions {
  readonly lib: string | undefined
  /** How long a single step may take before it counts as hung. */
  readonly timeoutMs: number
  readonly onResult: (result: CheckResult) => void
  /** Called once if child processes cannot be had here, and the checks run in this process instead. */
  readonly onWarning: (message: string) => void
  readonly signal?: AbortSignal
}

/** How one child ended, and how far it got. */
interface ChildEnd {
  /** It said hello: child processes work here. */
  readonly started: boolean
  /** The check that it was in, and the step, when it ended. */
  readonly check: string | undefined
  readonly step: string | undefined
  readonly finished: ReadonlySet<string>
  /** What ended it, with the last thing that it said: `exit code 1 (…)`, `SIGSEGV`. */
  readonly cause: string
  readonly signal: NodeJS.Signals | undefined
  readonly hung: boolean
}

/**
 * Runs checks of one backend in a child process. A check that hangs or kills the process has that as its
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
    left = left.filter((id) => !end.finished.has(id))
    if (stopped() || left.length === 0) return
    if (!end.started) {
      options.onWarning(
        `no child process can be started here (${end.cause}): a crash or a hang ends everything`,
      )
      runHere(backend, left, options)
      return
    }
    const culprit = end.check
    if (culprit === undefined) {
      throw new LibraryError(
        options.lib ?? 'libc',
        `the process that was to use it ended at once: ${end.cause}`,
      )
    }
    options.onResult(resultOfEnd(culprit, backend, end, options.timeoutMs))
    left = left.filter((id) => id !== culprit)
  }
}

function runHere(backend: BackendName, ids: readonly string[], options: IsolationOptions): void {
  const ignore = (): void => undefined
  runChecks(openLibc({ lib: options.lib }), backend, ids, {
    onCheck: ignore,
    onStep: ignore,
    onResult: options.onResult,
  })
}

function resultOfEnd(id: string, backend: BackendName, end: ChildEnd, timeoutMs: number): CheckResult {
  const { check, family } = findCheck(id)
  return {
    id,
    family: family.name,
    backend,
    level: check.level,
    outcome: 'fail',
    expected: end.hung ? `the step ends within ${timeoutMs} ms` : 'the process survives the check',
    actual: end.hung ? 'it hung and was killed' : `the process ended: ${end.cause}`,
    ...(end.step === undefined ? {} : { step: end.step }),
    ...(end.signal === 'SIGSYS'
      ? { message: 'a seccomp filter kills the process for this system call' }
      : {}),
    durationMs: end.hung ? timeoutMs : 0,
  }
}

/** Starts one child, and follows it until it has ended. */
async function runChild(order: ChildOrder, options: IsolationOptions): Promise<ChildEnd> {
  const progress = {
    started: false,
    check: undefined as string | undefined,
    step: undefined as string | undefined,
    finished: new Set<string>(),
    hung: false,
    failure: undefined as LibraryError | undefined,
  }
  const child = spawn(process.execPath, [entryPoint('src/conformance/child'), JSON.stringify(order)], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  })
  const stderr = collect(child.stdio[2] as Readable)
  const abort = (): void => void child.kill('SIGKILL')
  options.signal?.addEventListener('abort', abort, { once: true })
  const watchdog = setTimeout(() => {
    progress.hung = true
    abort()
  }, options.timeoutMs)

  const messages = createInterface({ input: child.stdio[MESSAGE_FD] as Readable })
  messages.on('line', (line) => {
    watchdog.refresh()
    const message = JSON.parse(line) as ChildMessage
    switch (message.kind) {
      case 'hello':
        progress.started = true
        break
      case 'library':
        progress.failure = new LibraryError(message.library, message.reason)
        break
      case 'check':
        progress.check = message.id
        progress.step = undefined
        break
      case 'step':
        progress.step = message.step
        break
      case 'result':
        progress.finished.add(message.result.id)
        progress.check = undefined
        options.onResult(message.result)
        break
    }
  })

  const end = await endOf(child)
  clearTimeout(watchdog)
  options.signal?.removeEventListener('abort', abort)
  if (progress.failure !== undefined) throw progress.failure
  const said = lastLine(stderr())
  return { ...progress, ...end, cause: said === '' ? end.cause : `${end.cause} (${said})` }
}

/** Resolves when the child is gone and its messages are read, with what ended it. Never rejects. */
async function endOf(child: ChildProcess): Promise<Pick<ChildEnd, 'cause' | 'signal'>> {
  return await new Promise((resolve) => {
    child.once('error', (error) => resolve({ cause: error.message, signal: undefined }))
    child.once('close', (code, signal) =>
      resolve({ cause: signal ?? `exit code ${code}`, signal: signal ?? undefined }),
    )
  })
}

/** Keeps the end of what a child writes, to say why it died. */
function collect(stream: Readable): () => string {
  let text = ''
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(-4096)
  })
  return () => text
}

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? ''
}
