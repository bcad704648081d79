/** The steps of scenarios in words, as one would write them in C, or say them. */
import { isWait, unorderedText } from './observation.ts'
import type { Observation } from './observation.ts'
import type { ExpectedGiven, ScenarioStep, ScenarioStepOf, StepName } from './schema.ts'

type Words = { readonly [Op in StepName]: (step: ScenarioStepOf<Op>) => string }

const words: Words = {
  pipe: ({ read, write, packets }) => `pipe: ${read}, ${write}${packets === true ? ' (packets)' : ''}`,
  socketpair: ({ a, b, type }) => `socketpair (${type}): ${a}, ${b}`,
  eventfd: ({ as, initial = 0, semaphore }) =>
    `eventfd(${initial}${semaphore === true ? ', semaphore' : ''}): ${as}`,
  fifo: ({ as, mode }) => `open the FIFO to ${mode === 'both' ? 'read and write' : mode}: ${as}`,
  timerfd: ({ as }) => `timerfd: ${as}`,
  timer: ({ fd, afterMs, everyMs = 0 }) =>
    afterMs === 0
      ? `disarm ${fd}`
      : `set ${fd} to ${afterMs} ms${everyMs === 0 ? '' : `, then each ${everyMs} ms`}`,
  expire: ({ fd }) => `set ${fd} to what is over at once`,
  sleep: ({ ms }) => `sleep for ${ms} ms`,
  write: ({ fd, bytes }) => `write ${count(bytes)} to ${fd}`,
  read: ({ fd, bytes }) => `read ${count(bytes)} from ${fd}`,
  peek: ({ fd, bytes }) => `peek at ${count(bytes)} of ${fd}`,
  shutdown: ({ fd, how }) => `shutdown(${fd}, SHUT_${how})`,
  close: ({ fd }) => `close(${fd})`,
  dup: ({ fd, as }) => `dup(${fd}): ${as}`,
  dup2: ({ fd, to }) => `dup2(${fd}, ${to})`,
  resize: ({ fd, bytes }) => `room in ${fd}: ${count(bytes)}`,
  'send-buffer': ({ fd, bytes }) => `SO_SNDBUF of ${fd}: ${bytes}`,
  error: ({ fd }) => `SO_ERROR of ${fd}`,
  poll: ({ fd, events }) => `poll(${fd}, ${events})`,
  epoll: ({ as }) => `epoll_create1: ${as}`,
  epoll_ctl: ({ ep, command, fd, events, label }) => {
    const mask = command === 'DEL' ? '' : `, ${events ?? '0'}`
    return `epoll_ctl(${ep}, ${command}, ${fd}${mask}${command === 'DEL' ? '' : named(fd, label)})`
  },
  epoll_wait: ({ ep, max, timeoutMs }) => `epoll_wait(${[ep, ...room(max), ...time(timeoutMs)].join(', ')})`,
  poller: ({ as }) => `open a Poller: ${as}`,
  add: (step) => registration(step),
  modify: (step) => registration(step),
  remove: ({ poller, fd }) => `${poller}.remove(${fd})`,
  wake: ({ poller }) => `${poller}.wake()`,
  wait: ({ poller, capacity, timeoutMs }) =>
    `${poller}.wait(${[...room(capacity), ...time(timeoutMs)].join(', ')})`,
}

/** A step in words, without what it must give. */
export function scenarioStepText(step: ScenarioStep): string {
  const say = words[step.op] as (step: ScenarioStep) => string
  return say(step)
}

/** What a step must give, in words that are those of an observation that is as it must be. */
export function expectationText(expected: ExpectedGiven): string {
  if (typeof expected !== 'object') return String(expected)
  return unorderedText({ events: Object.entries(expected) })
}

/**
 * Whether a step gave what it must. The order of events does not matter, nor that of the bits of a mask. A number that
 * is expected of a wait is how many events it gives.
 */
export function isMet(expected: ExpectedGiven, observation: Observation): boolean {
  if (!isWait(observation)) {
    if (expected === 'ok') return !/^(E[A-Z]|errno |unsupported$)/.test(observation)
    return typeof expected !== 'object' && bitsInOrder(String(expected)) === bitsInOrder(observation)
  }
  if (observation.wrong !== undefined) return expected === unorderedText(observation)
  if (expected === 'ok') return true
  if (typeof expected === 'number') return expected === observation.events.length
  if (typeof expected === 'string') return expected === unorderedText(observation)
  const events = observation.events.map(([label, mask]) => [label, bitsInOrder(mask)] as const)
  return expectationText(inOrder(expected)) === unorderedText({ events })
}

const inOrder = (events: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(events).map(([label, mask]) => [label, bitsInOrder(mask)]))

/** `OUT|IN` as `IN|OUT`, so that two texts are the same where two masks are. */
const bitsInOrder = (mask: string): string => mask.split('|').toSorted().join('|')

function registration({
  op,
  poller,
  fd,
  interest,
  trigger,
  label,
}: ScenarioStepOf<'add'> | ScenarioStepOf<'modify'>): string {
  const how = trigger === undefined ? '' : `, ${trigger}`
  return `${poller}.${op}(${fd}, ${interest}${how}${named(fd, label)})`
}

const named = (fd: string | number, label: string | undefined): string =>
  label === undefined || label === fd ? '' : `, as ${label}`
const room = (max: number | undefined): string[] => (max === undefined ? [] : [`room for ${max}`])
const time = (ms: number | undefined): string[] => (ms === undefined || ms === 0 ? [] : [`${ms} ms`])
const count = (bytes: number): string => (bytes === 1 ? '1 byte' : `${bytes} bytes`)
