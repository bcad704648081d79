import { PoolError } from '../../errors.ts'
import type { PoolProblem } from '../../errors.ts'
import { MOST_NUMBERS } from './job-table.ts'
import type { Definition } from './messages.ts'

/** Who waits for a job, and what may be done with it. */
export interface JobTerms {
  readonly idempotent: boolean
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

/** A job as its caller knows it. */
export class Job {
  readonly definition: Definition
  readonly idempotent: boolean
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
  /** What it is called with. They are sent to the thread that asks for them. */
  readonly args: readonly unknown[]
  /** The same, where they are numbers and have room in the table. */
  readonly numbers: readonly number[] | undefined
  /** How many threads have ended while they had it. */
  attempts = 0

  /** Takes the arguments as they are now, whatever becomes of them until a thread asks. Throws `DataCloneError`. */
  constructor(definition: Definition, args: readonly unknown[], { idempotent, resolve, reject }: JobTerms) {
    this.definition = definition
    this.idempotent = idempotent
    this.resolve = resolve
    this.reject = reject
    const areNumbers = args.length <= MOST_NUMBERS && args.every((arg) => typeof arg === 'number')
    this.args = areNumbers ? [...args] : structuredClone(args)
    this.numbers = areNumbers ? (this.args as readonly number[]) : undefined
  }

  fail(problem: PoolProblem, reason: string): void {
    this.reject(noResult(this.definition, problem, reason))
  }
}

/** What a caller gets in place of a result. */
export function noResult({ name, module }: Definition, problem: PoolProblem, reason: string): PoolError {
  return new PoolError(problem, `${name} of ${module}`, reason)
}

/** A job; undefined where its arguments cannot be cloned, of which its caller has learned then. */
export function jobOf(definition: Definition, args: readonly unknown[], terms: JobTerms): Job | undefined {
  try {
    return new Job(definition, args, terms)
  } catch (error) {
    terms.reject(noResult(definition, 'not-cloneable', `its arguments: ${String(error)}`))
    return undefined
  }
}
