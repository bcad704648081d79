import type { Definition } from './messages.ts'

/** A function that jobs run. */
export interface JobFunction {
  readonly name: string
  readonly call: (...args: readonly unknown[]) => unknown
  /** It is a generator function, which may wait. */
  readonly isFiber: boolean
}

/** Why a function cannot be had. */
export interface NoFunction {
  readonly reason: string
}

/** The functions of jobs, by their numbers, in one thread. */
export class Functions {
  readonly #definitions: (Definition | undefined)[] = []
  readonly #loaded: (JobFunction | NoFunction | undefined)[] = []

  constructor(definitions: readonly Definition[]) {
    for (const definition of definitions) this.define(definition)
  }

  define(definition: Definition): void {
    this.#definitions[definition.id] = definition
  }

  isLoaded(id: number): boolean {
    return this.#loaded[id] !== undefined
  }

  get(id: number): JobFunction | NoFunction {
    return this.#loaded[id] ?? { reason: `no function has the number ${id}` }
  }

  /** Loads its module. That it cannot be had is an answer, too, and is not tried again. */
  async load(id: number): Promise<void> {
    const definition = this.#definitions[id]
    if (definition === undefined || this.isLoaded(id)) return
    const { module, name } = definition
    try {
      const exports = (await import(module)) as Readonly<Record<string, unknown>>
      const call = exports[name]
      this.#loaded[id] = isFunction(call)
        ? { name, call, isFiber: Object.prototype.toString.call(call) === '[object GeneratorFunction]' }
        : { reason: call === undefined ? 'there is no such export' : `it is no function, but ${typeof call}` }
    } catch (error) {
      this.#loaded[id] = { reason: `the module cannot be loaded: ${String(error)}` }
    }
  }
}

function isFunction(value: unknown): value is JobFunction['call'] {
  return typeof value === 'function'
}
