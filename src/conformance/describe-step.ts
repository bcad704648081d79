/** Steps in words, for messages. */
import type { Argument, Step } from './steps.ts'
import { keventText } from './steps/kevent-text.ts'

/** A list that is longer is cut off: a scenario may give a call ten thousand entries. */
const MOST_ITEMS = 8

/** A step in words: its operation and what tells it apart, without what it expects. */
export function describeStep(step: Step): string {
  if (step.op === 'call') return `${step.fn}(${step.args.map(argument).join(', ')})`
  if (step.op === 'kevent') return keventText(step)
  // This is done for every step of every check, before anything is known to be worth telling.
  let text: string = step.op
  let separator = ' '
  for (const key in step) {
    if (key === 'op' || key === 'expect') continue
    const value: unknown = step[key as keyof Step]
    if (value === undefined) continue
    text += `${separator}${key} ${inWords(value)}`
    separator = ', '
  }
  return text
}

/** An argument as one writes it in C, as far as that says more than a number would. */
function argument(value: Argument): string {
  if (typeof value === 'number') return String(value)
  if (typeof value === 'string') return value.startsWith('$') ? value.slice(1) : value
  if ('text' in value) return `"${value.text}"`
  if ('path' in value) return `"${value.path}"`
  return value.bytes === 0 ? 'NULL' : `${value.bytes} bytes`
}

function inWords(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value)
  const items = Array.isArray(value)
    ? value.map(inWords)
    : Object.entries(value).map(([key, item]) => `${key} ${inWords(item)}`)
  const shown = items.slice(0, MOST_ITEMS)
  if (items.length > MOST_ITEMS) shown.push(`… ${items.length - MOST_ITEMS} more`)
  return Array.isArray(value) ? `[${shown.join(', ')}]` : `{${shown.join(', ')}}`
}
