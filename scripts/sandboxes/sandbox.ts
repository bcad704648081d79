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
}

/** Why it cannot be had here. */
export interface Missing {
  readonly missing: string
}
