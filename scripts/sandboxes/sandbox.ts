/** Something that stands in for the kernel, and that evloop runs in. */
export interface Sandbox {
  /** Also that of its expectation file. */
  readonly name: string
  /** Gets all that is needed. Nothing that it starts is left behind. */
  prepare(): Prepared | Missing
}

/** How to run Node in it. */
export interface Prepared {
  /** What comes before the arguments of Node. */
  readonly node: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /**
   * How many processes are to run checks: many where checks mostly wait for what does not come, few where a process
   * takes long to start.
   */
  readonly jobs: number
}

/** Why it cannot be had here. */
export interface Missing {
  readonly missing: string
}
