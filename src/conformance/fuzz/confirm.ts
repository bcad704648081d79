import type { ScenarioStep } from '../scenarios/schema.ts'
import { fatalDifference, isWell } from './fatal.ts'
import type { Difference } from './lockstep.ts'
import type { FuzzProcesses } from './processes.ts'
import { candidateAt, shrinkSlowly } from './shrink.ts'

/** How long a program is made shorter where each try is a process. */
const SHRINK_MS = 35_000

/** A program of so many steps is as short as one would want. */
const SHORT = 8

/** How long a step may take in a program that is played apart. */
const APART_STEP_MS = 1500

/** A difference as it was found. */
export interface Candidate {
  readonly index: number
  readonly foundSteps: number
  readonly difference: Difference
  /** The program as it was found. */
  readonly original: readonly ScenarioStep[]
  /** It ended the process, or made it hang, so that it could not be made shorter there. */
  readonly isFatal: boolean
}

/**
 * A difference that a process shows which plays nothing else: whoever plays the scenario will see it. Where the short
 * program shows none, or is not short (a library may remember what came before it, and so do other things with each try),
 * it is made shorter with a new process for each try. Undefined where it comes only after other programs.
 */
export async function confirmed(
  { difference, original, isFatal }: Candidate,
  processes: FuzzProcesses,
): Promise<Difference | undefined> {
  if (processes.signal.aborted) return difference
  const short = isFatal ? await shrinkFatal(difference, processes) : difference
  const again = await playAlone(short.program, processes)
  if (again !== undefined && again.program.length <= SHORT) return again
  const shortest = await shrinkApart(again?.program ?? original, processes)
  return shortest ?? again
}

/** Makes a program shorter that ends the process: in one for all tries that do not, and then in another. */
async function shrinkFatal(difference: Difference, processes: FuzzProcesses): Promise<Difference> {
  const { program } = difference
  const untilMs = performance.now() + SHRINK_MS
  const yes = new Set<number>()
  let [known, shortest, isDone] = [0, difference, false]
  while (!isDone && !processes.signal.aborted && performance.now() < untilMs) {
    const order = { shorten: program, known, yes: [...yes] }
    const { end, place } = await processes.run(order, { stepMs: APART_STEP_MS }, (message) => {
      if (message.kind !== 'still') return
      yes.add(message.question)
      known = message.question + 1
      shortest = message.difference
    })
    // One that ends at a question that was answered before has got nowhere.
    isDone = isWell(end) || place === undefined || place.check < known
    if (isDone || place === undefined) continue
    shortest = fatalDifference(candidateAt(program, place.check, yes), end, place)
    yes.add(place.check)
    known = place.check + 1
  }
  return shortest
}

/** Makes a program shorter, in a new process for each try. Undefined where it shows nothing there. */
async function shrinkApart(
  program: readonly ScenarioStep[],
  processes: FuzzProcesses,
): Promise<Difference | undefined> {
  const untilMs = performance.now() + SHRINK_MS
  let shortest = await playAlone(program, processes)
  if (shortest === undefined) return undefined
  const fails = async (candidate: readonly ScenarioStep[]): Promise<boolean> => {
    const found = await playAlone(candidate, processes)
    if (found !== undefined) shortest = found
    return found !== undefined
  }
  const isOver = (): boolean => processes.signal.aborted || performance.now() > untilMs
  await shrinkSlowly(shortest.program, fails, isOver)
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
