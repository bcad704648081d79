/**
 * The portable contract as steps: a Poller or an EventLoop of the backend under test. A scenario of these runs
 * on every backend.
 */
import { Interest, INTERRUPTED, Readiness, ReadinessBatch } from '../../backends/backend.ts'
import { backends } from '../../backends/index.ts'
import { wakeCall } from '../../backends/waker.ts'
import { SystemError, UnsupportedError } from '../../errors.ts'
import { timeOf } from '../../libc/libc.ts'
import { NULL } from '../../libc/signatures.ts'
import { createEvents, EventLoop } from '../../loop/event-loop.ts'
import type { LoopEvent } from '../../loop/event-loop.ts'
import { Failure } from '../check.ts'
import type { Machine } from '../machine.ts'
import type { LoopExpectation, PortableEvent, PortableStep } from '../steps.ts'
import type { Operations } from './index.ts'

/** How long another thread waits before it wakes a loop that is to be asleep by then. */
const WAKE_DELAY_MS = 20

/** A loop's wait takes at most so many events at once. */
const LOOP_CAPACITY = 8

export const portableOperations: Operations<PortableStep['op']> = {
  'poller.open'(machine, { as }) {
    machine.pollers.set(as, backends[machine.backend].open(machine.libc))
  },
  'poller.close': (machine, { poller }) => pollerOf(machine, poller).close(),
  'poller.register'(machine, { command, poller, fd, interest, token, trigger, expect }) {
    const bits = bitsOf(Interest, interest)
    const options = trigger === undefined ? {} : { trigger }
    expectError(`${command} ${fd}`, expect, () =>
      pollerOf(machine, poller)[command](machine.fd(fd), bits, BigInt(token), options),
    )
  },
  'poller.remove'(machine, { poller, fd, expect }) {
    expectError(`remove ${fd}`, expect, () => pollerOf(machine, poller).remove(machine.fd(fd)))
  },
  'poller.wake': (machine, { poller }) => mustSucceed('wake', () => pollerOf(machine, poller).wake()),
  'poller.wait'(machine, { poller, expect, timeoutNs, capacity, atLeastNs }) {
    const batch = new ReadinessBatch(capacity)
    const start = timeOf(machine.libc)
    const n = mustSucceed('wait', () => pollerOf(machine, poller).wait(batch, timeoutNs))
    const elapsedNs = Number(timeOf(machine.libc) - start)
    if (n === INTERRUPTED) {
      throw new Failure(eventsText(expect.map(textOfEvent)), 'no events, before the time was over')
    }
    const actual: PortableEvent[] = []
    for (let i = 0; i < n; i++) {
      actual.push({ token: String(batch.token(i)), is: namesOf(Readiness, batch.flags[i] ?? 0) })
    }
    expectSame(actual.map(textOfEvent), expect.map(textOfEvent))
    expectAtLeast(elapsedNs, n === 0 ? Math.max(timeoutNs, atLeastNs ?? 0) : (atLeastNs ?? 0))
  },

  'loop.open'(machine, { as }) {
    machine.loops.set(as, new EventLoop(machine.libc, { backend: backends[machine.backend] }))
  },
  'loop.close': (machine, { loop }) => loopOf(machine, loop).close(),
  'loop.add'(machine, { loop, direction, fd, token, expect }) {
    const method = direction === 'read' ? 'addRead' : 'addWrite'
    expectError(`${method} ${fd}`, expect, () => loopOf(machine, loop)[method](machine.fd(fd), BigInt(token)))
  },
  'loop.del'(machine, { loop, direction, fd }) {
    const method = direction === 'read' ? 'delRead' : 'delWrite'
    mustSucceed(`${method} ${fd}`, () => loopOf(machine, loop)[method](machine.fd(fd)))
  },
  'loop.add-wake': (machine, { loop, token }) => loopOf(machine, loop).addWake(BigInt(token)),
  'loop.wake'(machine, { loop, from }) {
    if (from === undefined) mustSucceed('wake', () => loopOf(machine, loop).wake())
    else wakeFromThread(machine, loopOf(machine, loop))
  },
  'loop.wait'(machine, { loop, expect, timeoutMs, atLeastMs }) {
    const events = createEvents(LOOP_CAPACITY)
    const start = timeOf(machine.libc)
    const n = mustSucceed('wait', () => loopOf(machine, loop).wait(events, timeoutMs))
    const elapsedNs = Number(timeOf(machine.libc) - start)
    // A count that an expectation leaves open is not compared.
    const asksBytes = new Set(
      expect.filter(({ bytes }) => bytes !== undefined).map(({ token }) => BigInt(token)),
    )
    const actual = events.slice(0, n).map((event) => textOfActual(event, asksBytes.has(event.token)))
    expectSame(
      actual,
      expect.map((event) => textOfExpected(machine, event)),
    )
    expectAtLeast(elapsedNs, (n === 0 ? Math.max(timeoutMs, atLeastMs ?? 0) : (atLeastMs ?? 0)) * 1e6)
  },
}

