import type { Name, Operation } from './program.ts'

type Fails = (candidate: readonly Operation[]) => boolean

/** Programs that are this short are also tried without any two of their operations, which takes the square of that. */
const FEW = 24

/**
 * A program that is as short as can be found without trying everything, of which `fails` still holds, as it must of the
 * one that is given. First pieces are left out, the largest first, until no single operation can be; then two at a time,
 * and operations that make something of which another one would do.
 */
export function shrink(program: readonly Operation[], fails: Fails): readonly Operation[] {
  let best = withoutPieces(program, fails)
  for (;;) {
    const shorter = candidates(best).find(fails)
    if (shorter === undefined) return best
    best = withoutPieces(shorter, fails)
  }
}

function withoutPieces(program: readonly Operation[], fails: Fails): readonly Operation[] {
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

/** Shorter programs that may do the same, where no single operation can be left out. */
function candidates(program: readonly Operation[]): (readonly Operation[])[] {
  if (program.length > FEW) return []
  const pairs = program.flatMap((_, i) =>
    Array.from({ length: i }, (__, k) => program.toSpliced(i, 1).toSpliced(k, 1)),
  )
  const replaced = program.flatMap((maker, i) =>
    namesMadeBy(maker).flatMap((name) =>
      program
        .flatMap(namesMadeBy)
        .filter((other) => other !== name)
        .map((other) => program.toSpliced(i, 1).map((operation) => renamed(operation, name, other))),
    ),
  )
  return [...pairs, ...replaced]
}

/** The names that an operation gives. */
function namesMadeBy(operation: Operation): Name[] {
  if ('as' in operation) return [operation.as]
  if (operation.op === 'socketpair') return [operation.a, operation.b]
  return operation.op === 'pipe' ? [operation.read, operation.write] : []
}

/** The same operation, about another descriptor. */
function renamed(operation: Operation, from: Name, to: Name): Operation {
  const entries = Object.entries(operation).map(([key, value]: [string, unknown]) => [
    key,
    key !== 'op' && value === from ? to : value,
  ])
  return Object.fromEntries(entries) as Operation
}
