/** Waits that are longer than a second, and waits during which the set changes. */
import { UnsupportedError } from '../../../errors.ts'
import { add, eventfd, mod } from '../../build.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { classic } from '../../classic.ts'
import { classicCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { waitChecks } from '../../waits/define.ts'
import { backendsOf, variants, waitFunction } from '../../waits/functions.ts'
import type { WaitFunction } from '../../waits/functions.ts'
import { expectCall, expectNotEarly, NOTHING, Wait, watchPipe } from '../../waits/wait.ts'
import { withThreads } from '../../waits/waiting-thread.ts'

/** Seconds, and a part of one. */
const LONG_MS = 1010

/** What is to end in time: how often that is tried, and what is late beyond the load of any machine. */
const IN_TIME_MS = 100
const TRIES = 8
const LATE = 1.8

/** A wait that is not to last longer because the set changes; and how long the set changes for. */
const SHORT_MS = 40
const CHANGING_MS = 1500

export const longWaits: readonly Check[] = [
  classicCheck({
    id: 'time.above-second',
    statement: `A wait of ${LONG_MS} ms lasts all of its second and of the rest, by every function.`,
    kind: 'time',
    threads: 3,
    takesMs: LONG_MS,
    source: 'epoll_pwait2(2), ppoll(2), select(2); measured',
    why: 'A timeout of seconds and nanoseconds has two halves, and one of them is easily dropped; a wait that is cut into slices of a second ends with the first.',
    run(machine) {
      watchPipe(machine)
      const waits = functionsOf(machine).map((fn) => new Wait(machine, fn, { ms: LONG_MS }))
      withThreads(machine, waits.length, (...threads) => {
        for (const [index, wait] of waits.entries()) threads[index]?.start(wait)
        for (const [index, wait] of waits.entries()) {
          const made = threads[index]?.expect(NOTHING)
          if (made !== undefined) expectNotEarly(wait, made, LONG_MS * 1e6)
        }
      })
    },
  }),
  ...waitChecks({
    id: 'time.not-twice',
    statement: `Of ${TRIES} waits of ${IN_TIME_MS} ms one at least ends long before twice that time.`,
    kind: 'time',
    variants: ['plain'],
    source: 'epoll_wait(2): the maximum wait time',
    why: 'Who counts in other ticks than it waits in is late by a part of the time, and not by a moment.',
    run(machine, fn) {
      watchPipe(machine)
      const wait = new Wait(machine, fn, { ms: IN_TIME_MS })
      const lastedMs: number[] = []
      do {
        lastedMs.push(expectCall(machine, wait, NOTHING).elapsedNs / 1e6)
      } while (Math.min(...lastedMs) > LATE * IN_TIME_MS && lastedMs.length < TRIES)
      const best = Math.min(...lastedMs)
      if (best <= LATE * IN_TIME_MS) return
      throw new Failure(`${wait.text} lasts some ${IN_TIME_MS} ms`, `it lasts ${best.toFixed(1)} ms or more`)
    },
  }),
  ...waitChecks({
    id: 'time.change-does-not-extend',
    statement: 'A wait whose time has run out ends, also while entries are changed all the time.',
    kind: 'time',
    variants: ['plain'],
    backends: ['epoll'],
    threads: 1,
    source: 'epoll_wait(2): the maximum wait time; measured',
    why: 'A loop whose timers start anew with every connection runs none of them on a busy server.',
    run(machine, fn) {
      watchPipe(machine)
      machine.run(eventfd('quiet'), add('ep', 'quiet', 'IN'))
      const wait = new Wait(machine, fn, { ms: SHORT_MS })
      withThreads(machine, 1, (thread) => {
        thread.start(wait)
        const start = performance.now()
        let made = thread.end(1)
        while (made === undefined && performance.now() - start < CHANGING_MS) {
          machine.run(mod('ep', 'quiet', 'IN'))
          made = thread.end(1)
        }
        if (made === undefined) {
          thread.expect(NOTHING)
          throw new Failure(
            `${wait.text} ends`,
            `it goes on for ${CHANGING_MS} ms in which an entry is changed`,
          )
        }
        machine.expect(made.outcome, NOTHING, wait.text)
        expectNotEarly(wait, made, SHORT_MS * 1e6)
      })
    },
  }),
]

/** All functions of the backend that can be used here. */
function functionsOf({ libc, backend }: Machine): WaitFunction[] {
  return variants
    .filter((variant) => backendsOf(variant).includes(classic(backend)))
    .flatMap((variant) => {
      try {
        return [waitFunction(libc, backend, variant)]
      } catch (error) {
        if (error instanceof UnsupportedError) return []
        throw error
      }
    })
}
