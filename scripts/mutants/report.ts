import { whatItSays } from './judge.ts'
import type { Verdict } from './judge.ts'
import type { Mutant } from './mutant.ts'

/** What is printed of a mutant: by which checks it was caught, the message of the first, and what is not well. */
export function reportOf(mutant: Mutant, verdict: Verdict, durationMs: number, verbose: boolean): string {
  const { findings, problems } = verdict
  const time = `${(durationMs / 1000).toFixed(1)} s`.padStart(7)
  const ids = [...new Set(findings.map(({ id }) => id))]
  const caught = ids.length === 0 ? 'nothing found' : ids.join(' ')
  const [first] = findings
  const lines = [
    `${problems.length === 0 ? 'ok     ' : 'NOT OK '} ${mutant.name.padEnd(32)} ${time}  ${caught}`,
  ]
  if (verbose) lines.push(...findings.map((result) => `    ${result.id}: ${whatItSays(result)}`))
  else if (first !== undefined) lines.push(`    ${first.id}: ${whatItSays(first)}`)
  if (problems.length > 0)
    lines.push(`    a fault: ${mutant.fault}`, ...problems.map((problem) => `    ${problem}`))
  return `${lines.join('\n')}\n`
}
