/** Several threads that wait at once. See `steps/waiters.ts`, which says what for. */
import { EFD, EPOLL, EPOLL_CTL } from '../../libc/constants/linux.ts'
import { errnoName, sys } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import { Failure } from '../check.ts'
import type { Machine } from '../machine.ts'
import { decodeEvents, encodeEvent, eventBuffer, pollfdFor } from '../operations/events.ts'
import { LONGEST_WAIT_MS, WOKEN } from '../patience.ts'
import type { Name } from '../steps.ts'
import type { Count, WaiterPlace, WokenBy } from '../steps/waiters.ts'
import { sleepSync } from '../../sleep.ts'
import { waitUntilBlocked } from './thread-pool.ts'
import type { WaiterThread } from './thread-pool.ts'

/** Waiters that all sleep for so long after what was to wake them are not going to wake. */
const HOPELESS_MS = 500

/** The same where nobody can tell whether they sleep. */
const BLIND_HOPELESS_MS = 2000

interface Waiter {
  readonly place: WaiterPlace
  readonly thread: WaiterThread
  readonly events: Memory
  returned: boolean
}

export class Waiters {
  readonly #machine: Machine
  readonly #release: Name
  readonly #waiters: readonly Waiter[]
  #mayFollow: string[] = []

  /** Starts the threads, and returns when all sleep. */
  constructor(machine: Machine, name: Name, at: readonly WaiterPlace[], releaseIn?: readonly Name[]) {
    this.#machine = machine
    this.#release = `release of ${name}`
    machine.bind(this.#release, sys(machine.libc, 'eventfd', 0, EFD.NONBLOCK | EFD.CLOEXEC))
    for (const ep of releaseIn ?? new Set(at.map((place) => place.ep))) this.#addRelease(ep)
    this.#waiters = at.flatMap((place) =>
      Array.from({ length: place.count ?? 1 }, () => start(machine, place)),
    )
    const asleep = waitUntilBlocked(this.#waiters.map(({ thread }) => thread))
    if (asleep.includes(false)) this.#fail(`${asleep.length} waiters sleep`, this.#takeReturned())
  }

  /** Fails unless these are the ones who have come back since the last look. */
  expectWoken(expected: WokenBy, count: Count = total(Object.values(expected))): void {
    const actual: string[] = []
    const countOf = (kind: string): number => actual.filter((text) => text === kind).length
    const kinds = (): readonly string[] => [...new Set([...actual, ...Object.keys(expected)])]
    const isTooMuch = (): boolean =>
      actual.length > mostOf(count) || kinds().some((kind) => countOf(kind) > mostOf(expected[kind] ?? 0))
    const isEnough = (): boolean =>
      actual.length >= leastOf(count) &&
      kinds().every((kind) => countOf(kind) >= leastOf(expected[kind] ?? 0))
    // One kind may be there at once, and another that must come a little later.
    for (let least = leastOf(count); ; least = 1) {
      this.#settle(least)
      const more = this.#takeReturned()
      actual.push(...more)
      if (isTooMuch() || isEnough() || more.length === 0) break
    }
    if (isTooMuch() || !isEnough())
      this.#fail(`${textOfExpected(expected, count)}, and the others sleep`, actual)
    this.#mayFollow = kinds().flatMap((kind) =>
      Array.from({ length: mostOf(expected[kind] ?? 0) - countOf(kind) }, () => kind),
    )
  }

  /** Lets the others go. Fails unless they are so many, and get that and nothing else. */
  release(others: Count): void {
    this.#settle(0)
    const early = this.#takeReturned().filter((kind) => !this.#wasExpected(kind))
    const left = this.#waiters.filter(({ returned }) => !returned)
    if (early.length > 0 || !isWithin(left.length, others)) {
      this.#fail(`${textOfCount(others)} waiters still sleep`, early)
    }
    this.letGo()
    const late = left.map((waiter) => this.#take(waiter)).filter((text) => text !== `${this.#release} IN`)
    if (late.length > 0) {
      throw new Failure(
        `those who were not woken get only what lets them go, ${this.#release} IN`,
        textOfTally(late),
      )
    }
  }

  /** Lets those go who still sleep, whatever they are to get. */
  letGo(): void {
    const one = new Memory(8)
    one.view.setBigUint64(0, 1n, true)
    this.#machine.libc.fn.write(this.#machine.fd(this.#release), one.address, 8)
  }

  /** Where a range was expected, those whom it leaves open may come a little later. */
  #wasExpected(kind: string): boolean {
    const at = this.#mayFollow.indexOf(kind)
    if (at >= 0) this.#mayFollow.splice(at, 1)
    return at >= 0
  }

