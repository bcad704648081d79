/** What is measured: groups of cases. */

/** What is measured together: cases whose figures are compared with the first one's. */
export interface Group {
  readonly name: string
  /** What an operation is. */
  readonly unit: string
  /** How many times the first case's figure the others may be; undefined: they have nothing to do with it. */
  readonly limit?: number
  readonly cases: readonly Case[]
}

/** Some work, and how many operations that is. */
export interface Case {
  readonly name: string
  readonly operations: number
  run(): void
  /** Gives back what it has. */
  close?(): void
}
