import type { Backend } from '../backends/backend.ts'
import { backends } from '../backends/index.ts'
import type { BackendName } from '../backends/index.ts'
import { UnsupportedError } from '../errors.ts'
import type { Libc } from '../libc/libc.ts'

/** Says why a backend cannot be used, which was found out in another process; undefined where it can. */
export type Judge = (name: BackendName) => Promise<string | undefined>

interface AvailabilityOptions {
  readonly libc: Libc
  readonly backends: readonly BackendName[]
  readonly judge?: Judge
}

/** Which backends can be used here. Each is looked at once, for a look at some takes a while. */
export class Availability {
  readonly #options: AvailabilityOptions
  readonly #reasons = new Map<BackendName, string>()

  constructor(options: AvailabilityOptions) {
    this.#options = options
  }

  /** Why a backend cannot be used; undefined if it can, or nobody has looked. */
  whyNot(name: BackendName): string | undefined {
    return this.#reasons.get(name)
  }

  /** Looks at all that can be tried here. Throws `UnsupportedError` where these are all, and there is none. */
  look(): void {
    for (const name of this.#options.backends) if (!this.#isRisky(name)) this.#try(name)
    if (!this.#options.backends.some((name) => this.#isRisky(name))) this.#assertSome()
  }

  /** Hears of the others. Throws `UnsupportedError` where there is none. */
  async lookAtRest(): Promise<void> {
    const { judge } = this.#options
    for (const name of this.#options.backends) {
      const reason = this.#isRisky(name) ? await judge?.(name) : undefined
      if (reason !== undefined) this.#reasons.set(name, reason)
    }
    this.#assertSome()
  }

  #isRisky(name: BackendName): boolean {
    const backend: Backend = backends[name]
    return this.#options.judge !== undefined && backend.mayKill === true
  }

  #try(name: BackendName): void {
    const availability = backends[name].availability(this.#options.libc)
    if (!availability.available) this.#reasons.set(name, availability.reason)
  }

  #assertSome(): void {
    const names = this.#options.backends
    if (names.some((name) => !this.#reasons.has(name))) return
    const reasons = names.map((name) => `${name} is not available: ${this.#reasons.get(name)}`)
    throw new UnsupportedError('nothing to measure', reasons.join('; '))
  }
}
