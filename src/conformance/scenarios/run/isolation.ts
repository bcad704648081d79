import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BackendName } from '../../../backends/index.ts'
import { followChild } from '../../../child-process.ts'
import type { ChildEnd } from '../../../child-process.ts'
import { LibraryError } from '../../../errors.ts'
import { openLibc } from '../../../libc/libc.ts'
import { makeOwnDirectory } from '../../../own-directory.ts'
import type { Observation } from '../observation.ts'
import type { ScenarioStep } from '../schema.ts'
import { STEPS_FILE } from './messages.ts'
import type { PlayMessage, PlayOrder } from './messages.ts'
import { playOn } from './play.ts'
import type { PlayObserver } from './play.ts'

export interface PlayOptions {
  readonly lib: string | undefined
  /** How long a step may take besides what it is told to wait, before it counts as hung. */
  readonly timeoutMs: number
  /** Called if child processes cannot be had here, and the steps are made in this process instead. */
  readonly onWarning: (message: string) => void
  readonly signal: AbortSignal
}

/** What playing a scenario on a backend came to. */
export interface Played {
  /** What the steps gave, from the first one on, as far as it got. */
  readonly given: readonly Observation[]
  /** Why the backend plays nothing here, or nothing more. No fault of it. */
  readonly reason?: string
  /** What ended it in the step after those: `SIGSEGV`, `it hung and was killed`. */
  readonly cause?: string
}

/**
 * Plays steps on one backend in a process of its own, so that a crash or a hang costs this one alone. Where no child
 * process can be started, the steps are made in this process, without that protection. Throws `LibraryError`.
 */
export async function playIsolated(
  backend: BackendName,
  steps: readonly ScenarioStep[],
  options: PlayOptions,
): Promise<Played> {
  const directory = makeOwnDirectory()
  try {
    writeFileSync(join(directory, STEPS_FILE), JSON.stringify(steps))
    return await playInChild({ backend, lib: options.lib, directory }, steps, options)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

async function playInChild(
  order: PlayOrder,
  steps: readonly ScenarioStep[],
  options: PlayOptions,
): Promise<Played> {
  const { given, observer, played } = collector()
  let isReady = false
  let isDone = false
  const end = await followChild<PlayMessage>({
    program: 'src/conformance/scenarios/run/child',
    order,
    silenceMs: options.timeoutMs + longestWaitMs(steps),
    signal: options.signal,
    onMessage(message) {
      if (message.kind === 'unavailable') observer.onUnavailable(message.reason)
      else if (message.kind === 'gave') observer.onGiven(message.observation)
      else if (message.kind === 'ready') isReady = true
      else isDone = true
    },
  })
  if (played().reason !== undefined) return played()
  if (options.signal.aborted && given.length < steps.length) return { given, reason: 'interrupted' }
  if (end.library !== undefined) throw end.library
  // Nothing but a policy sends this signal: what it forbids is not there, and no fault of the backend.
  if (end.signal === 'SIGSYS')
    return { given, reason: 'a seccomp filter kills the process for a system call' }
  // Whatever ends it behind its last step, also as if all were well, has ended it in tidying up.
  if (isDone) return { given }
  if (isReady) return { given, cause: end.cause }
  if (!end.started) return playHere(order, steps, end, options)
  throw new LibraryError(
    order.lib ?? 'libc',
    `the process that was to use it for ${order.backend} got to no step: ${end.cause}`,
  )
}

function playHere(
  { backend, lib, directory }: PlayOrder,
  steps: readonly ScenarioStep[],
  { cause }: ChildEnd,
  { onWarning }: PlayOptions,
): Played {
  onWarning(`no child process can be started here (${cause}): a crash or a hang ends everything`)
  const { observer, played } = collector()
  playOn(openLibc({ lib }), backend, steps, directory, observer)
  return played()
}

function collector(): {
  readonly given: readonly Observation[]
  readonly observer: PlayObserver
  readonly played: () => Played
} {
  const given: Observation[] = []
  let reason: string | undefined
  const observer: PlayObserver = {
    onUnavailable: (why) => (reason = why),
    onReady: () => undefined,
    onGiven: (observation) => given.push(observation),
  }
  return { given, observer, played: () => (reason === undefined ? { given } : { given, reason }) }
}

/** The longest that one of the steps is told to wait. */
function longestWaitMs(steps: readonly ScenarioStep[]): number {
  return Math.max(
    0,
    ...steps.map((step) => ('timeoutMs' in step ? (step.timeoutMs ?? 0) : step.op === 'sleep' ? step.ms : 0)),
  )
}
