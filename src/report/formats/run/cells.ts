/** What the tables of `run` have in common: which step needs an eye, and what is said of each backend in it. */
import type { Cell, ColumnReport, RunReport, StepReport } from '../../../conformance/scenarios/run/report.ts'
import { plural } from '../../text.ts'

/** How a step came out on all backends: as expected, not so, differently with nothing expected, or nothing was to be. */
export type StepVerdict = 'met' | 'unmet' | 'differs' | 'open'

export const marks: Readonly<Record<StepVerdict, string>> = { met: '✓', unmet: '✗', differs: '≠', open: '' }

export function verdictOfStep({ on, differs }: StepReport): StepVerdict {
  const outcomes = Object.values(on).map(({ outcome }) => outcome)
  if (outcomes.includes('unmet') || outcomes.includes('ended')) return 'unmet'
  if (differs === true) return 'differs'
  return outcomes.includes('met') ? 'met' : 'open'
}

/** A cell in lines, and how it is meant. */
export interface CellWords {
  readonly verdict: StepVerdict | 'missing'
  readonly lines: readonly string[]
}

/** What a backend has to say at a step. One that makes no more says why where it would have gone on. */
export function cellWords(step: StepReport, index: number, column: ColumnReport): CellWords {
  const cell = step.on[column.backend]
  if (cell === undefined || cell.outcome === 'missing') {
    const why = index === column.made && column.reason !== undefined ? column.reason : '-'
    return { verdict: 'missing', lines: [why] }
  }
  const given = cell.given ?? ''
  const wrong = cell.outcome === 'unmet' || cell.outcome === 'ended'
  if (!wrong) return { verdict: rightVerdict(cell, step), lines: [given] }
  const expected = cell.expected === undefined ? [] : [`expected ${cell.expected}`]
  return { verdict: 'unmet', lines: [`${marks.unmet} ${given}`, ...expected] }
}

function rightVerdict({ outcome }: Cell, { differs }: StepReport): StepVerdict {
  if (outcome === 'met') return 'met'
  return differs === true ? 'differs' : 'open'
}

/** Backends that were ended when all steps were made: nothing of the table tells it. */
export function endedBehind(columns: readonly ColumnReport[], steps: number): string[] {
  return columns.flatMap(({ backend, made, cause }) =>
    made === steps && cause !== undefined
      ? [`${marks.unmet} ${backend}: ${cause} behind the last step, in closing what was left`]
      : [],
  )
}

/** The whole in one line. */
export function runOutcome({ summary, scenarios, interrupted }: RunReport): string {
  const { met, unmet, differs, crashed, unable } = summary
  const parts = [
    `${plural(scenarios.length, 'scenario')}: ${met} as expected`,
    ...(unmet === 0 ? [] : [`${unmet} not as expected`]),
    ...(crashed === 0 ? [] : [`${plural(crashed, 'backend')} crashed or hung`]),
    ...(differs === 0
      ? []
      : [`${plural(differs, 'step')} with nothing expected differ${differs === 1 ? 's' : ''}`]),
    ...(unable === 0 ? [] : [`${plural(unable, 'backend')} could not play`]),
    ...(interrupted === true ? ['interrupted'] : []),
  ]
  return `${parts.join(', ')}.`
}
