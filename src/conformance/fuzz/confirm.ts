import type { ScenarioStep } from '../scenarios/schema.ts'
import { fatalDifference, isWell } from './fatal.ts'
import type { Difference } from './lockstep.ts'
import type { FuzzProcesses } from './processes.ts'
import { candidateAt } from './shrink.ts'

/** How long a program is made shorter in processes of its own. */
const SHRINK_MS = 35_000

/** A program of so many steps is as short as one would want. */
const SHORT = 8

/** How long a step may take in a program that is played apart. */
const APART_STEP_MS = 1500

/** A difference as it was found. */
export interface Candidate {
  readonly index: number
  readonly difference: Difference
  /** The program as it was found. */
  readonly original: readonly ScenarioStep[]
  /** It ended the process, or made it hang, so that it could not be made shorter there. */
  readonly isFatal: boolean
}

/**
 * A difference that a process shows which plays nothing else: whoever plays the scenario will see it. Where the short
 * program shows none, or is not short (a library may remember what came before it, and so do other things with each try),
 * it is made shorter apart. Undefined where it comes only after other programs.
 */
export async function confirmed(
  { difference, original, isFatal }: Candidate,
  processes: FuzzProcesses,
): Promise<Difference | undefined> {
  if (processes.signal.aborted) return difference
  const again = isFatal ? undefined : await playAlone(difference.program, processes)
  if (again !== undefined && again.program.length <= SHORT) return again
  const whole = again ?? (await playAlone(original, processes))
  return whole && (await shrinkApart(whole, processes))
}

/**
 * Makes a program shorter. A process tries one candidate after another up to the first that shows something, or that ends
 * it; another one, which plays nothing else, confirms that, and a new one goes on behind it. So nothing that a library
 * remembers of other programs makes one what it is not.
 */
async function shrinkApart(difference: Difference, processes: FuzzProcesses): Promise<Difference> {
  const { program } = difference
  const untilMs = performance.now() + SHRINK_MS
  const yes = new Set<number>()
  let [known, shortest] = [0, difference]
  while (!processes.signal.aborted && performance.now() < untilMs) {
    let still: number | undefined
    const order = { shorten: program, known, yes: [...yes] }
    const { end, place } = await processes.run(order, { stepMs: APART_STEP_MS }, (message) => {
      if (message.kind === 'still') still = message.question
    })
    const question = still ?? (isWell(end) ? undefined : place?.check)
    // There are no more, or it ended before it got to one.
    if (question === undefined || question < known) break
    const found = await playAlone(candidateAt(program, question, yes), processes)
    if (found !== undefined) {
      yes.add(question)
      shortest = found
    }
    known = question + 1
  }
  return shortest
}

/** What one program comes to in a process of its own. */
async function playAlone(
  program: readonly ScenarioStep[],
  processes: FuzzProcesses,
): Promise<Difference | undefined> {
  let found: Difference | undefined
  const { end, place } = await processes.run({ program }, { stepMs: APART_STEP_MS }, (message) => {
    if (message.kind === 'answer') found = message.difference
  })
  return isWell(end) || place === undefined ? found : fatalDifference(program, end, place)
}
