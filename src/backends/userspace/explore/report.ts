import type { Exploration } from './explore.ts'

/** One exploration in a line, and for a violation the shortest schedule that leads to it. */
export function explorationText({
  program,
  states,
  transitions,
  interleavings,
  violation,
}: Exploration): string {
  const counts = [
    `${states.toLocaleString('en')} states`,
    `${transitions.toLocaleString('en')} transitions`,
    `${interleavings.toLocaleString('en')} interleavings`,
  ].join(', ')
  if (violation === undefined) return `${program.name}: ${counts}, all as it must be`
  const { property, schedule } = violation
  const width = Math.max(...schedule.map(({ thread }) => thread.length))
  const lines = schedule.map(
    ({ thread, step }, i) => `  ${String(i + 1).padStart(3)} ${thread.padEnd(width)}  ${step}`,
  )
  return [`${program.name}: ${property}; after ${schedule.length} steps:`, ...lines].join('\n')
}
