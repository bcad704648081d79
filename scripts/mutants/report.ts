import { whatItSays } from './judge.ts'
import type { Verdict } from './judge.ts'

/** What is printed of a library: by which checks it was caught, the message of the first, and what is not well. */
export function reportOf(
  name: string,
  about: string,
  { findings, problems }: Verdict,
  durationMs: number,
  verbose: boolean,
): string {
  const time = `${(durationMs / 1000).toFixed(1)} s`.padStart(7)
  const ids = [...new Set(findings.map(({ id }) => id))]
  const shown = verbose ? findings : findings.slice(0, 1)
  const lines = [
    `${problems.length === 0 ? 'ok    ' : 'NOT OK'} ${name.padEnd(34)} ${time}  ${ids.join(' ') || 'nothing found'}`,
    ...shown.map((result) => `    ${result.id}: ${whatItSays(result)}`),
    ...(problems.length === 0 ? [] : [`    ${about}`, ...problems.map((problem) => `    ! ${problem}`)]),
  ]
  return `${lines.join('\n')}\n`
}
