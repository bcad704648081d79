import type { Language } from '../../scenarios/language.ts'
import type { ScenarioStep } from '../../scenarios/schema.ts'
import type { Pick } from './draw.ts'

/** What a descriptor is, as far as it matters to what is done with it. */
export type Kind = 'epoll' | 'socket' | 'pipe' | 'counter' | 'timer'

/** What can be watched, and read or written. */
export const sources: readonly Kind[] = ['socket', 'pipe', 'counter', 'timer']

/** How many descriptors a program has open at the most. What would make more closes one first. */
const MOST_OPEN = 10

/** Keeps account of what is open, and what it is called, while a program is put together. */
export class Names {
  readonly language: Language
  readonly #open = new Map<string, Kind>()
  readonly #pollers: string[] = []
  #count = 0
  #labels = 0

  constructor(language: Language) {
    this.language = language
  }

  /** What has to be done before anything is made: there must not be too much. */
  makeRoom(): ScenarioStep[] {
    if (this.#open.size + 2 <= MOST_OPEN) return []
    const [fd = 'd0'] = this.#open.keys()
    return [{ op: 'close', fd: this.close(fd) }]
  }

  make(kind: Kind): string {
    const name = `d${this.#count++}`
    this.#open.set(name, kind)
    return name
  }

  /** Another name for what one stands for, or one that stands for that from now on. */
  copy(from: string, to?: string): string {
    const kind = this.#open.get(from)
    if (to === undefined) return kind === undefined ? `d${this.#count++}` : this.make(kind)
    if (kind !== undefined) this.#open.set(to, kind)
    return to
  }

  close(name: string): string {
    this.#open.delete(name)
    return name
  }

  /** One that is open and of such a kind, or of any where there is none; rarely any that ever was. */
  choose({ pick, anything }: Pick, kinds?: readonly Kind[]): string | -1 {
    if (anything || this.#open.size === 0) return this.#count === 0 ? -1 : `d${pick % this.#count}`
    const all = [...this.#open]
    const best = all.filter(([, kind]) => kinds?.includes(kind) ?? true)
    const from = best.length === 0 ? all : best
    return from[pick % from.length]?.[0] ?? -1
  }

  /** What must be made first for there to be one of these. */
  need(kinds: readonly Kind[]): ScenarioStep[] {
    if ([...this.#open.values()].some((kind) => kinds.includes(kind))) return []
    if (kinds.includes('epoll')) return [{ op: 'epoll', as: this.make('epoll') }]
    return [{ op: 'pipe', read: this.make('pipe'), write: this.make('pipe') }]
  }

  /** A new Poller. */
  makePoller(): string {
    const name = `p${this.#pollers.length}`
    this.#pollers.push(name)
    return name
  }

  get pollerCount(): number {
    return this.#pollers.length
  }

  choosePoller(pick: number): string {
    return this.#pollers[pick % Math.max(1, this.#pollers.length)] ?? 'p0'
  }

  /** A label that no other registration has, so that each event tells which one it is of. */
  label(fd: string | number): string {
    return `${fd}.${this.#labels++}`
  }
}
