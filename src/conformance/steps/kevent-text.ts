/** Calls of kevent, and the events that they must give, in words. */
import type { ExpectedKevent, KeventChange, KeventStep } from './kevents.ts'
import { labelOf } from './kevents.ts'

/** A list that is longer is cut off: a scenario may have a hundred changes. */
const MOST_CHANGES = 8

/** A call as one would say it: `kevent(kq, [READ r EV_ADD|CLEAR], room 8, 0 ms)`. */
export function keventText(step: KeventStep): string {
  const { kq, changes, room, timeoutMs = 0, time, sameArray, changeCount } = step
  const shown = changes.slice(0, MOST_CHANGES).map(changeText)
  if (changes.length > MOST_CHANGES) shown.push(`… ${changes.length - MOST_CHANGES} more`)
  const parts = [
    kq,
    ...(changes.length === 0 ? [] : [`[${shown.join('; ')}]`]),
    ...(changeCount === undefined ? [] : [`${changeCount} changes`]),
    ...(room === undefined ? [] : [`room ${room}`]),
    ...(sameArray === true ? ['in the same array'] : []),
    time === undefined ? timeText(timeoutMs) : `${time.seconds} s and ${time.nanoseconds} ns`,
  ]
  return `kevent(${parts.join(', ')})`
}

/** What a call must give: events, a number of them, or an errno; and what it is elsewhere, where systems differ. */
export function keventExpectation({ expect }: KeventStep): string {
  if (typeof expect !== 'object' || !('otherwise' in expect)) return expectationText(expect)
  const { otherwise, ...others } = expect
  const exceptions = Object.entries(others).flatMap(([system, value]) =>
    value === undefined ? [] : [`on ${system} ${expectationText(value)}`],
  )
  return [expectationText(otherwise), ...exceptions].join('; ')
}

function expectationText(expected: readonly ExpectedKevent[] | number | string): string {
  return typeof expected === 'object' ? expectedText(expected) : String(expected)
}

function timeText(timeoutMs: number | null): string {
  return timeoutMs === null ? 'no timeout' : `${timeoutMs} ms`
}

function changeText({ filter, ident, flags, fflags, data, label }: KeventChange): string {
  return [
    `${filter} ${ident}`,
    ...(flags === '' ? [] : [`EV_${flags}`]),
    ...(fflags === undefined ? [] : [`fflags ${fflags}`]),
    ...(data === undefined ? [] : [`data ${data}`]),
    ...(label === labelOf(filter, ident) ? [] : [`udata of "${label}"`]),
  ].join(' ')
}

/** Events that must come, in words. */
export function expectedText(expected: readonly ExpectedKevent[]): string {
  if (expected.length === 0) return 'no events'
  const texts = expected.map(
    ({ filter, ident, label, state = '', flags = '', without = '', notes = '', fflags, data }) =>
      [
        `${filter} ${ident}`,
        ...(state === '' ? [] : [`EV_${state}`]),
        ...(flags === '' ? [] : [`flags with ${flags}`]),
        ...(without === '' ? [] : [`flags without ${without}`]),
        ...(notes === '' ? [] : [`fflags with ${notes}`]),
        ...(fflags === undefined ? [] : [`fflags ${fflags === '' ? '0' : fflags}`]),
        ...(data === undefined ? [] : [`data ${typeof data === 'object' ? boundsText(data) : data}`]),
        ...(label === labelOf(filter, ident) ? [] : [`udata of "${label}"`]),
      ].join(', '),
  )
  return texts.toSorted().join('; ')
}

function boundsText({ least, most }: { readonly least: number; readonly most?: number }): string {
  return most === undefined ? `>= ${least}` : `${least} to ${most}`
}
