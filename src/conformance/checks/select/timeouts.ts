import { SIG } from '../../../libc/constants/linux.ts'
import { NULL } from '../../../libc/signatures.ts'
import { read, write } from '../../build.ts'
import type { Check } from '../../check.ts'
import type { Machine } from '../../machine.ts'
import { PROMPT_MS, WOKEN } from '../../patience.ts'
import { sleepSync } from '../../../sleep.ts'
import { waitChecks } from '../../waits/define.ts'
import type { WaitFunction } from '../../waits/functions.ts'
import { Handler } from '../../waits/handler.ts'
import { byNumber } from '../../waits/raw.ts'
import { sleepBy } from '../../waits/sleep.ts'
import { expectTimespecChecked } from '../../waits/timespec.ts'
import { expectCall, expectNotEarly, NOTHING, readable, Wait, watchPipe } from '../../waits/wait.ts'
import { withThreads } from '../../waits/waiting-thread.ts'

/** Long enough to be told from a call that returns at once. */
const SLEEP_MS = 10

const SECOND_NS = 1e9

/** The timeouts of select and pselect. */
export const selectTimeouts: readonly Check[] = [
  ...waitChecks({
    id: 'select.null-sets-sleep',
    statement: 'A select of no descriptors and no sets sleeps for its timeout, and returns 0.',
    kind: 'time',
    source: 'select(2); LTP select01',
    why: 'This is the oldest way to sleep for less than a second, and programs still use it.',
    variants: ['plain', 'pwait'],
    backends: ['select'],
    run(machine, fn) {
      watchPipe(machine)
      expectCall(machine, sleepBy(machine, fn, { ms: 0 }), NOTHING)
      const sleep = sleepBy(machine, fn, { ms: SLEEP_MS })
      expectNotEarly(sleep, expectCall(machine, sleep, NOTHING), SLEEP_MS * 1e6)
    },
  }),
  ...waitChecks({
    id: 'select.tv-negative',
    statement: 'A timeval with negative seconds or microseconds is EINVAL.',
    kind: 'det',
    source: 'select(2); LTP select02; measured',
    variants: ['plain'],
    backends: ['select'],
    threads: 1,
    run(machine, fn) {
      watchPipe(machine)
      withThreads(machine, 1, (thread) => {
        for (const state of ['not ready', 'ready']) {
          if (state === 'ready') machine.run(write('w', 1))
          for (const [seconds, rest] of [
            [0n, -1n],
            [-1n, 0n],
            [-1n, 999_999n],
          ] as const) {
            thread.expectOf(new Wait(machine, fn, { seconds, rest }), 'EINVAL', PROMPT_MS)
          }
        }
        thread.expectOf(new Wait(machine, fn, { ms: WOKEN.timeoutMs }), readable('r'), PROMPT_MS)
      })
    },
  }),
  ...waitChecks({
    id: 'select.tv-usec-above-second',
    statement: 'A timeval with 2,000,000 microseconds is one of 2 seconds.',
    level: 'quirk',
    source: 'measured',
    differs: 'The BSDs and macOS answer EINVAL.',
    variants: ['plain'],
    backends: ['select'],
    threads: 1,
    run(machine, fn) {
      watchPipe(machine)
      const wait = new Wait(machine, fn, { seconds: 0n, rest: 2_000_000n })
      withThreads(machine, 1, (thread) => {
        thread.startBlocked(wait)
        machine.run(write('w', 1))
        const { elapsedNs } = thread.expect(readable('r'), PROMPT_MS)
        wait.expectLeft(2 * SECOND_NS - elapsedNs, 2 * SECOND_NS)
      })
    },
  }),
  ...waitChecks({
    id: 'select.tv-updated',
    statement:
      'The time that is left is written over the timeout of select: after an event, after EINTR, and 0 when the time is over.',
    level: 'quirk',
    kind: 'time',
    source: 'select(2), "Linux"; measured',
    differs: 'Other systems leave it alone, so portable programs set it before each call.',
    variants: ['plain'],
    backends: ['select'],
    threads: 1,
    run: expectTimevalUpdated,
  }),
  ...waitChecks({
    id: 'pselect.invalid-timespec',
    statement:
      'A timespec with negative seconds, or with nanoseconds below 0 or of a second and more, is EINVAL.',
    kind: 'det',
    source: 'pselect(2); LTP pselect02',
    variants: ['pwait'],
    backends: ['select'],
    threads: 1,
    run: expectTimespecChecked,
  }),
  ...waitChecks({
    id: 'pselect.timespec-not-written',
    statement:
      'The system call pselect6 writes the time that is left over its timeout; the function of libc does not.',
    level: 'quirk',
    kind: 'det',
    source: 'pselect(2), "C library/kernel differences"; gVisor; measured',
    variants: ['pwait'],
    backends: ['select'],
    run(machine, fn) {
      const timeoutNs = 3 * SECOND_NS
      watchPipe(machine)
      machine.run(write('w', 1))
      const wait = new Wait(machine, fn, { ns: timeoutNs })
      expectCall(machine, wait, readable('r'))
      machine.expect(wait.leftNs(), timeoutNs, 'nanoseconds in the timeout after pselect')
      const { elapsedNs } = expectCall(
        machine,
        byNumber(machine, wait, { mask: NULL, size: 8 }),
        readable('r'),
      )
      wait.expectLeft(timeoutNs - elapsedNs, timeoutNs - 1)
    },
  }),
]

function expectTimevalUpdated(machine: Machine, fn: WaitFunction): void {
  const timeoutNs = 5 * SECOND_NS
  const blockedMs = 5
  watchPipe(machine)
  const handler = new Handler(machine, SIG.URG)
  withThreads(machine, 1, (thread) => {
    thread.setMask()
    const wait = new Wait(machine, fn, { ns: timeoutNs })
    for (const outcome of [readable('r'), 'EINTR']) {
      thread.startBlocked(wait)
      sleepSync(blockedMs)
      if (outcome === 'EINTR') thread.signal(SIG.URG)
      else machine.run(write('w', 1))
      const { elapsedNs } = thread.expect(outcome, PROMPT_MS)
      wait.expectLeft(timeoutNs - elapsedNs, timeoutNs - blockedMs * 1e6)
      if (outcome !== 'EINTR') machine.run(read('r', 1))
    }
    handler.expectRun(true, 'when select has failed')
    machine.run(write('w', 1))
    const { elapsedNs } = thread.expectOf(wait, readable('r'), PROMPT_MS)
    wait.expectLeft(timeoutNs - elapsedNs, timeoutNs)
    machine.run(read('r', 1))
  })
  const brief = new Wait(machine, fn, { ms: 2 })
  expectCall(machine, brief, NOTHING)
  brief.expectLeft(0, 0)
}
