import type { Format } from '../format.ts'

/** The commands whose reports a format writes. */
export type Reporter = keyof Format

/**
 * A format that has a form for the reports of some commands. It is loaded when it is used: all of it, or at least what
 * the command needs.
 */
interface Entry<R extends Reporter> {
  /** What it is for, in the help of a command. */
  readonly use: string
  readonly of: readonly R[]
  readonly load: (command: Reporter) => Promise<Partial<Pick<Format, R>>>
}

const entry = <R extends Reporter>(use: string, of: readonly R[], load: Entry<R>['load']): Entry<R> => ({
  use,
  of,
  load,
})

const all: readonly Reporter[] = ['probe', 'verify', 'bench', 'compare', 'fuzz', 'run', 'list', 'explain']

/** Every format. Adding one is a file and a line here. */
export const formats = {
  table: entry('for people', all, async (command) => {
    const { tables } = await import('./table/index.ts')
    return { [command]: await tables[command]() }
  }),
  json: entry('for programs', all, async () => (await import('./json.ts')).json),
  ndjson: entry('a result a line', ['verify'], async () => (await import('./ndjson.ts')).ndjson),
  markdown: entry('for summaries', ['verify', 'run'], async () => (await import('./markdown.ts')).markdown),
  csv: entry('for spreadsheets', ['verify'], async () => (await import('./csv.ts')).csv),
  junit: entry('XML', ['verify'], async () => (await import('./junit.ts')).junit),
  tap: entry('version 14', ['verify'], async () => (await import('./tap.ts')).tap),
  github: entry('annotations', ['verify'], async () => (await import('./github.ts')).github),
} as const

export type FormatName = keyof typeof formats

/** The formats that the reports of a command can be had in. */
export function formatNamesOf(command: string): FormatName[] {
  return (Object.keys(formats) as FormatName[]).filter((name) =>
    (formats[name].of as readonly string[]).includes(command),
  )
}

/** Loads a format, which must be one that has a form for the reports of the command. */
export async function loadFormat<R extends Reporter>(name: FormatName, command: R): Promise<Pick<Format, R>> {
  if (!formatNamesOf(command).includes(name)) throw new TypeError(`${name} is no format of ${command}`)
  return (await formats[name].load(command)) as Pick<Format, R>
}
