import type { ExploredProgram } from './program.ts'

/**
 * What all runs of a program share. It gives every sequence of texts a number of its own, so that digests can be
 * compared, and knows which threads do the same.
 */
export class Common {
  /** For each thread the number of one before it that does the same; -1 where there is none. */
  readonly twins: readonly number[]
  /** By the number of a sequence, those that go on from it, by what comes next. */
  readonly #longer: Map<string, number>[] = [new Map()]

  constructor({ threads }: ExploredProgram) {
    const all = Object.values(threads).map((actions) => JSON.stringify(actions))
    this.twins = all.map((actions, i) => all.slice(0, i).lastIndexOf(actions))
  }

  /** The number of the sequence that a number stands for, with one text more. */
  after(history: number, text: string): number {
    const known = this.#longer[history]?.get(text)
    if (known !== undefined) return known
    const number = this.#longer.length
    this.#longer[history]?.set(text, number)
    this.#longer.push(new Map())
    return number
  }
}
