/** What a step gave: a result in words, or the events of a wait. */

/** An event: what it was registered as, and what it says. */
export type ObservedEvent = readonly [label: string, mask: string]

/** What a wait gave, in the order in which it gave it. */
export interface WaitObservation {
  readonly events: readonly ObservedEvent[]
  /** What else is to be said: that it wrote where it may not. */
  readonly wrong?: string
}

/** A result: a number, an errno (`EAGAIN`), or what else there is to say. */
export type Observation = string | WaitObservation

export const isWait = (observation: Observation): observation is WaitObservation =>
  typeof observation !== 'string'

/** An observation in words, events in the order in which they came. */
export function observationText(observation: Observation): string {
  if (!isWait(observation)) return observation
  return textOf(observation.events, observation.wrong)
}

/** The same for observations that are the same but for the order of events. */
export function unorderedText(observation: Observation): string {
  if (!isWait(observation)) return observation
  return textOf(observation.events.toSorted(byText), observation.wrong)
}

function textOf(events: readonly ObservedEvent[], wrong: string | undefined): string {
  const text = events.length === 0 ? 'nothing' : events.map(([label, mask]) => `${label}: ${mask}`).join(', ')
  return wrong === undefined ? text : `${text}, ${wrong}`
}

const byText = (a: ObservedEvent, b: ObservedEvent): number =>
  a[0] === b[0] ? compare(a[1], b[1]) : compare(a[0], b[0])
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
