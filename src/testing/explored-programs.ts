/** Random small programs for the explorer of interleavings: whatever is registered how, and whoever does what. */
import fc from 'fast-check'
import type { Action, ExploredProgram } from '../backends/userspace/explore/program.ts'
import { EPOLL } from '../libc/constants/linux.ts'

const { IN, ET, ONESHOT } = EPOLL
const events = fc.constantFrom(IN, IN | ET, IN | ONESHOT, IN | ET | ONESHOT)
const max = fc.integer({ min: 1, max: 2 })

/** What a thread may do, with so many sources. */
function action(sources: number, isWatched: boolean): fc.Arbitrary<Action> {
  const source = fc.nat(sources - 1)
  const does = <const D extends string>(name: D): fc.Arbitrary<D> => fc.constant(name)
  const outside: readonly fc.WeightedArbitrary<Action>[] = isWatched
    ? [{ weight: 2, arbitrary: fc.constant({ does: 'wait outside' }) }]
    : []
  return fc.oneof<fc.WeightedArbitrary<Action>[]>(
    { weight: 3, arbitrary: fc.record({ does: does('signal'), source }) },
    { weight: 1, arbitrary: fc.record({ does: does('take'), source }) },
    { weight: 1, arbitrary: fc.record({ does: does('add'), source, events }) },
    { weight: 1, arbitrary: fc.record({ does: does('modify'), source, events }) },
    { weight: 1, arbitrary: fc.record({ does: does('remove'), source }) },
    { weight: 1, arbitrary: fc.record({ does: does('close'), source }) },
    { weight: 1, arbitrary: fc.record({ does: does('wait'), max }) },
    { weight: 2, arbitrary: fc.record({ does: does('look'), max }) },
    ...outside,
  )
}

/** A program of two or three threads. The outer instance, if there is one, is level-triggered. */
export const exploredProgram: fc.Arbitrary<ExploredProgram> = fc
  .record({ sources: fc.integer({ min: 1, max: 2 }), isWatched: fc.boolean() })
  .chain(({ sources, isWatched }) =>
    fc
      .record({
        registered: fc.array(fc.option(events, { nil: undefined, freq: 4 }), {
          minLength: sources,
          maxLength: sources,
        }),
        ready: fc.uniqueArray(fc.nat(sources - 1)),
        threads: fc.array(fc.array(action(sources, isWatched), { minLength: 1, maxLength: 2 }), {
          minLength: 2,
          maxLength: 3,
        }),
      })
      .map(({ registered, ready, threads }) => ({
        name: 'random',
        about: 'Whatever came.',
        sources: registered,
        ready,
        ...(isWatched ? { outer: IN } : {}),
        threads: Object.fromEntries(threads.map((actions, i) => [`t${i}`, actions])),
      })),
  )
