import { seededRandom } from '../../random.ts'
import type { Saved } from '../saved/load.ts'
import type { SavedReport, SavedResult } from '../saved/schema.ts'
import { geometricMean } from '../statistics/describe.ts'
import { compareSamples, correctForMany, LOCAL_THRESHOLD } from '../statistics/verdict.ts'
import type { Compared } from '../statistics/verdict.ts'
import { differencesOf } from './differences.ts'
import { gateOf, sideOf } from './gate.ts'
import { figureOf, pairUp } from './pairs.ts'
import type { Pairs } from './pairs.ts'
import type {
  ComparedFile,
  CompareReport,
  Difference,
  Doubt,
  Figure,
  FigureComparison,
  GeometricMean,
  OtherFile,
  Side,
} from './report.ts'

export interface CompareOptions {
  readonly base: Saved
  /** Each is held against the base. */
  readonly others: readonly Saved[]
  /** Of this program, for the report. */
  readonly version: string
  /** Gives verdicts although machines differ. Default: false. */
  readonly acrossMachines?: boolean
  /** Only these. Default: all. */
  readonly backends?: readonly string[] | undefined
  /** How much slower a figure may become before the gate fails, as a fraction of 1. Default: no gate. */
  readonly failOn?: number | undefined
}

/** Figures that are compared, before it is known how many comparisons there are. */
interface Raw extends Figure, Compared {
  readonly base: Side
  readonly other: Side
  readonly floor: number
  readonly doubt?: Doubt
}

/** A file on its way to being compared. */
interface Draft {
  readonly saved: Saved
  readonly differences: readonly Difference[]
  readonly pairs: Pairs
  readonly comparisons: readonly Raw[]
}

/**
 * Holds reports against a base. Pure: the same reports give the same answer to the last bit, because the resampling
 * is seeded by the base. p values are corrected for all comparisons that are made here.
 */
export function compareReports(options: CompareOptions): CompareReport {
  const { base, failOn, acrossMachines = false } = options
  const drafts = options.others.map((other) => draftOf(other, options))
  const corrected = correctForMany(drafts.flatMap(({ comparisons }) => comparisons))
  let from = 0
  const others = drafts.map((draft) => {
    const own = corrected.slice(from, from + draft.comparisons.length)
    from += own.length
    return otherFileOf(draft, own, { failOn, acrossMachines })
  })
  return {
    schema: 'evloop/compare@1',
    tool: { name: 'evloop', version: options.version },
    threshold: LOCAL_THRESHOLD,
    seed: base.report.seed,
    acrossMachines,
    base: comparedFileOf(base),
    others,
    ...(failOn === undefined ? {} : { gate: gateOf(others, failOn) }),
  }
}

function draftOf(saved: Saved, { base, backends }: CompareOptions): Draft {
  const pairs = pairUp(base.report, saved.report, (backend) => backends?.includes(backend) ?? true)
  return {
    saved,
    differences: differencesOf(base.report, saved.report),
    pairs,
    comparisons: pairs.matched.map((pair) => {
      const floor = Math.max(floorFor(base.report, pair.base), floorFor(saved.report, pair.other))
      return compareFigures(pair, floor, base.report.seed)
    }),
  }
}

function compareFigures({ base, other }: Pairs['matched'][number], floor: number, seed: number): Raw {
  const limits = { threshold: LOCAL_THRESHOLD, floor }
  // Each from the seed anew: which other figures are in the files must not matter.
  const random = seededRandom(seed)
  const { enough, ...compared } = compareSamples({
    subject: other.roundNs,
    base: base.roundNs,
    ...limits,
    random,
  })
  return {
    ...figureOf(base),
    base: sideFrom(base),
    other: sideFrom(other),
    ...compared,
    floor,
    ...(enough ? {} : { doubt: 'rounds' }),
  }
}

/** The noise floor of a case; that of other sizes of the workload, if this one has no control. 0 without any. */
function floorFor({ control }: SavedReport, { workload, variant, fds }: Figure): number {
  const ofWorkload = control.filter((one) => one.workload === workload && one.variant === variant)
  const ofCase = ofWorkload.filter((one) => one.fds === fds)
  return Math.max(0, ...(ofCase.length > 0 ? ofCase : ofWorkload).map(({ floor }) => floor))
}

function otherFileOf(
  { saved, differences, pairs }: Omit<Draft, 'comparisons'>,
  corrected: readonly Raw[],
  { failOn, acrossMachines }: { readonly failOn: number | undefined; readonly acrossMachines: boolean },
): OtherFile {
  const doubtful = !acrossMachines && differences.some((difference) => difference.doubtful)
  const comparisons = corrected.map((raw): FigureComparison => {
    const judged: Raw = doubtful ? { ...raw, verdict: 'inconclusive', doubt: 'machines' } : raw
    return failOn === undefined ? judged : { ...judged, gate: sideOf(judged, failOn) }
  })
  return {
    ...comparedFileOf(saved),
    differences,
    comparisons,
    notComparable: pairs.notComparable,
    onlyInBase: pairs.onlyInBase,
    onlyInOther: pairs.onlyInOther,
    failed: pairs.failed,
    geometricMeans: geometricMeansOf(comparisons),
  }
}

function geometricMeansOf(comparisons: readonly FigureComparison[]): GeometricMean[] {
  if (comparisons.length === 0) return []
  const meanOf = (some: readonly FigureComparison[]): Pick<GeometricMean, 'value' | 'count'> => ({
    value: geometricMean(some.map(({ value }) => value)),
    count: some.length,
  })
  const backends = [...new Set(comparisons.map(({ backend }) => backend))]
  const each = backends.map((name) => ({
    backend: name,
    ...meanOf(comparisons.filter(({ backend }) => backend === name)),
  }))
  return [...each, meanOf(comparisons)]
}

function comparedFileOf({ file, report }: Saved): ComparedFile {
  const { os, kernel, arch, cpus } = report.environment.platform
  return {
    file,
    startedAt: report.startedAt,
    toolVersion: report.tool.version,
    os,
    kernel,
    arch,
    cpu: cpus.model,
    ...(report.interrupted === true ? { interrupted: true } : {}),
  }
}

function sideFrom({ medianNs, ci95Ns, rounds }: SavedResult): Side {
  return { medianNs, ci95Ns, rounds }
}
