/** What `compare` reports. Ratios are of the other file to the base: above 1 is slower. */
import type { Compared } from '../statistics/verdict.ts'
import type { Interval } from '../statistics/describe.ts'

/** What a figure is of. */
export interface Figure {
  readonly workload: string
  readonly variant?: string
  readonly fds: number
  readonly backend: string
}

/** A figure of one of the files. */
export interface Side {
  readonly medianNs: number
  readonly ci95Ns: Interval
  readonly rounds: number
}

/**
 * Why a comparison has no verdict whatever its figures are. `machines`: they come from machines or settings that
 * differ. `rounds`: there are too few, or they resemble their neighbours too much, for an interval.
 */
export type Doubt = 'machines' | 'rounds'

/** Where a figure stands to the limit of the gate. */
export type GateSide = 'within' | 'beyond' | 'undecided'

/** Figures of both files, with their ratio. */
export interface FigureComparison extends Figure, Compared {
  readonly base: Side
  readonly other: Side
  /** No difference below it is claimed, as a fraction of 1: the larger noise floor of both controls. */
  readonly floor: number
  readonly doubt?: Doubt
  /** Set where there is a gate. */
  readonly gate?: GateSide
}

/** A figure that has no counterpart, or one that it cannot be held against. */
export interface Unmatched extends Figure {
  readonly reason: string
}

/** Something that differs between the files. */
export interface Difference {
  readonly what: string
  readonly base: string
  readonly other: string
  /** Whether figures may differ for it alone, so that no verdict is given. */
  readonly doubtful: boolean
}

/** The geometric mean of the ratios; without a backend, of all of them. */
export interface GeometricMean {
  readonly backend?: string
  readonly value: number
  readonly count: number
}

export interface ComparedFile {
  readonly file: string
  readonly startedAt: string
  readonly toolVersion: string
  readonly os: string
  readonly kernel: string
  readonly arch: string
  readonly cpu: string | null
  readonly interrupted?: true
}

/** A file that is held against the base. */
export interface OtherFile extends ComparedFile {
  readonly differences: readonly Difference[]
  readonly comparisons: readonly FigureComparison[]
  /** Both files have a figure, but not of the same thing. */
  readonly notComparable: readonly Unmatched[]
  readonly onlyInBase: readonly Unmatched[]
  readonly onlyInOther: readonly Figure[]
  /** Figures of the base for which this file has a failure: events lost, repeated, or invented. */
  readonly failed: readonly Unmatched[]
  readonly geometricMeans: readonly GeometricMean[]
}

/** Whether anything became slower than the limit. */
export interface Gate {
  /** As a fraction of 1. */
  readonly limit: number
  readonly outcome: 'passed' | 'failed' | 'undecided'
  readonly within: number
  readonly beyond: number
  /** With what could not be compared. */
  readonly undecided: number
  /** Figures of the base that have become failures. They fail the gate too. */
  readonly failed: number
}

export interface CompareReport {
  readonly schema: 'evloop/compare@1'
  readonly tool: { readonly name: 'evloop'; readonly version: string }
  /** The smallest difference that counts, as a fraction of 1. */
  readonly threshold: number
  /** Of the resampling. */
  readonly seed: number
  /** Verdicts are given although machines differ. */
  readonly acrossMachines: boolean
  readonly base: ComparedFile
  readonly others: readonly OtherFile[]
  readonly gate?: Gate
}
