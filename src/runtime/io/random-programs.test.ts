/**
 * Random programs of the Io surface under the virtual clock, each step of which is held against what must hold: no two
 * hold a mutex, locks and conditions are first come, first served, every wake arrives at once, no step runs twice, who is
 * canceled was asked to be, the trace is the same each time, and nothing is left.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CanceledError, ConcurrencyUnavailableError } from '../../errors.ts'
import { NOTHING_LEFT, virtualIo } from '../../testing/io.ts'
import { ModelledLocks, must } from '../../testing/modelled-locks.ts'
import type { Routine } from '../fiber.ts'
import type { Future } from './future.ts'

const PIECES = 5
/** All are over long before. */
const MOST_TICKS = 200
const TICK_MS = 5
const which = fc.nat(PIECES - 1)
const ms = fc.integer({ min: 0, max: 3 })
const named = <const Name extends string>(op: Name) => fc.constant(op)

/** What a piece of work does, one after the other. Every wait has an end, so that no program is a deadlock. */
const operation = fc.oneof(
  fc.record({ op: named('sleep'), ms }),
  fc.record({ op: named('yield') }),
  fc.record({
    op: named('lock'),
    mutex: fc.nat(1),
    ms,
    how: fc.constantFrom('lock', 'lockUncancelable', 'tryLock'),
  }),
  fc.record({ op: named('condition'), how: fc.constantFrom('wait', 'waitUncancelable') }),
  fc.record({ op: named('serve'), how: fc.constantFrom('wakeOne', 'wakeAll') }),
  { arbitrary: fc.record({ op: fc.constantFrom('await', 'cancel', 'request', 'wake'), which }), weight: 3 },
  fc.record({ op: named('select'), of: fc.array(which, { minLength: 1, maxLength: 3 }) }),
  fc.record({
    op: named('group'),
    how: fc.constantFrom('wait', 'cancel'),
    ms,
    members: fc.array(ms, { maxLength: 4 }),
  }),
  fc.record({
    op: named('child'),
    how: fc.constantFrom('async', 'concurrent'),
    ms,
    end: fc.constantFrom('await', 'cancel', 'drop'),
  }),
)
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never
const program = fc.record({
  bodies: fc.array(fc.array(operation, { minLength: 2, maxLength: 10, size: 'max' }), {
    minLength: 2,
    maxLength: PIECES,
    size: 'max',
  }),
  maxConcurrent: fc.constantFrom(1, 2, 3, Infinity),
})
type Program = typeof program extends fc.Arbitrary<infer T> ? T : never

