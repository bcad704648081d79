import type { Operation } from './program.ts'

/**
 * A program that is as short as can be found without trying everything, of which `fails` still holds, as it must of the
 * one that is given. Pieces are left out, the largest first, until no single operation can be.
 */
export function shrink(
  program: readonly Operation[],
  fails: (candidate: readonly Operation[]) => boolean,
): readonly Operation[] {
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
