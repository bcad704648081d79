import { readdirSync } from 'node:fs'
import type { BackendName } from '../backends/index.ts'
import { isKnownError, SystemError, UnsupportedError } from '../errors.ts'
import { F } from '../libc/constants/linux.ts'
import type { Libc } from '../libc/libc.ts'
import { descriptorLimit } from '../libc/limits.ts'
import { Failure } from './check.ts'
import type { Check, CheckResult, Outcome } from './check.ts'
import { Machine } from './machine.ts'
import type { ThreadPool } from './threads/thread-pool.ts'

export interface RunContext {
  readonly libc: Libc
  readonly backend: BackendName
  readonly family: string
  readonly pool: ThreadPool | undefined
  /** Called when a step begins: what a watchdog names when the step never ends. */
  readonly onStep?: (step: string) => void
}

type Verdict = Pick<CheckResult, 'outcome' | 'expected' | 'actual' | 'step' | 'message'>

/** Runs one check in this process. Never throws: whatever happens is the check's result. */
export function runCheck(check: Check, context: RunContext): CheckResult {
  const start = performance.now()
  const verdict = judge(check, context)
  return {
    id: check.id,
    family: context.family,
    backend: context.backend,
    level: check.level,
    ...verdict,
    durationMs: Math.round((performance.now() - start) * 1000) / 1000,
  }
}

function judge(check: Check, context: RunContext): Verdict {
  const { libc, backend, pool, onStep } = context
  const before = openDescriptors(libc)
  const lacking = missingDescriptors(check, libc, before.size)
  if (lacking !== undefined) return { outcome: 'unsupported', message: lacking }
  const machine = new Machine(libc, backend, { pool, ...(onStep === undefined ? {} : { onStep }) })
  const verdict = attempt(check, machine, () => {
    try {
      perform(check, machine)
    } finally {
      machine.close()
    }
  })
  if (verdict.outcome !== 'pass') return verdict
  return attempt(check, machine, () => {
    machine.begin('compare the open descriptors with those before the check')
    const leaked = [...openDescriptors(libc)].filter((fd) => !before.has(fd))
    if (leaked.length > 0) throw new Failure('no descriptor is left open', `left open: ${leaked.join(', ')}`)
  })
}

function perform(check: Check, machine: Machine): void {
  if ('run' in check) check.run(machine)
  else machine.run(...(typeof check.steps === 'function' ? check.steps(machine.backend) : check.steps))
}

function attempt(check: Check, machine: Machine, action: () => void): Verdict {
  try {
    action()
    return { outcome: 'pass', ...(machine.note === undefined ? {} : { message: machine.note }) }
  } catch (error) {
    if (error instanceof Failure) {
      const { expected, actual } = error
      return { outcome: outcomeOfFailure(check), expected, actual, step: machine.currentStep }
    }
    if (error instanceof UnsupportedError) return { outcome: 'unsupported', message: error.message }
    const message =
      isKnownError(error) || !(error instanceof Error) ? String(error) : (error.stack ?? error.message)
    return { outcome: 'broken', step: machine.currentStep, message }
  }
}

/** A quirk that is different here is worth a line, and no alarm. */
function outcomeOfFailure(check: Check): Outcome {
  return check.level === 'quirk' ? 'diverges' : 'fail'
}

/** Without /proc, this many descriptors are looked at one by one. */
const DESCRIPTORS_WITHOUT_PROC = 256

/** The descriptors that are open right now, but for the one that reads the list. */
export function openDescriptors(libc: Libc): ReadonlySet<number> {
  let candidates: number[]
  try {
    candidates = readdirSync('/proc/self/fd').map(Number)
  } catch {
    candidates = Array.from({ length: DESCRIPTORS_WITHOUT_PROC }, (_, fd) => fd)
  }
  return new Set(candidates.filter((fd) => libc.fn.fcntl(fd, F.GETFD, 0) !== -1))
}

function missingDescriptors(check: Check, libc: Libc, open: number): string | undefined {
  const needed = check.descriptors
  if (needed === undefined) return undefined
  let limit: number
  try {
    limit = descriptorLimit(libc).soft
  } catch (error) {
    // A sandbox may hide the limit, and then the check itself shows whether there is room.
    if (error instanceof SystemError) return undefined
    throw error
  }
  if (limit - open >= needed) return undefined
  return `it needs ${needed} free descriptors, and of ${limit} only ${limit - open} are free`
}
