/** What a library of ours says of itself, in the comment at its head. */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { backendNames } from '../../src/backends/index.ts'
import type { BackendName } from '../../src/backends/index.ts'

interface Subject {
  readonly name: string
  /** Its C source. */
  readonly path: string
  /** The backends whose checks are run. */
  readonly on: readonly BackendName[]
}

/** A library with one fault, and the checks that must find it. */
export interface Mutant extends Subject {
  /** What is wrong, in a sentence. */
  readonly fault: string
  /** Where this was seen. */
  readonly seenIn: string
  /** Ids of checks, or patterns of them: at least one check of each must find it. */
  readonly caughtBy: readonly string[]
  /** A part of what one of the findings must say. */
  readonly says?: string
}

/** A library without a fault: whatever is found in it is a false alarm. */
export interface Control extends Subject {
  /** Patterns of checks that find what is known to be missing. */
  readonly cannot: readonly string[]
}

const fields = ['A fault', 'Seen in', 'Caught by', 'On', 'Says', 'Cannot'] as const
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
  return {
    name,
    path,
    fault: required('A fault'),
    seenIn: required('Seen in'),
    caughtBy: parseList(required('Caught by')),
    on: parseBackends(name, head.get('On') ?? 'epoll'),
    ...(says === undefined ? {} : { says }),
  }
}

/** The backends that Linux has by itself. */
const OF_LINUX = 'epoll,poll,select'

/** Reads a control. Without "On:" it is one of every backend that Linux has. */
export function readControl(path: string): Control {
  const name = basename(path, '.c')
  const head = parseHead(readFileSync(path, 'utf8'))
  return {
    name,
    path,
    cannot: parseList(head.get('Cannot') ?? ''),
    on: parseBackends(name, head.get('On') ?? OF_LINUX),
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

function parseBackends(name: string, text: string): BackendName[] {
  const names = parseList(text)
  const unknown = names.find((backend) => !(backendNames as readonly string[]).includes(backend))
  if (unknown !== undefined) throw new TypeError(`${name}: there is no backend ${unknown}`)
  return names as BackendName[]
}

function parseList(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}
