/** Why figures are missing, a line for each reason. */
import type { BenchGap } from '../../../measure/report.ts'
import type { Style } from '../../style.ts'
import { printable } from '../../text.ts'
import { caseName } from './bench-cases.ts'

/** Gaps with the same reason, which may differ in its numbers. */
interface Group {
  readonly outcome: BenchGap['outcome']
  readonly reasons: string[]
  /** The backends, and the cases of each. */
  readonly cases: Map<string, Set<string>>
}

export function gapLines(gaps: readonly BenchGap[], style: Style): string[] {
  const groups = new Map<string, Group>()
  for (const gap of gaps) {
    const { outcome, backend } = gap
    const reason = reasonOf(gap)
    // How many descriptors are needed differs by workload and size; what a failure counted is told as it was.
    const key = `${outcome} ${outcome === 'failed' ? reason : reason.replaceAll(/\d+/g, '#')}`
    const group = groups.get(key) ?? { outcome, reasons: [], cases: new Map<string, Set<string>>() }
    groups.set(key, group)
    group.reasons.push(reason)
    const cases = group.cases.get(backend) ?? new Set<string>()
    group.cases.set(backend, cases.add(nameOf(gap)))
  }
  return [...groups.values()].flatMap((group) => linesOf(group, style))
}

/** A failure may be one of a single size of a sweep. */
function nameOf(gap: BenchGap): string {
  return gap.outcome === 'failed' && gap.fds > 1 ? `${caseName(gap)} at ${gap.fds}` : caseName(gap)
}

/** Without what the line begins with anyway. */
function reasonOf({ workload, backend, reason }: BenchGap): string {
  const prefix = `${workload} on ${backend}: `
  return reason.startsWith(prefix) ? reason.slice(prefix.length) : reason
}

/** A line, or more where the backends do not lack the same cases. */
function linesOf({ outcome, reasons, cases }: Group, style: Style): string[] {
  const backendsOf = new Map<string, string[]>()
  for (const [backend, names] of cases) {
    const list = [...names].join(', ')
    backendsOf.set(list, [...(backendsOf.get(list) ?? []), backend])
  }
  const word = outcome === 'failed' ? style.bad(outcome) : style.dim(outcome)
  const reason = printable(merged(reasons))
  return [...backendsOf].map(([names, backends]) => `${word}: ${names} on ${backends.join(', ')}: ${reason}`)
}

/** Sentences that differ in numbers only as one, with the range of each number: `needs some 1023 to 1024`. */
function merged(reasons: readonly string[]): string {
  const numbers = reasons.map((reason) => [...reason.matchAll(/\d+/g)].map(([text]) => Number(text)))
  let index = 0
  return (reasons[0] ?? '').replaceAll(/\d+/g, (text) => {
    const values = numbers.map((list) => list[index] ?? Number(text))
    index += 1
    const [least, most] = [Math.min(...values), Math.max(...values)]
    return least === most ? text : `${least} to ${most}`
  })
}