/** Plays a program, and returns all that happened in its order. */
function play({ bodies, maxConcurrent }: Program): string[] {
  using world = virtualIo({ maxConcurrent })
  const { io, scheduler } = world
  const trace: string[] = []
  const pieces: Future<number>[] = []
  const children: Future<unknown>[] = []
  const requested = new Set<Future<unknown>>()
  const endedAt = new Map<Future<unknown>, number>()
  const locks = new ModelledLocks(io, 2)
  /** How many of their members run is not counted here. */
  const hasGroups = bodies.flat().some(({ op }) => op === 'group')

  function request(piece: Future<number>): void {
    requested.add(piece)
    locks.takeOut(piece.task?.fiber, false)
  }

  function wake({ task }: Future<number>): void {
    const isSuspended = task?.fiber.state === 'suspended'
    if (isSuspended) locks.takeOut(task.fiber, true)
    if (task !== undefined) must(scheduler.wake(task.fiber) === isSuspended, 'only who is suspended is woken')
  }

  function* sleep(time: number): Routine {
    const [start, isLate] = [io.now(), io.cancelRequested]
    try {
      yield* io.sleep(time)
    } catch (error) {
      must(error instanceof CanceledError && io.cancelRequested, 'only who is canceled wakes early')
      must(io.now() === start || (!isLate && io.now() <= start + time), 'a cancellation is heard at once')
      throw error
    }
    must(!isLate, 'who is canceled sleeps no more')
    must(io.now() === start + time, 'a sleep is as long as it is')
  }

  /** Some work was waited for, from a time on. */
  function checkTold(futures: readonly Future<unknown>[], start: number): void {
    const ends = futures.filter(({ hasEnded }) => hasEnded).map((each) => endedAt.get(each) ?? NaN)
    must(io.now() === Math.max(start, Math.min(...ends)), 'who waits for work is told at once')
  }

  function* awaiting(piece: Future<number>): Routine {
    const start = io.now()
    try {
      must((yield* io.await(piece)) === pieces.indexOf(piece), 'await gives the result')
      must(piece.state === 'done', 'only what is done has a result')
    } catch (error) {
      if (piece.canceled !== error) throw error
    }
    checkTold([piece], start)
  }

  function* canceling(piece: Future<number>): Routine {
    const start = io.now()
    request(piece)
    const result = yield* io.cancel(piece)
    must(result === (piece.state === 'canceled' ? undefined : pieces.indexOf(piece)), 'cancel gives it, too')
    checkTold([piece], start)
  }

  function* selecting(futures: readonly Future<number>[]): Routine {
    if (futures.length === 0) return
    const start = io.now()
    const index = yield* io.select(futures)
    must(index === futures.findIndex(({ hasEnded }) => hasEnded), 'select tells the first that has ended')
    checkTold(futures, start)
  }

  function* grouping({ how, ms: time, members }: Extract<Operation, { op: 'group' }>): Routine {
    const group = io.group()
    let alive = 0
    let isCut = false
    const member = (length: number) =>
      function* (): Routine {
        alive++
        try {
          yield* sleep(length)
        } catch (error) {
          isCut = true
          throw error
        } finally {
          alive--
          // Also where it is canceled.
          if (length === 2) group.async(member(7))
        }
      }
    for (const length of members) group.async(member(length))
    try {
      yield* sleep(time)
      if (how === 'wait') {
        yield* group.wait()
        must(alive === 0 && !isCut, 'a group is waited for, or its members are canceled with who waits')
      }
    } finally {
      const start = io.now()
      yield* group.cancel()
      must(io.now() === start, 'a group is canceled at once, with all that it has and gets')
      must(group.size === 0 && alive === 0, 'nothing is left of a group')
    }
  }

  function* bearing({ how, ms: time, end }: Extract<Operation, { op: 'child' }>): Routine {
    const running = [...pieces, ...children].filter(({ state }) => state === 'running').length
    let child: Future<void>
    try {
      child = io[how](() => sleep(time))
    } catch (error) {
      must(error instanceof ConcurrencyUnavailableError && how === 'concurrent', 'async takes all')
      return must(hasGroups || running >= maxConcurrent, 'concurrent takes what there is room for')
    }
    const isFull = running >= maxConcurrent
    must(hasGroups || (child.state === 'waiting') === isFull, 'work begins where there is room')
    must(how === 'async' || child.state === 'running', 'concurrent begins at once')
    children.push(child)
    try {
      if (end === 'await') yield* io.await(child)
    } finally {
      if (end !== 'drop') yield* io.cancel(child)
    }
  }

  function* one(action: Operation, self: number): Routine {
    switch (action.op) {
      case 'sleep':
        return yield* sleep(action.ms)
      case 'yield':
        return void (yield scheduler.yieldNow())
      case 'lock':
        return yield* locks.hold(action.mutex, action.how, () => sleep(action.ms))
      case 'condition':
        return yield* locks.wait(action.how)
      case 'serve':
        return locks.wake(action.how)
      case 'select':
        return yield* selecting(pieces.filter((_, i) => i < self && action.of.includes(i)))
      case 'group':
        return yield* grouping(action)
      case 'child':
        return yield* bearing(action)
      case 'await':
      case 'cancel':
      case 'request':
      case 'wake':
        return yield* to(pieces[action.which], action.op, action.which < self)
    }
  }

  function* to(piece: Future<number> | undefined, op: string, isEarlier: boolean): Routine {
    if (piece === undefined) return
    if (op === 'wake') wake(piece)
    if (op === 'request') {
      request(piece)
      io.requestCancel(piece)
    }
    // Only for those that were begun before, so that nobody waits in a circle.
    if (op === 'await' && isEarlier) yield* awaiting(piece)
    if (op === 'cancel' && isEarlier) yield* canceling(piece)
  }

  function* piece(self: number, actions: readonly Operation[]): Routine<number> {
    try {
      for (const [step, action] of actions.entries()) {
        trace.push(`${self}.${step} ${action.op} @${io.now()}`)
        yield* one(action, self)
      }
      return self
    } finally {
      trace.push(`${self} ends @${io.now()}`)
      endedAt.set(pieces[self] as Future<number>, io.now())
    }
  }

  world.run(function* () {
    for (const [i, actions] of bodies.entries()) pieces.push(io.async(() => piece(i, actions)))
    // Who waits in the condition without that anybody wakes it would wait for ever.
    for (let tick = 0; [...pieces, ...children].some(({ hasEnded }) => !hasEnded); tick++) {
      must(tick < MOST_TICKS, 'everything ends')
      yield scheduler.sleep(TICK_MS)
      locks.wake('wakeAll')
    }
  })
  must(JSON.stringify(scheduler.counts) === JSON.stringify(NOTHING_LEFT), 'nothing is left')
  locks.checkFree()
  must(new Set(trace).size === trace.length, 'no step runs twice')
  const starts = trace.filter((line) => line.includes('.0 '))
  must(starts.join() === starts.toSorted().join(), 'what was begun first starts first')
  for (const [i, future] of pieces.entries()) {
    const steps = trace.filter((line) => line.startsWith(`${i}.`)).length
    if (future.state === 'done') must(steps === bodies[i]?.length, 'who is done has done all')
    else must(future.state === 'canceled' && requested.has(future), 'only who was asked to be is canceled')
    trace.push(`${i} is ${future.state}`)
  }
  return trace
}

test('of random programs no lock is shared, no wake is lost, nothing runs twice, and nothing is left', () => {
  const seen = new Map<string, number>()
  fc.assert(
    fc.property(program, (chosen) => {
      const trace = play(chosen)
      expect(play(chosen)).toEqual(trace)
      for (const line of trace) {
        const [, what = ''] = /^\S+ (?:is )?(\S+)/.exec(line) ?? []
        seen.set(what, (seen.get(what) ?? 0) + 1)
      }
    }),
    { numRuns: 2000 },
  )
  // Programs that are all canceled at once would show little.
  for (const what of ['done', 'canceled', 'condition', 'select', 'group', 'child', 'lock']) {
    expect([what, (seen.get(what) ?? 0) > 1000]).toEqual([what, true])
  }
})
