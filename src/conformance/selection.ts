/** Choosing checks by their ids and by what they say of themselves. Pure: the families are given. */
import type { Check, Family, Kind, Level } from './check.ts'

/** What a check must be to be chosen. What is left out does not matter; what is given must all hold. */
export interface Selection {
  /** The id matches one of these; see `matchingIds`. */
  readonly only?: readonly string[] | undefined
  readonly families?: readonly string[] | undefined
  readonly levels?: readonly Level[] | undefined
  readonly kinds?: readonly Kind[] | undefined
}

/** A check with the family that it belongs to. */
export interface CatalogueEntry {
  readonly check: Check
  readonly family: Family
}

/** All checks of all families, in order. */
export function catalogueOf(families: readonly Family[]): CatalogueEntry[] {
  return families.flatMap((family) => family.checks.map((check) => ({ check, family })))
}

/** The checks that are chosen, in the order in which they were given. */
export function selectChecks(catalogue: readonly CatalogueEntry[], selection: Selection): CatalogueEntry[] {
  const ids = catalogue.map(({ check }) => check.id)
  const chosen = selection.only && new Set(selection.only.flatMap((pattern) => matchingIds(pattern, ids)))
  const { families, levels, kinds } = selection
  return catalogue.filter(
    ({ check, family }) =>
      (chosen?.has(check.id) ?? true) &&
      (families?.includes(family.name) ?? true) &&
      (levels?.includes(check.level) ?? true) &&
      (kinds?.includes(check.kind) ?? true),
  )
}

/**
 * The ids that a pattern stands for. `*` is any text and `?` any one character. A pattern without them is an id;
 * where there is none like it, it is the beginning of ids, up to one of their dots: `epoll.et`.
 */
export function matchingIds(pattern: string, ids: readonly string[]): string[] {
  if (/[*?]/.test(pattern)) {
    const expression = globExpression(pattern)
    return ids.filter((id) => expression.test(id))
  }
  if (ids.includes(pattern)) return [pattern]
  return ids.filter((id) => id.startsWith(`${pattern}.`))
}

function globExpression(glob: string): RegExp {
  const source = glob
    .replaceAll(/[\\^$.+()[\]{}|]/g, String.raw`\$&`)
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${source}$`, 's')
}

/** What a pattern that stands for nothing may have been meant to be: ids, and beginnings of ids with an asterisk. */
export function possiblePatterns(ids: readonly string[]): string[] {
  const beginnings = ids.flatMap((id) =>
    [...id.matchAll(/\./g)].map(({ index }) => `${id.slice(0, index)}.*`),
  )
  return [...ids, ...new Set(beginnings)]
}
