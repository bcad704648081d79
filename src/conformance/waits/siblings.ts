/**
 * Checks of poll's array and of select's sets once more, by ppoll and pselect: those are made of other code, and
 * must say the same of the same array and the same sets.
 */
import type { Check } from '../check.ts'
import type { Step } from '../steps.ts'
import { waitFunction } from './functions.ts'

/** The checks among these that are data, with ppoll in place of poll and pselect in place of select. */
export function withMaskedSibling(checks: readonly Check[]): Check[] {
  return checks.flatMap((check) => {
    if (!('steps' in check) || typeof check.steps === 'function') return []
    const { steps, ...head } = check
    const bySibling = steps.map((step) => siblingOf(step))
    const name = check.backends.includes('poll') ? 'ppoll' : 'pselect'
    return {
      ...head,
      id: `${check.id}.pwait`,
      statement: `${check.statement.slice(0, -1)} (${name}).`,
      run(machine) {
        waitFunction(machine.libc, machine.backend, 'pwait')
        machine.run(...bySibling)
      },
    }
  })
}

function siblingOf(step: Step): Step {
  if (step.op === 'poll.entries') return { ...step, by: 'ppoll' }
  if (step.op === 'select.sets') return { ...step, by: 'pselect' }
  if (step.op !== 'thread') return step
  const inThread = siblingOf(step.step)
  return { ...step, step: inThread as typeof step.step }
}