  #addRelease(ep: Name): void {
    const { libc, labels } = this.#machine
    const event = encodeEvent(EPOLL.IN, labels.data(this.#release))
    sys(
      libc,
      'epoll_ctl',
      this.#machine.fd(ep),
      EPOLL_CTL.ADD,
      this.#machine.fd(this.#release),
      event.address,
    )
  }

  /** Waits until so many have come back, or no more will, and the others sleep again. */
  #settle(least: number): void {
    const out = this.#waiters.filter(({ returned }) => !returned)
    const done = (): number => out.filter(({ thread }) => thread.isDone).length
    const end = performance.now() + WOKEN.timeoutMs
    let asleepSince = performance.now()
    while (done() < least && performance.now() < end) {
      const states = out.map(({ thread }) => (thread.isDone ? 'done' : thread.state()))
      if (states.includes('running')) asleepSince = performance.now()
      const hopelessMs = states.includes('unknown') ? BLIND_HOPELESS_MS : HOPELESS_MS
      if (performance.now() - asleepSince > hopelessMs) return
      sleepSync(1)
    }
    waitUntilBlocked(out.filter(({ thread }) => !thread.isDone).map(({ thread }) => thread))
  }

  /** What those got who have come back and were not asked yet. */
  #takeReturned(): string[] {
    return this.#waiters
      .filter(({ returned, thread }) => !returned && thread.isDone)
      .map((waiter) => this.#take(waiter))
  }

  #take(waiter: Waiter): string {
    const result = waiter.thread.join(LONGEST_WAIT_MS)
    if (result === undefined) throw new Failure('every waiter returns', 'a waiter is still in its call')
    waiter.returned = true
    this.#machine.giveThreadBack(waiter.thread)
    const inPoll = waiter.place.pollThenWaitMs !== undefined && result.call === 0
    const call = inPoll ? 'poll' : 'epoll_wait'
    if (result.result === -1) return `${call} gave ${errnoName(result.errno)}`
    if (result.result === 0 && waiter.place.pollThenWaitMs !== undefined && !inPoll) return 'nothing'
    if (result.result === 0) return `no event in ${Math.round(result.elapsedNs / 1e6)} ms`
    if (inPoll) return `poll gave ${result.result}`
    const events = decodeEvents(this.#machine, waiter.events, result.result)
    return events
      .map(([label, mask]) => `${label} ${mask}`)
      .toSorted()
      .join(', ')
  }

  /** The others are let go first: a check that failed is not to wait for them. */
  #fail(expected: string, actual: readonly string[]): never {
    this.letGo()
    const asleep = this.#waiters.filter(({ returned }) => !returned).length
    throw new Failure(expected, `${textOfTally(actual)}, and ${asleep} sleep`)
  }
}

function start(machine: Machine, place: WaiterPlace): Waiter {
  const { ep, max = 1, pollThenWaitMs } = place
  const events = eventBuffer(max)
  machine.keep(events)
  const thread = machine.acquireThread()
  const wait = (timeoutMs: number) =>
    ({ fn: 'epoll_wait', args: [machine.fd(ep), events.address, max, timeoutMs] }) as const
  if (pollThenWaitMs === undefined) {
    thread.post({ calls: [wait(WOKEN.timeoutMs)], rounds: 1 })
  } else {
    const pollfd = pollfdFor(machine, ep)
    machine.keep(pollfd)
    const poll = { fn: 'poll', args: [pollfd.address, 1, WOKEN.timeoutMs], accept: [1] } as const
    thread.post({ calls: [poll, wait(pollThenWaitMs)], rounds: 1 })
  }
  return { place, thread, events, returned: false }
}

const leastOf = (count: Count): number => (typeof count === 'number' ? count : count[0])
const mostOf = (count: Count): number => (typeof count === 'number' ? count : count[1])
const isWithin = (number: number, count: Count): boolean =>
  number >= leastOf(count) && number <= mostOf(count)

function total(counts: readonly Count[]): Count {
  const sum = (of: (count: Count) => number): number =>
    counts.reduce((all: number, count) => all + of(count), 0)
  return sum(leastOf) === sum(mostOf) ? sum(leastOf) : [sum(leastOf), sum(mostOf)]
}

function tally(texts: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1)
  return counts
}

function textOfCount(count: Count): string {
  return typeof count === 'number' ? String(count) : `${count[0]} to ${count[1]}`
}

function textOfTally(texts: readonly string[]): string {
  const parts = [...tally(texts)].map(([text, number]) => `${number} × ${text}`)
  return parts.length === 0 ? 'nobody woke' : parts.toSorted().join(', ')
}

function textOfExpected(expected: WokenBy, count: Count): string {
  const parts = Object.entries(expected).map(([text, number]) => `${textOfCount(number)} × ${text}`)
  if (parts.length === 0) return 'nobody wakes'
  const all = textOfCount(count)
  return `${parts.toSorted().join(', ')}${all === textOfCount(total(Object.values(expected))) ? '' : ` (${all} in all)`}`
}
