import type { RunReport, ScenarioReport, StepReport } from '../../../conformance/scenarios/run/report.ts'
import { hasRunFindings } from '../../../conformance/scenarios/run/report.ts'
import type { FormatOptions } from '../../format.ts'
import type { Style } from '../../style.ts'
import { printable, wrapText } from '../../text.ts'
import { cellWords, endedBehind, marks, runOutcome, verdictOfStep } from '../run/cells.ts'
import type { CellWords, StepVerdict } from '../run/cells.ts'
import { layOutOpen, machineLine } from './layout.ts'

const STEP_WIDTH = 58
const CELL_WIDTH = 28
const PAGE_WIDTH = 100

/** Steps down, backends across; what is not as expected is marked in its cell, and in front of its step. */
export function runTable(report: RunReport, { style }: FormatOptions): string {
  const outcome = runOutcome(report)
  return `${[
    style.strong(machineLine('run', report.environment)),
    ...report.scenarios.map((scenario) => scenarioTable(scenario, style)),
    hasRunFindings(report) ? style.bad(outcome) : outcome,
  ].join('\n\n')}\n`
}

function scenarioTable(scenario: ScenarioReport, style: Style): string {
  const { file, name, description, source, columns, steps } = scenario
  const head = ['#', '', 'step', ...columns.map(({ backend }) => backend)]
  const rows = steps.map((step, i) => {
    const verdict = verdictOfStep(step)
    return [
      String(i + 1),
      paint(style, verdict, marks[verdict]),
      stepLines(step, style),
      ...columns.map((column) => cell(cellWords(step, i, column), style)),
    ]
  })
  return [
    `${style.strong(printable(name))} ${style.dim(`(${printable(file)})`)}`,
    ...wrapped(description),
    ...wrapped(source).map((line) => style.dim(line)),
    layOutOpen(head, rows, [0]),
    ...endedBehind(columns, steps.length).map((line) => style.bad(printable(line))),
  ].join('\n')
}

function stepLines({ text, note }: StepReport, style: Style): string {
  const lines = wrapText(printable(text), STEP_WIDTH)
  const notes = note === undefined ? [] : wrapText(printable(note), STEP_WIDTH - 2)
  return [...lines, ...notes.map((line) => style.dim(`  ${line}`))].join('\n')
}

function cell({ verdict, lines }: CellWords, style: Style): string {
  return lines
    .flatMap((line) => wrapText(printable(line), CELL_WIDTH))
    .map((line) => paint(style, verdict, line))
    .join('\n')
}

function paint(style: Style, verdict: StepVerdict | 'missing', text: string): string {
  switch (verdict) {
    case 'met':
      return style.good(text)
    case 'unmet':
      return style.bad(text)
    case 'differs':
      return style.warn(text)
    case 'open':
    case 'missing':
      return style.dim(text)
  }
}

const wrapped = (text: string | undefined): string[] =>
  text === undefined ? [] : wrapText(printable(text), PAGE_WIDTH)
