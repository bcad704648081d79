import { SIG } from '../../../libc/constants/linux.ts'
import { errnoName } from '../../../libc/libc.ts'
import { NULL } from '../../../libc/signatures.ts'
import { signalSet } from '../../../libc/signals.ts'
import { del, read, write } from '../../build.ts'
import type { Check } from '../../check.ts'
import type { Machine } from '../../machine.ts'
import { PROMPT_MS, WOKEN } from '../../patience.ts'
import { waitChecks } from '../../waits/define.ts'
import { Handler } from '../../waits/handler.ts'
import { raceSignalsWithWaits } from '../../waits/mask-race.ts'
import { expectNotEarly, NOTHING, readable, Wait, watchPipe } from '../../waits/wait.ts'
import { withThreads } from '../../waits/waiting-thread.ts'
import type { BlockingCall } from '../../waits/wait.ts'
import type { WaitingThread } from '../../waits/waiting-thread.ts'

const masked = ['pwait', 'pwait2'] as const

/** Long enough to tell "interrupted" from "the time was over", which is what a wait gives that lost the signal. */
const LOST_MS = 1000
/** Long enough for a wait to look for signals while it sleeps. */
const PENDING_MS = 20

/** The signal mask that is given to a wait. */
export const masks: readonly Check[] = [
  ...waitChecks({
    id: 'sig.pwait-mask-atomic',
    statement:
      'A signal that is pending because it is blocked, and that the mask of the wait lets through, ends the wait with EINTR, and its handler runs.',
    source: 'epoll_wait(2), pselect(2); LTP epoll_pwait01; gVisor',
    why: 'This is what the mask is for: a program blocks a signal, looks whether it came, and waits. If the wait only sets the mask before it sleeps, a signal that comes in between is handled and forgotten, and the program sleeps on.',
    variants: masked,
    threads: 1,
    run(machine, fn) {
      watchPipe(machine)
      const handler = new Handler(machine, SIG.URG)
      withThreads(machine, 1, (thread) => {
        thread.setMask(SIG.URG)
        for (const timeout of [{ ms: LOST_MS }, 'never'] as const) {
          raisePending(machine, thread, handler)
          thread.expectOf(new Wait(machine, fn, timeout, signalSet()), 'EINTR', PROMPT_MS)
          handler.expectRun(true, 'when the wait has failed')
          expectSignals(machine, 'signals that are pending', thread.pending())
          expectSignals(machine, 'the mask of the thread', thread.mask(), SIG.URG)
        }
      })
    },
  }),
  ...waitChecks({
    id: 'sig.blocked-pending',
    statement:
      'A signal that is pending because the thread has blocked it does not end a wait that leaves the mask alone.',
    source: 'sigprocmask(2); signal(7)',
    why: 'A program that blocks signals reads them from a signalfd: a wait that fails with EINTR as long as one is pending spins.',
    variants: ['plain'],
    threads: 1,
    run(machine, fn) {
      withPending(machine, (thread, handler) => {
        const wait = new Wait(machine, fn, { ms: PENDING_MS })
        expectNotEarly(wait, thread.expectOf(wait, NOTHING), PENDING_MS * 1e6)
        expectSignals(machine, 'signals that are pending', thread.pending(), SIG.URG)
        handler.expectRun(false, 'while its signal is blocked')
      })
    },
  }),
  ...waitChecks({
    id: 'sig.pwait-mask-atomic.nothing-watched',
    statement:
      'A wait that watches no descriptor ends with EINTR, too, when a signal is pending that its mask lets through.',
    source: 'pselect(2), ppoll(2); measured',
    why: 'With no descriptors these are a sleep that a signal ends, and programs use them as such.',
    variants: masked,
    threads: 1,
    run(machine, fn) {
      withPending(machine, (thread, handler) => {
        if (machine.backend === 'epoll') machine.run(del('ep', 'r'))
        const wait = watchingNothing(machine, new Wait(machine, fn, { ms: LOST_MS }, signalSet()))
        thread.expectOf(wait, 'EINTR', PROMPT_MS)
        handler.expectRun(true, 'when the wait has failed')
        expectSignals(machine, 'the mask of the thread', thread.mask(), SIG.URG)
      })
    },
  }),
  ...waitChecks({
    id: 'sig.pwait-mask-race',
    statement: 'A signal that only the mask of the wait lets through ends a wait, whenever it comes.',
    kind: 'race',
    source: 'epoll_wait(2), pselect(2); LTP ppoll01; gVisor',
    variants: masked,
    backends: ['epoll', 'select'],
    threads: 1,
    run: raceSignalsWithWaits,
  }),
  ...waitChecks({
    id: 'sig.pwait-mask-blocks',
    statement:
      'A signal that only the mask of the wait blocks does not end it: its handler runs as soon as the wait has returned.',
    source: 'epoll_wait(2); StarryOS',
    variants: masked,
    threads: 1,
    run(machine, fn) {
      watchPipe(machine)
      const handler = new Handler(machine, SIG.URG)
      withThreads(machine, 1, (thread) => {
        thread.setMask()
        thread.startBlocked(new Wait(machine, fn, { ms: WOKEN.timeoutMs }, signalSet(SIG.URG)))
        thread.signal(SIG.URG)
        thread.expectStillBlocked()
        handler.expectRun(false, 'while the wait goes on')
        machine.run(write('w', 1))
        thread.expect(readable('r'), PROMPT_MS)
        handler.expectRun(true, 'when the wait has returned')
        expectSignals(machine, 'the mask of the thread', thread.mask())
      })
    },
  }),
  ...waitChecks({
    id: 'sig.pwait-mask-restored',
    statement:
      'After a wait with a mask the thread has the mask that it had before: after an event, a timeout, EINTR and an error.',
    kind: 'det',
    source: 'epoll_wait(2); LTP; StarryOS',
    variants: masked,
    threads: 1,
    run(machine, fn) {
      watchPipe(machine)
      const handler = new Handler(machine, SIG.URG)
      withThreads(machine, 1, (thread) => {
        const before = [SIG.USR2, SIG.URG]
        thread.setMask(...before)
        const expectRestored = (after: string): void =>
          expectSignals(machine, `the mask of the thread after ${after}`, thread.mask(), ...before)
        const other = signalSet(SIG.CHLD, SIG.WINCH)
        thread.expectOf(new Wait(machine, fn, { ms: 1 }, other), NOTHING, PROMPT_MS)
        expectRestored('a timeout')
        machine.run(write('w', 1))
        thread.expectOf(new Wait(machine, fn, { ms: WOKEN.timeoutMs }, other), readable('r'), PROMPT_MS)
        expectRestored('an event')
        thread.expectOf(new Wait(machine, fn, { ms: 0 }, other), readable('r'), PROMPT_MS)
        expectRestored('an event, asked for with timeout 0')
        const { invocation, errno } = new Wait(machine, fn, { ms: 0 }, other).failing
        machine.expect(thread.call(invocation), errno, `${fn.name} with a bad argument`)
        expectRestored(errno)
        machine.run(read('r', 1))
        raisePending(machine, thread, handler)
        thread.expectOf(new Wait(machine, fn, { ms: LOST_MS }, other), 'EINTR', PROMPT_MS)
        expectRestored('EINTR')
      })
    },
  }),
  ...waitChecks({
    id: 'sig.event-beats-signal',
    statement: 'A wait that finds an event and a signal at its start reports the event.',
    level: 'de-facto',
    source: 'sysprog21/elfuse#278; gVisor',
    bugs: ['sysprog21/elfuse#278: EINTR although a descriptor was ready'],
    variants: masked,
    threads: 1,
    run(machine, fn) {
      watchPipe(machine)
      const handler = new Handler(machine, SIG.URG)
      withThreads(machine, 1, (thread) => {
        machine.run(write('w', 1))
        for (const timeout of [{ ms: WOKEN.timeoutMs }, 'never', { ms: 0 }] as const) {
          // What the wait before has left of mask and handler is the concern of other checks.
          thread.setMask(SIG.URG)
          handler.arm()
          raisePending(machine, thread, handler)
          thread.expectOf(new Wait(machine, fn, timeout, signalSet()), readable('r'), PROMPT_MS)
        }
      })
    },
  }),
  ...waitChecks({
    id: 'sig.pwait-zero-timeout',
    statement:
      'With timeout 0 and a signal that its mask lets through, epoll_pwait returns 0 and leaves the signal pending; ppoll and pselect fail with EINTR, and the handler runs.',
    level: 'quirk',
    kind: 'det',
    source: 'epoll-shim; measured',
    differs: 'On Linux epoll looks for signals only before it sleeps, which it does not with timeout 0.',
    variants: masked,
    threads: 1,
    run(machine, fn) {
      const interrupts = machine.backend !== 'epoll'
      withPending(machine, (thread, handler) => {
        const wait = new Wait(machine, fn, { ms: 0 }, signalSet())
        thread.expectOf(wait, interrupts ? 'EINTR' : NOTHING, PROMPT_MS)
        handler.expectRun(interrupts, 'when the wait has returned')
        expectSignals(machine, 'signals that are pending', thread.pending(), ...(interrupts ? [] : [SIG.URG]))
      })
    },
  }),
  ...waitChecks({
    id: 'sig.ppoll-ready-plus-pending',
    statement:
      'A wait that finds something ready leaves a signal pending that its mask would have let through, and the handler does not run.',
    level: 'de-facto',
    kind: 'det',
    source: 'gVisor PpollTest; measured',
    variants: masked,
    threads: 1,
    run(machine, fn) {
      withPending(machine, (thread, handler) => {
        machine.run(write('w', 1))
        thread.expectOf(new Wait(machine, fn, { ms: WOKEN.timeoutMs }, signalSet()), readable('r'), PROMPT_MS)
        handler.expectRun(false, 'when the wait has returned')
        expectSignals(machine, 'signals that are pending', thread.pending(), SIG.URG)
      })
    },
  }),
]

