/** What a native step is on its way, and how the outcome of a call is held against what is expected of it. */
import { errnoName } from '../../libc/libc.ts'
import type { Memory } from '../../libc/memory.ts'
import { Failure } from '../check.ts'
import type { Machine } from '../machine.ts'
import { formatMask, parseMask } from '../masks.ts'
import type { Expected, NativeStep } from '../steps.ts'
import type { Invocation } from '../threads/job.ts'

/** A call that was made: its result, errno where that is -1, and how long it took. */
export interface Outcome {
  readonly result: number
  readonly errno: number
  readonly elapsedNs: number
}

/** A native step on its way. The memory must live until it is concluded, whoever makes the call. */
export interface PendingStep {
  readonly step: NativeStep
  readonly invocation: Invocation
  readonly memory: readonly Memory[]
}

/** How a native step is made, in two parts: the call itself may be made by another thread. */
export interface NativeOperation<S extends NativeStep> {
  prepare(machine: Machine, step: S): Omit<PendingStep, 'step'>
  /** Throws `Failure` if the outcome is not what the step expects. */
  conclude(machine: Machine, step: S, outcome: Outcome, memory: readonly Memory[]): void
}

/** Fails unless a call returned what was expected of it. */
export function expectResult(fn: string, outcome: Outcome, expected: Expected): void {
  const met =
    expected === 'ok'
      ? outcome.result !== -1
      : typeof expected === 'number'
        ? outcome.result === expected
        : outcome.result === -1 && errnoName(outcome.errno) === expected
  if (!met) throw new Failure(`${fn} gives ${expected}`, `${fn} gives ${resultText(outcome)}`)
}

/** What a call gave, as scenarios write it: its result, or the errno of a failure. */
export function resultText({ result, errno }: Outcome): string {
  return result === -1 ? errnoName(errno) : String(result)
}

/** Events in words. */
export function eventsText(events: readonly (readonly [string, string])[]): string {
  if (events.length === 0) return 'no events'
  return events.map(([label, mask]) => `${label} ${mask}`).join(', ')
}

/** What an expected mask begins with that need not be met in full: at least one bit of it, and no other. */
export const SOME_OF = 'some of '

/** Fails unless both lists hold the same entries, in whatever order; a duplicate is a difference. */
export function expectEvents(
  actual: readonly (readonly [string, string])[],
  expected: readonly (readonly [string, string])[],
): void {
  const sorted = (events: readonly (readonly [string, string])[]): string =>
    eventsText(events.map(([label, mask]) => [label, normal(mask)] as const).toSorted(byText))
  const is = sorted(actual)
  const enough = expected.map(([label, mask]) => [label, partlyMet(label, mask, actual) ?? mask] as const)
  if (is !== sorted(enough)) throw new Failure(sorted(expected), is)
}

/** What was reported in place of a mask that need not be met in full, if it is enough of it. */
export function partlyMet(
  label: string,
  mask: string,
  actual: readonly (readonly [string, string])[],
): string | undefined {
  if (!mask.startsWith(SOME_OF)) return undefined
  const allowed = mask.slice(SOME_OF.length)
  return actual.find(([name, reported]) => name === label && isPartOf(reported, allowed))?.[1]
}

function isPartOf(part: string, whole: string): boolean {
  if (isSets(whole)) return part.split('').every((set) => whole.includes(set))
  return (parseMask(part) & ~parseMask(whole)) === 0
}

const byText = (a: readonly [string, string], b: readonly [string, string]): number =>
  `${a[0]} ${a[1]}` < `${b[0]} ${b[1]}` ? -1 : 1

/** Masks are compared by value, so that scenarios may name bits in any order; select's letters stay. */
function normal(mask: string): string {
  if (mask.startsWith(SOME_OF)) return `${SOME_OF}${normal(mask.slice(SOME_OF.length))}`
  return isSets(mask) ? mask : formatMask(parseMask(mask))
}

const isSets = (text: string): boolean => /^[rwx]+$/.test(text)

/** A wait that ran out of time must have lasted that time, exactly: being early is a bug, being late is not. */
export function expectDuration(fn: string, outcome: Outcome, timeoutMs: number, atLeastMs?: number): void {
  const least = Math.max(outcome.result === 0 ? timeoutMs : 0, atLeastMs ?? 0)
  if (outcome.elapsedNs < least * 1e6) {
    throw new Failure(`${fn} lasts at least ${least} ms`, `${fn} lasted ${outcome.elapsedNs / 1e6} ms`)
  }
}