function pollerOf(machine: Machine, name: string): ReturnType<(typeof backends)['epoll']['open']> {
  const poller = machine.pollers.get(name)
  if (poller === undefined) throw new TypeError(`the scenario has no poller ${name}`)
  return poller
}

function loopOf(machine: Machine, name: string): EventLoop {
  const loop = machine.loops.get(name)
  if (loop === undefined) throw new TypeError(`the scenario has no loop ${name}`)
  return loop
}

/** The other thread sleeps a little, so that the loop is blocked by then, and wakes as `wakeRemote` does. */
function wakeFromThread(machine: Machine, loop: EventLoop): void {
  const { fn, args, keep } = wakeCall(loop.wakeHandle())
  for (const held of keep) machine.keep(held)
  machine.acquireThread().post({
    calls: [
      { fn: 'poll', args: [NULL, 0, WAKE_DELAY_MS] },
      { fn, args },
    ],
    rounds: 1,
  })
}

function expectError(what: string, expected: string, action: () => void): void {
  let actual = 'ok'
  try {
    action()
  } catch (error) {
    if (error instanceof SystemError) actual = error.code
    else if (error instanceof UnsupportedError) actual = 'unsupported'
    else throw error
  }
  if (actual !== expected) throw new Failure(`${what}: ${expected}`, `${what}: ${actual}`)
}

/** A call that may not fail by the contract: where it does, that is what the check found, and no broken set-up. */
function mustSucceed<T>(what: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    if (!(error instanceof SystemError) || error.code === 'ENOSYS') throw error
    throw new Failure(`${what}: ok`, `${what}: ${error.message}`)
  }
}

function expectSame(actual: readonly string[], expected: readonly string[]): void {
  const [is, should] = [eventsText(actual), eventsText(expected)]
  if (is !== should) throw new Failure(should, is)
}

function eventsText(events: readonly string[]): string {
  return events.length === 0 ? 'no events' : events.toSorted().join(', ')
}

function expectAtLeast(elapsedNs: number, leastNs: number): void {
  if (elapsedNs < leastNs)
    throw new Failure(`the wait lasts at least ${leastNs} ns`, `it lasted ${elapsedNs} ns`)
}

function bitsOf(names: Readonly<Record<string, number>>, text: string): number {
  return text.split('|').reduce((bits, name) => {
    const bit = names[name]
    if (bit === undefined && name !== '0')
      throw new TypeError(`${name} is not one of ${Object.keys(names).join(', ')}`)
    return bits | (bit ?? 0)
  }, 0)
}

function namesOf(names: Readonly<Record<string, number>>, bits: number): string {
  return Object.entries(names)
    .filter(([, bit]) => (bits & bit) !== 0)
    .map(([name]) => name)
    .join('|')
}

const textOfEvent = ({ token, is }: PortableEvent): string => `${token} ${is}`

const loopFlags = ['readable', 'writable', 'eof', 'error', 'user'] as const

function textOfActual(event: LoopEvent, withBytes: boolean): string {
  const flags = loopFlags.filter((flag) => event[flag]).join(' ')
  return `fd ${event.fd} token ${event.token} ${flags}${withBytes ? ` bytes ${event.bytes}` : ''}`
}

function textOfExpected(machine: Machine, event: LoopExpectation): string {
  const fd = event.fd === undefined ? -1 : machine.fd(event.fd)
  const bytes = event.bytes === undefined ? '' : ` bytes ${event.bytes}`
  return `fd ${fd} token ${BigInt(event.token)} ${event.is}${bytes}`
}
