import type { CatalogueReport, CheckDescription } from '../../../conformance/catalogue-report.ts'
import type { FormatOptions } from '../../format.ts'
import { plural, wrapText } from '../../text.ts'

/** How long a line may be that a person reads. */
const WIDTH = 100

/** What is said of a check stands behind what it is about. */
const INDENT = 10

/** Without --verbose, no more steps than are still read. */
const MOST_STEPS = 40

/**
 * What checks are about. One alone is told with everything, and with its steps; several, family by family, with
 * what they have in common told once.
 */
export function explanation({ checks, families }: CatalogueReport, options: FormatOptions): string {
  const [first] = checks
  if (first !== undefined && checks.length === 1) return `${whole(first, options).join('\n')}\n`
  const parts = families.map(({ name, title, why }) => [
    options.style.strong(`${name}: ${title}`),
    ...part('why', why, options),
    ...checks.filter(({ family }) => family === name).flatMap((check) => ['', ...brief(check, why, options)]),
  ])
  return `${parts.map((lines) => lines.join('\n')).join('\n\n')}\n`
}

function whole(check: CheckDescription, options: FormatOptions): string[] {
  return [
    ...head(check, options),
    ...part('why', check.why, options),
    ...(check.bugs ?? []).flatMap((bug, i) => part(i === 0 ? 'bugs' : '', bug, options)),
    ...part('differs', check.differs, options),
    ...part('source', check.source, options),
    ...steps(check, options),
  ]
}

function brief(check: CheckDescription, familyWhy: string | undefined, options: FormatOptions): string[] {
  return [
    ...head(check, options),
    ...part('why', check.why === familyWhy ? undefined : check.why, options),
    ...(check.bugs ?? []).flatMap((bug, i) => part(i === 0 ? 'bugs' : '', bug, options)),
    ...part('differs', check.differs, options),
  ]
}

function head(
  { id, level, kind, backends, statement }: CheckDescription,
  { style }: FormatOptions,
): string[] {
  return [
    `${style.strong(id)} (${level}, ${kind}) on ${backends.join(', ')}`,
    ...wrapText(statement, WIDTH - 2).map((line) => `  ${line}`),
  ]
}

/** Something that is said of a check, where it is said. */
function part(what: string, text: string | undefined, { style }: FormatOptions): string[] {
  if (text === undefined) return []
  return wrapText(text, WIDTH - INDENT).map(
    (line, i) => `  ${style.dim((i === 0 ? what : '').padEnd(INDENT - 2))}${line}`,
  )
}

/** The steps on each backend on which they are not those of the one before. */
function steps(check: CheckDescription, options: FormatOptions): string[] {
  const { style, verbose } = options
  let last = ''
  return Object.entries(check.steps ?? {}).flatMap(([backend, words]) => {
    const text = words.join('\n')
    if (text === last) return [`  ${style.dim(`steps on ${backend}`)}: the same`]
    last = text
    const shown = verbose ? words : words.slice(0, MOST_STEPS)
    const rest = words.length - shown.length
    return [
      `  ${style.dim(`steps on ${backend}`)}`,
      ...shown.map((step, i) => `  ${String(i + 1).padStart(4)}  ${step}`),
      ...(rest > 0 ? [`        ${style.dim(`and ${plural(rest, 'more step')} (--verbose)`)}`] : []),
    ]
  })
}
