import { SIG } from '../../../libc/constants/linux.ts'
import { mod, read, write } from '../../build.ts'
import type { Check } from '../../check.ts'
import type { Machine } from '../../machine.ts'
import { PROMPT_MS, WOKEN } from '../../patience.ts'
import { waitChecks } from '../../waits/define.ts'
import type { WaitFunction } from '../../waits/functions.ts'
import { dispose, Handler } from '../../waits/handler.ts'
import { readable, Wait, watchPipe } from '../../waits/wait.ts'
import type { Timeout } from '../../waits/wait.ts'
import { withThreads } from '../../waits/waiting-thread.ts'
import { requireUntraced } from './traced.ts'

/** A wait with an end that is far off, and one without. */
const LONG_WAITS: readonly Timeout[] = [{ ms: WOKEN.timeoutMs }, 'never']

/** What a signal does to a thread that is blocked in a wait. */
export const interrupted: readonly Check[] = [
  ...waitChecks({
    id: 'sig.eintr',
    statement:
      'A signal with a handler ends a blocked wait: the handler runs, the wait fails with EINTR, and the next one works.',
    source: 'signal(7); LTP epoll_wait08',
    threads: 1,
    bugs: ['axboe/liburing#468: on Linux 5.15 work of io_uring made unrelated waits of epoll return EINTR'],
    run: (machine, fn) => interrupt(machine, fn, false),
  }),
  ...waitChecks({
    id: 'sig.sa-restart-ignored',
    statement: 'A wait fails with EINTR also where the handler asks for calls to be restarted (SA_RESTART).',
    source: 'signal(7), "Interruption of system calls"; gVisor',
    why: 'A program that is to notice a signal at once counts on EINTR, whatever flags a library has given its handler.',
    threads: 1,
    run: (machine, fn) => interrupt(machine, fn, true),
  }),
  ...waitChecks({
    id: 'sig.eintr.second-waiter',
    statement:
      'Of two threads that wait for the same, a signal ends the wait of the one that it is sent to, and the other sleeps on.',
    source: 'signal(7); measured',
    why: 'Where waiters queue up for a lock, only the first of them can be interrupted: a thread that is told to end does not.',
    threads: 2,
    run(machine, fn) {
      watchPipe(machine)
      const handler = new Handler(machine, SIG.URG)
      withThreads(machine, 2, (first, second) => {
        for (const thread of [first, second]) {
          thread.setMask()
          thread.startBlocked(new Wait(machine, fn, { ms: WOKEN.timeoutMs }))
        }
        second.signal(SIG.URG)
        second.expect('EINTR', PROMPT_MS)
        handler.expectRun(true, 'when the wait has failed')
        first.expectStillBlocked()
        machine.run(write('w', 1))
        first.expect(readable('r'), PROMPT_MS)
      })
    },
  }),
  ...waitChecks({
    id: 'sig.ignored-no-eintr',
    statement:
      'Signals that are ignored, or that do nothing by default (SIGCHLD, SIGWINCH, SIGURG), do not end a wait.',
    source: 'signal(7); gVisor',
    threads: 1,
    run(machine, fn) {
      requireUntraced()
      watchPipe(machine)
      dispose(machine, SIG.USR2, { action: 'ignore' })
      const harmless = [SIG.CHLD, SIG.WINCH, SIG.URG]
      for (const signal of harmless) dispose(machine, signal, { action: 'default' })
      withThreads(machine, 1, (thread) => {
        thread.setMask()
        thread.startBlocked(new Wait(machine, fn, { ms: WOKEN.timeoutMs }))
        for (const signal of [SIG.USR2, ...harmless]) thread.signal(signal)
        thread.expectStillBlocked()
        machine.run(write('w', 1))
        thread.expect(readable('r'), PROMPT_MS)
      })
    },
  }),
  ...waitChecks({
    id: 'sig.eintr-then-event',
    statement:
      'What becomes ready while a signal ends the wait is not lost: either this wait reports it or the next one.',
    source: 'polling; libkqueue',
    threads: 1,
    run(machine, fn) {
      watchPipe(machine)
      raceSignalWithEvent(machine, fn)
    },
  }),
]

function interrupt(machine: Machine, fn: WaitFunction, restart: boolean): void {
  watchPipe(machine)
  const handler = new Handler(machine, SIG.URG, { restart })
  withThreads(machine, 1, (thread) => {
    thread.setMask()
    for (const timeout of LONG_WAITS) {
      const wait = new Wait(machine, fn, timeout)
      thread.startBlocked(wait)
      thread.signal(SIG.URG)
      thread.expect('EINTR', PROMPT_MS)
      handler.expectRun(true, 'when the wait has failed')
      thread.startBlocked(wait)
      handler.expectRun(false, 'before the next signal')
      machine.run(write('w', 1))
      thread.expect(readable('r'), PROMPT_MS)
      machine.run(read('r', 1))
    }
  })
}

/** How often a signal and an event come at once. */
const ROUNDS = 8

function raceSignalWithEvent(machine: Machine, fn: WaitFunction): void {
  dispose(machine, SIG.URG, { action: 'handler' })
  withThreads(machine, 1, (thread) => {
    thread.setMask()
    const wait = new Wait(machine, fn, { ms: WOKEN.timeoutMs })
    for (let round = 0; round < ROUNDS; round++) {
      const once = machine.backend === 'epoll' && round >= ROUNDS / 2
      if (once) machine.run(mod('ep', 'r', 'IN|ET'))
      thread.startBlocked(wait)
      if (round % 2 === 0) thread.signal(SIG.URG)
      machine.run(write('w', 1))
      if (round % 2 === 1) thread.signal(SIG.URG)
      const first = thread.end(PROMPT_MS)?.outcome ?? 'no return'
      if (first !== 'EINTR') machine.expect(first, readable('r'), wait.text)
      // Edge-triggered, it is reported once; level-triggered, each time.
      if (first === 'EINTR' || !once) thread.expectOf(wait, readable('r'), PROMPT_MS)
      machine.run(read('r', 1))
    }
  })
}
