import { UsageError } from '../errors.ts'
import { nearest } from '../nearest.ts'

/** Checks names against what there is; the error names the wrong one, the nearest right one, and all of them. */
export function chooseNames<N extends string>(
  kind: string,
  asked: readonly string[] | undefined,
  all: readonly N[],
): N[] {
  return (asked ?? all).map((name) => chooseName(kind, name, all))
}

export function chooseName<N extends string>(kind: string, asked: string, all: readonly N[]): N {
  const found = all.find((name) => name === asked)
  if (found !== undefined) return found
  const near = nearest(asked, all)
  const hint = near === undefined ? '' : `; did you mean ${near}?`
  const kinds = kind.endsWith('y') ? `${kind.slice(0, -1)}ies` : `${kind}s`
  throw new UsageError(`there is no ${kind} ${JSON.stringify(asked)}${hint}`, `${kinds}: ${all.join(', ')}`)
}
