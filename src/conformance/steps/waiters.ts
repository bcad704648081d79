/**
 * Steps with several threads that wait at once, where it matters how many of them a single event wakes.
 *
 * They wait until all truly sleep, then something happens, and then it is counted who came back with what.
 * What happens must not be undone by those who wait, or the count would be a race. Each epoll also has an entry of
 * its own that lets those go who were not woken: they must have slept until then, and get exactly that.
 */
import type { Name } from '../steps.ts'

/** Threads that wait in one epoll. */
export interface WaiterPlace {
  readonly ep: Name
  /** How many threads. Default 1. */
  readonly count?: number
  /** Room for so many events. Default 1. */
  readonly max?: number
  /**
   * They sleep in poll, for the epoll's own descriptor to become readable, and only then take events, waiting
   * so long for them. Default: they sleep in epoll_wait.
   */
  readonly pollThenWaitMs?: number
}

/** How many: exactly, or at least and at most. */
export type Count = number | readonly [least: number, most: number]

/**
 * What woken threads came back with, and how many of them with each: `{ 'r IN': 1 }`. `nothing` is a poll that
 * returned, after which there was no event to take.
 */
export type WokenBy = Readonly<Record<string, Count>>

export type WaiterStep =
  /** Starts the threads, and returns when all sleep. `releaseIn`: the epolls that get the entry that lets them go. */
  | { op: 'waiters'; as: Name; at: readonly WaiterPlace[]; releaseIn?: readonly Name[] }
  /** Who has come back since the last look: these, in all so many, and nobody else. */
  | { op: 'woken'; waiters: Name; expect: WokenBy; count?: Count }
  /** Lets those go who still sleep. All of them must have been asleep, and get only that. */
  | { op: 'release'; waiters: Name; expect: { readonly others: Count } }

/** Threads that wait, by what they wait in. */
export const waiters = (
  as: Name,
  at: readonly WaiterPlace[],
  options: { readonly releaseIn?: readonly Name[] } = {},
): Extract<WaiterStep, { op: 'waiters' }> => ({ op: 'waiters', as, at, ...options })

/** What woke which of them. `count` says how many in all, where the numbers of `expect` do not. */
export const woken = (name: Name, expect: WokenBy, count?: Count): Extract<WaiterStep, { op: 'woken' }> => ({
  op: 'woken',
  waiters: name,
  expect,
  ...(count === undefined ? {} : { count }),
})

/** Lets the others go, of whom there must be so many. */
export const release = (name: Name, others: Count): Extract<WaiterStep, { op: 'release' }> => ({
  op: 'release',
  waiters: name,
  expect: { others },
})
