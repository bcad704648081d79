import type { Backend } from '../backends/backend.ts'
import { backends } from '../backends/index.ts'
import { isShortOfLockedMemory, LOCKED_MEMORY_HINT } from '../backends/io-uring/locked-memory.ts'
import type { BackendName } from '../backends/index.ts'
import { isKnownError, SystemError, UnsupportedError } from '../errors.ts'
import type { Libc } from '../libc/libc.ts'
import { RLIMIT_NOFILE } from '../libc/constants/linux.ts'
import { softLimit } from '../libc/limits.ts'
import type { SeldomWaiting } from './at-once.ts'
import { Failure } from './check.ts'
import type { Check, CheckResult, Outcome } from './check.ts'
import { Machine } from './machine.ts'
import type { Surroundings } from './surroundings/surroundings.ts'
import type { ThreadPool } from './threads/thread-pool.ts'

export interface RunContext {
  readonly libc: Libc
  readonly backend: BackendName
  readonly family: string
  readonly pool: ThreadPool | undefined
  /** Why there are no threads, where that is not for want of descriptors. */
  readonly noThreads?: string | undefined
  /** Looked at before the check begins: when it was made, or when the check before has ended. */
  readonly surroundings: Surroundings
  /** Called when a step begins: what a watchdog names when the step never ends. */
  readonly onStep?: (step: string) => void
  /** Called with the result of a check that did not pass before it is tidied up after, which may take long. */
  readonly onFailure?: (result: CheckResult) => void
}

type Verdict = Pick<CheckResult, 'outcome' | 'expected' | 'actual' | 'step' | 'message'>

/** Runs one check in this process. Never throws: whatever happens is the check's result. */
export function* runCheck(check: Check, context: RunContext): SeldomWaiting<CheckResult> {
  const start = performance.now()
  const resultOf = (verdict: Verdict): CheckResult => ({
    id: check.id,
    family: context.family,
    backend: context.backend,
    level: check.level,
    ...verdict,
    durationMs: Math.round((performance.now() - start) * 1000) / 1000,
  })
  return resultOf(yield* judge(check, context, (verdict) => context.onFailure?.(resultOf(verdict))))
}

/**
 * How often a check is run again that was interrupted by no signal of its own. A process that was stopped or frozen
 * and goes on, that is traced, or that has closed an io_uring a moment ago, gets EINTR from its wait, once.
 */
const RETRIES = 2

function* judge(
  check: Check,
  context: RunContext,
  onFailure: (verdict: Verdict) => void,
): SeldomWaiting<Verdict> {
  let verdict = yield* judgeOnce(check, context, onFailure)
  for (let i = 0; i < RETRIES && wasInterrupted(verdict); i++) {
    verdict = yield* judgeOnce(check, context, onFailure)
  }
  return verdict
}

/** Whether an EINTR that nobody expected is what went wrong. */
function wasInterrupted({ outcome, expected = '', actual = '', message = '' }: Verdict): boolean {
  if (outcome === 'pass' || outcome === 'unsupported') return false
  return /\bEINTR\b/.test(`${actual} ${message}`) && !/\bEINTR\b/.test(expected)
}

function* judgeOnce(
  check: Check,
  context: RunContext,
  onFailure: (verdict: Verdict) => void,
): SeldomWaiting<Verdict> {
  const { backend, surroundings, onStep } = context
  const { libc, pool, noThreads, openDescriptors } = placeOf(context)
  const lacking =
    missingDescriptors(check, libc, openDescriptors) ?? missingThreads(check, { ...context, pool, noThreads })
  if (lacking !== undefined) return { outcome: 'unsupported', message: lacking }
  const { speaks }: Backend = backends[backend]
  const machine = new Machine(libc, speaks ?? backend, { pool, threads: check.threads ?? 0, onStep })
  const verdict = yield* attempt(check, machine, () => perform(check, machine))
  if (verdict.outcome !== 'pass') onFailure(verdict)
  // What goes wrong first is what is reported: after a failure, tidying up may fail as well.
  const closed = yield* attempt(check, machine, () => machine.close())
  const compared = yield* attempt(check, machine, () => assertUnchanged(machine, surroundings, libc))
  return [verdict, closed, compared].find(({ outcome }) => outcome !== 'pass') ?? verdict
}

