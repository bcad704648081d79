/** What steps can give at all: whatever else a scenario expects of one is a mistake in it. */
import { constants } from 'node:os'
import { parseMask } from '../masks.ts'
import { portableSteps } from './language.ts'
import type { StepName } from './schema.ts'

/** Results of a kind of step, besides those that any step may give. */
interface Results {
  readonly words: string
  readonly fits: (text: string) => boolean
}

const ANY = 'ok or an errno'
const none = (): boolean => false
const form =
  (pattern: RegExp): Results['fits'] =>
  (text) =>
    pattern.test(text)

const number: Results = { words: `a number, ${ANY}`, fits: form(/^-?\d+$/) }
const events: Results = {
  words: `events by their labels ({} for none), how many there are, ${ANY}`,
  // What is wrong with a wait besides is said behind its events, and may be known of a library.
  fits: form(/^(nothing|\d+)$|, (wrote behind them|returned -?\d+)$/),
}
const descriptor: Results = { words: `a descriptor ("#0"), ${ANY}`, fits: form(/^#\d+$/) }
const pair: Results = { words: `two descriptors ("#0 #1"), ${ANY}`, fits: form(/^#\d+ #\d+$/) }
const success: Results = { words: `${ANY}, or unsupported`, fits: none }

/** Of the others it is a number. */
const results: Partial<Record<StepName, Results>> = {
  epoll_wait: events,
  wait: events,
  poll: { words: `a mask ("IN|HUP", "0"), ${ANY}`, fits: isMask },
  error: { words: `an error by its number ("error 0"), ${ANY}`, fits: form(/^error \d+$/) },
  sleep: { words: ANY, fits: none },
  pipe: pair,
  socketpair: pair,
  eventfd: descriptor,
  fifo: descriptor,
  timerfd: descriptor,
  dup: descriptor,
  dup2: descriptor,
  epoll: descriptor,
  poller: success,
  add: success,
  modify: success,
  remove: success,
  wake: success,
}

/** Why a step can never give this text or number, as what is expected instead; undefined if it can. */
export function whyNeverGiven(op: StepName, expected: string | number): string | undefined {
  const text = String(expected)
  if (text === 'ok' || Object.hasOwn(constants.errno, text) || /^errno \d+$/.test(text)) return undefined
  if (text === 'unsupported' && portableSteps.includes(op)) return undefined
  const { words, fits } = results[op] ?? number
  return fits(text) ? undefined : words
}

function isMask(text: string): boolean {
  try {
    parseMask(text)
    return true
  } catch (error) {
    if (error instanceof TypeError) return false
    throw error
  }
}
