/** What a mutant says of itself, in the comment at its head. */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { backendNames } from '../../src/backends/index.ts'
import type { BackendName } from '../../src/backends/index.ts'

/** A library with one fault, and the checks that must find it. */
export interface Mutant {
  readonly name: string
  /** Its C source. */
  readonly path: string
  /** What is wrong, in a sentence. */
  readonly fault: string
  /** Where this was seen. */
  readonly seenIn: string
  /** Ids of checks, or globs of them: at least one check of each must find it. */
  readonly caughtBy: readonly string[]
  /** The backends whose checks are run. */
  readonly on: readonly BackendName[]
  /** A part of what one of the findings must say. */
  readonly says?: string
}

const fields = ['A fault', 'Seen in', 'Caught by', 'On', 'Says'] as const
type Field = (typeof fields)[number]

/** The mutants of a directory, by name. */
export function readMutants(directory: string): Mutant[] {
  return readdirSync(directory)
    .filter((file) => file.endsWith('.c'))
    .toSorted()
    .map((file) => {
      const path = join(directory, file)
      return parseMutant(path, readFileSync(path, 'utf8'))
    })
}

/** Reads the head of a mutant. Throws where it does not say all that it must. */
export function parseMutant(path: string, source: string): Mutant {
  const name = basename(path, '.c')
  const head = parseHead(source)
  const required = (field: Field): string => {
    const text = head.get(field)
    if (text === undefined) throw new TypeError(`${name}: the comment at its head has no "${field}:"`)
    return text
  }
  const says = head.get('Says')
  const on = parseList(head.get('On') ?? 'epoll')
  const unknown = on.find((backend) => !(backendNames as readonly string[]).includes(backend))
  if (unknown !== undefined) throw new TypeError(`${name}: there is no backend ${unknown}`)
  return {
    name,
    path,
    fault: required('A fault'),
    seenIn: required('Seen in'),
    caughtBy: parseList(required('Caught by')),
    on: on as BackendName[],
    ...(says === undefined ? {} : { says }),
  }
}

/** The fields of the first comment of a source; their text may go over several lines. */
function parseHead(source: string): Map<string, string> {
  const comment = /^\/\*(.*?)\*\//s.exec(source)?.[1] ?? ''
  const found = new Map<string, string>()
  let field = ''
  for (const line of comment.split('\n').map((text) => text.replace(/^[ *]+/, '').trim())) {
    const start = fields.find((known) => line.startsWith(`${known}: `))
    if (start !== undefined) field = start
    const text = start === undefined ? line : line.slice(start.length + 2)
    if (field !== '' && text !== '') found.set(field, `${found.get(field) ?? ''} ${text}`.trim())
  }
  return found
}

function parseList(text: string): string[] {
  return text.split(',').map((item) => item.trim())
}