/** Lends a thread that has blocked a signal which is pending for it, where a pipe is watched. */
function withPending(machine: Machine, body: (thread: WaitingThread, handler: Handler) => void): void {
  watchPipe(machine)
  const handler = new Handler(machine, SIG.URG)
  withThreads(machine, 1, (thread) => {
    thread.setMask(SIG.URG)
    raisePending(machine, thread, handler)
    body(thread, handler)
  })
}

/** Sends the thread a signal that it blocks, and makes sure that it is pending, once, and that no handler ran. */
function raisePending(machine: Machine, thread: WaitingThread, handler: Handler): void {
  machine.begin('a blocked signal is sent to the thread')
  thread.signal(SIG.URG)
  const pending = thread.pending()
  if (!pending.includes(SIG.URG)) throw new Error(`the signal is not pending; pending are ${textOf(pending)}`)
  handler.expectRun(false, 'while the signal is blocked')
}

/** Fails unless exactly these signals are there, of those that belong to no one else. */
function expectSignals(
  machine: Machine,
  what: string,
  actual: readonly number[],
  ...expected: readonly number[]
): void {
  machine.expect(textOf(actual), textOf(expected), what)
}

const names = new Map<number, string>(Object.entries(SIG).map(([name, number]) => [number, `SIG${name}`]))

function textOf(signals: readonly number[]): string {
  const words = signals.toSorted((a, b) => a - b).map((signal) => names.get(signal) ?? `signal ${signal}`)
  return words.join(' and ') || 'none'
}

/** The same wait without any descriptor: an array of no entries, or no sets. An epoll has no entry anyway. */
function watchingNothing({ backend }: Machine, wait: Wait): BlockingCall {
  const { fn, args } = wait.invocation
  const { poll: array, select: sets } = { poll: [NULL, 0], select: [0, NULL, NULL, NULL] }
  if (backend === 'epoll') return wait
  const leading = backend === 'poll' ? array : sets
  return {
    invocation: { fn, args: [...leading, ...args.slice(leading.length)] },
    text: `${wait.text} of no descriptors`,
    reset: () => wait.reset(),
    outcome: (result, errno) => (result === -1 ? errnoName(errno) : `${result} events`),
  }
}
