import { isAbsolute } from 'node:path'
import { pathToFileURL } from 'node:url'
import { UsageError } from '../../errors.ts'
import type { Definition } from './messages.ts'

/** The functions that jobs have named, each with its number. */
export class Modules {
  readonly definitions: Definition[] = []
  readonly #byModule = new Map<string, Map<string, Definition>>()

  /** The definition of a function; `made` is told of one that is new. Throws `UsageError`. */
  define(module: string | URL, name: string, made: (definition: Definition) => void): Definition {
    const key = String(module)
    let byName = this.#byModule.get(key)
    if (byName === undefined) this.#byModule.set(key, (byName = new Map<string, Definition>()))
    const known = byName.get(name)
    if (known !== undefined) return known
    const definition = { id: this.definitions.length, module: urlOf(key), name }
    byName.set(name, definition)
    this.definitions.push(definition)
    made(definition)
    return definition
  }
}

/** What means the same module in every thread. */
function urlOf(module: string): string {
  if (isAbsolute(module)) return pathToFileURL(module).href
  if (URL.canParse(module)) return module
  throw new UsageError(
    `'${module}' does not say which module is meant`,
    'a URL, as new URL(…, import.meta.url), or an absolute path does',
  )
}
