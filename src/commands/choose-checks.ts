/** The options that choose checks, and what they choose. Nothing heavy is imported: `verify.ts` is loaded at every start. */
import type { Command } from 'commander'
import type { BackendName } from '../backends/index.ts'
import { kinds, levels } from '../conformance/check.ts'
import type { CatalogueEntry } from '../conformance/selection.ts'
import { UsageError } from '../errors.ts'
import { nearest } from '../nearest.ts'
import { chooseNames } from './choose.ts'
import { parseList } from './options.ts'

/** As commander hands them over. */
export interface ChoiceOptions {
  readonly only?: readonly string[]
  readonly family?: readonly string[]
  readonly level?: readonly string[]
  readonly kind?: readonly string[]
}

const SHOW_ALL = 'evloop verify --list shows all'

export function addChoiceOptions(command: Command): Command {
  return command
    .option(
      '--only <globs>',
      'only checks with an id like this, separated by commas or given again: epoll.et.*, *-race, epoll.fd',
      (text: string, before: readonly string[] | undefined) => [...(before ?? []), ...parseList(text)],
    )
    .option('--family <list>', 'only checks of these families: epoll.lt,eventfd', parseList)
    .option('--level <list>', `only checks of these levels: ${levels.join(', ')}`, parseList)
    .option('--kind <list>', `only checks of these kinds: ${kinds.join(', ')}`, parseList)
}

/** The checks that the options choose for some backends. Throws `UsageError` for what chooses nothing. */
export async function chooseChecks(
  options: ChoiceOptions,
  backends: readonly BackendName[],
): Promise<CatalogueEntry[]> {
  const { applies } = await import('../conformance/applies.ts')
  const { families } = await import('../conformance/checks/index.ts')
  const { catalogueOf, selectChecks } = await import('../conformance/selection.ts')
  const catalogue = catalogueOf(families)
  const { only, family, level, kind } = options
  if (only !== undefined) await findChecks(only)
  const chosen = selectChecks(catalogue, {
    only,
    families:
      family &&
      chooseNames(
        'family',
        family,
        families.map(({ name }) => name),
      ),
    levels: level && chooseNames('level', level, levels),
    kinds: kind && chooseNames('kind', kind, kinds),
  })
  const applicable = chosen.filter(({ check }) => backends.some((name) => applies(check, name)))
  if (applicable.length > 0) return applicable
  throw new UsageError(
    chosen.length === 0
      ? 'no check fits all that was asked for at once'
      : `none of the checks that were chosen applies to ${backends.join(', ')}`,
    SHOW_ALL,
  )
}

/**
 * The checks that some patterns and names of families stand for, in the order of the catalogue. Throws `UsageError`,
 * with the nearest that there is, for one that stands for none.
 */
export async function findChecks(patterns: readonly string[]): Promise<CatalogueEntry[]> {
  const { families } = await import('../conformance/checks/index.ts')
  const { catalogueOf, matchingIds, possiblePatterns } = await import('../conformance/selection.ts')
  const catalogue = catalogueOf(families)
  const ids = catalogue.map(({ check }) => check.id)
  const idsOf = (pattern: string): string[] => {
    const family = families.find(({ name }) => name === pattern)
    return family?.checks.map(({ id }) => id) ?? matchingIds(pattern, ids)
  }
  const found = patterns.map((pattern) => ({ pattern, ids: idsOf(pattern) }))
  const unknown = found.find((entry) => entry.ids.length === 0)
  if (unknown !== undefined) {
    const near = nearest(unknown.pattern, possiblePatterns(ids))
    const hint = near === undefined ? '' : `; did you mean ${near}?`
    throw new UsageError(`there is no check ${JSON.stringify(unknown.pattern)}${hint}`, SHOW_ALL)
  }
  const chosen = new Set(found.flatMap((entry) => entry.ids))
  return catalogue.filter(({ check }) => chosen.has(check.id))
}
