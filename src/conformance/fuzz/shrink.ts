import { namesMadeBy } from '../scenarios/load.ts'
import type { ScenarioStep } from '../scenarios/schema.ts'

type Fails = (candidate: readonly ScenarioStep[]) => boolean

/** Programs that are this short are also tried without any two of their steps, which takes the square of that. */
const FEW = 24

/**
 * A program that is as short as can be found without trying everything, of which `fails` still holds, as it must of the
 * one that is given. First pieces are left out, the largest first, until no single step can be; then two at a time,
 * and steps that make something of which another one would do.
 */
export function shrink(program: readonly ScenarioStep[], fails: Fails): readonly ScenarioStep[] {
  let best = withoutPieces(program, fails)
  for (;;) {
    const shorter = candidates(best).find(fails)
    if (shorter === undefined) return best
    best = withoutPieces(shorter, fails)
  }
}

function withoutPieces(program: readonly ScenarioStep[], fails: Fails): readonly ScenarioStep[] {
  let best = program
  for (let size = Math.ceil(best.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    let isShorter: boolean
    do {
      isShorter = false
      // From the end: what comes last depends on more, and less depends on it.
      for (let at = best.length - size; at >= 0; at--) {
        const candidate = best.toSpliced(at, size)
        if (!fails(candidate)) continue
        best = candidate
        isShorter = true
      }
    } while (isShorter)
  }
  return best
}

/** Shorter programs that may do the same, where no single step can be left out. */
function candidates(program: readonly ScenarioStep[]): (readonly ScenarioStep[])[] {
  if (program.length > FEW) return []
  const pairs = program.flatMap((_, i) =>
    Array.from({ length: i }, (__, k) => program.toSpliced(i, 1).toSpliced(k, 1)),
  )
  const replaced = program.flatMap((maker, i) =>
    namesMadeBy(maker).flatMap((name) =>
      program
        .flatMap(namesMadeBy)
        .filter((other) => other !== name)
        .map((other) => program.toSpliced(i, 1).map((step) => renamed(step, name, other))),
    ),
  )
  return [...pairs, ...replaced]
}

/** The same step, about another descriptor. */
function renamed(step: ScenarioStep, from: string, to: string): ScenarioStep {
  const entries = Object.entries(step).map(([key, value]: [string, unknown]) => [
    key,
    key !== 'op' && value === from ? to : value,
  ])
  return Object.fromEntries(entries) as ScenarioStep
}