/** Where a check runs, and what there is besides. */
type Place = Pick<RunContext, 'libc' | 'pool' | 'noThreads'> & { readonly openDescriptors: number }

/**
 * The machine itself, or the world of the backend: new for each check, so that it begins with nothing, and shows
 * afterwards what was left in it. A thread would take the numbers of its descriptors for those of the machine.
 */
function placeOf({ libc, backend, pool, noThreads, surroundings }: RunContext): Place {
  const { world }: Backend = backends[backend]
  if (world === undefined) return { libc, pool, noThreads, openDescriptors: surroundings.openDescriptors }
  const reason = `${backend} has a world of one thread`
  return { libc: world(libc), pool: undefined, noThreads: reason, openDescriptors: 0 }
}

/** Fails the check if the process is not as it was before, in what would matter to the checks that follow. */
function assertUnchanged(machine: Machine, surroundings: Surroundings, libc: Libc): void {
  machine.begin('compare what is left with what was there before the check')
  const left = libc.openNumbers?.() ?? []
  if (left.length > 0) throw new Failure('no descriptor is left open', `left open: ${left.join(', ')}`)
  const differences = surroundings.compare()
  if (differences.length === 0) return
  const words = (of: 'expected' | 'actual'): string =>
    [...new Set(differences.map((difference) => difference[of]))].join('; ')
  throw new Failure(words('expected'), words('actual'))
}

function perform(check: Check, machine: Machine): void | Promise<void> {
  if ('run' in check) return check.run(machine)
  machine.run(...(typeof check.steps === 'function' ? check.steps(machine.backend) : check.steps))
}

function* attempt(
  check: Check,
  machine: Machine,
  action: () => void | Promise<void>,
): SeldomWaiting<Verdict> {
  try {
    const made = action()
    if (made !== undefined) yield made
    return { outcome: 'pass', ...(machine.note === undefined ? {} : { message: machine.note }) }
  } catch (error) {
    if (error instanceof Failure) {
      const { expected, actual } = error
      return { outcome: outcomeOfFailure(check), expected, actual, step: machine.currentStep }
    }
    if (error instanceof UnsupportedError) return { outcome: 'unsupported', message: error.message }
    // Set-up that a policy or an old kernel does not allow: nothing is wrong with what is checked, or with the check.
    if (error instanceof SystemError && error.code === 'ENOSYS') {
      return { outcome: 'unsupported', message: `${error.message}: the kernel does not have this call` }
    }
    if (error instanceof SystemError && error.code === 'ENOTTY') {
      return { outcome: 'unsupported', message: `${error.message}: the kernel does not have this request` }
    }
    if (error instanceof SystemError && isShortOfLockedMemory(error)) {
      return { outcome: 'unsupported', message: `${error.message}: ${LOCKED_MEMORY_HINT}` }
    }
    if (error instanceof SystemError && isForbidden(error)) {
      return { outcome: 'unsupported', message: `${error.message}: it is forbidden here` }
    }
    const message =
      isKnownError(error) || !(error instanceof Error) ? String(error) : (error.stack ?? error.message)
    return { outcome: 'broken', step: machine.currentStep, message }
  }
}

/** Whether a policy refuses to make something. What is refused to an epoll that is there, its own rules refuse. */
function isForbidden({ code, syscall }: SystemError): boolean {
  return (code === 'EPERM' || code === 'EACCES') && syscall !== 'epoll_ctl'
}

/** A quirk that is different here is worth a line, and no alarm. */
function outcomeOfFailure(check: Check): Outcome {
  return check.level === 'quirk' ? 'diverges' : 'fail'
}

function missingDescriptors(check: Check, libc: Libc, open: number): string | undefined {
  const needed = check.descriptors
  if (needed === undefined) return undefined
  // Where a sandbox hides the limit, the check itself shows whether there is room.
  const limit = softLimit(libc, RLIMIT_NOFILE, Infinity)
  if (limit - open >= needed) return undefined
  return `it needs ${needed} free descriptors, and of ${limit} only ${limit - open} are free`
}

function missingThreads({ threads = 0 }: Check, { pool, noThreads }: RunContext): string | undefined {
  const size = pool?.size ?? 0
  if (size >= threads) return undefined
  if (noThreads !== undefined) return `it needs threads, and none can be started here: ${noThreads}`
  return `it needs ${threads} threads, and the limit of descriptors leaves room for ${size}`
}
