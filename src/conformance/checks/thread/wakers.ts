import { INTERRUPTED, Readiness, ReadinessBatch } from '../../../backends/backend.ts'
import { backends } from '../../../backends/index.ts'
import { wakeCall } from '../../../backends/waker.ts'
import { UnsupportedError } from '../../../errors.ts'
import { SIG } from '../../../libc/constants/linux.ts'
import { syscallNumbers } from '../../../libc/constants/syscalls.ts'
import { restoreDisposition, setDisposition } from '../../../libc/signals.ts'
import { rawSyscall } from '../../../libc/syscall.ts'
import { openPoller, pipe, pollerAdd, pollerWait, pollerWake } from '../../build.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { portableCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { dawdle, Partner, race } from '../../threads/race.ts'
import type { Job } from '../../threads/job.ts'

const MANY = 1000
const WAKE = { token: '0', is: 'WAKE' } as const
const LONG_NS = 5_000_000_000

/** From a wake to the return of the wait, on a machine that may be busy. */
const LATEST_MS = 1000

/** The wakers of event loops, and so of those of this package: over an eventfd, or a pipe where there is none. */
export const wakers: readonly Check[] = [
  portableCheck({
    id: 'thr.waker-before-wait',
    statement: 'A wake that comes before the wait ends it at once.',
    source: 'polling; mio',
    steps: [
      pipe('r', 'w'),
      openPoller('p'),
      pollerAdd('p', 'r', 'READ', '1'),
      pollerWake('p'),
      pollerWait('p', [WAKE], { timeoutNs: LONG_NS }),
      pollerWait('p', [], { timeoutNs: 1_000_000 }),
      pollerWake('p'),
      pollerWait('p', [WAKE], { timeoutNs: LONG_NS, capacity: 1 }),
      pollerWait('p', []),
    ],
  }),
  portableCheck({
    id: 'thr.waker-coalesced',
    statement: `As many as ${MANY} wakes without a wait between them are one event, and no event of any descriptor.`,
    source: 'polling',
    run(machine) {
      machine.run(
        pipe('r', 'w'),
        openPoller('p'),
        pollerAdd('p', 'r', 'READ', '1'),
        // What never comes: it has nothing urgent, and where that cannot be asked for, nothing at all.
        pollerAdd('p', 'w', backends[machine.backend].capabilities.priority ? 'PRIORITY' : 'READ', '2'),
      )
      machine.begin(`wake p ${MANY} times`)
      for (let i = 0; i < MANY; i++) machine.pollers.get('p')?.wake()
      machine.run(
        pollerWait('p', [WAKE]),
        pollerWait('p', []),
        pollerWait('p', [], { timeoutNs: 1_000_000 }),
        pollerWake('p'),
        pollerWait('p', [WAKE]),
      )
    },
  }),
  portableCheck({
    id: 'thr.waker-cross',
    statement:
      'Every wake by another thread, however it falls together with the wait, ends it, within a second.',
    kind: 'race',
    source: 'mio waker; polling notify; libuv async',
    threads: 1,
    run(machine) {
      let slowestMs = 0
      wakeFromThread(machine, [], ({ wait, again }) => {
        const start = performance.now()
        again()
        const n = wait()
        const elapsedMs = performance.now() - start
        slowestMs = Math.max(slowestMs, elapsedMs)
        if (n !== 'WAKE' || elapsedMs > LATEST_MS) {
          return new Failure(`WAKE within ${LATEST_MS} ms`, `${n} after ${Math.round(elapsedMs)} ms`)
        }
        return undefined
      })
      machine.note = `${machine.note}, the slowest ${Math.round(slowestMs * 1000)} us`
    },
  }),
  portableCheck({
    id: 'thr.waker-not-stuck-after-eintr',
    statement:
      'A wake that comes with a signal is seen after the wait that the signal interrupts, and so is the next one.',
    kind: 'race',
    source: 'compio#931',
    bugs: [
      'compio#931: a wait that was interrupted left the flag set that told others that a wake was under way',
    ],
    threads: 1,
    run(machine) {
      const { libc } = machine
      const tgkill = syscallNumbers()?.tgkill
      if (tgkill === undefined)
        throw new UnsupportedError('signals', 'the number of tgkill is not known here')
      machine.begin('install a handler of SIGURG')
      const before = setDisposition(libc, SIG.URG, { action: 'handler' })
      machine.cleanups.push(() => restoreDisposition(libc, SIG.URG, before))
      const tid = rawSyscall(libc, 'gettid')
      const kill = { fn: 'syscall', args: [tgkill, process.pid, tid, SIG.URG, 0, 0, 0], accept: [0] } as const
      let interrupted = 0
      wakeFromThread(machine, [kill], ({ wait, again }) => {
        again()
        let n = wait()
        for (; n === 'interrupted'; n = wait()) interrupted++
        return n === 'WAKE' ? undefined : new Failure('WAKE, after the signal or before it', n)
      })
      machine.note = `${machine.note}, ${interrupted} waits interrupted`
    },
  }),
]

interface WakeRound {
  /** Has the other thread wake once more. */
  readonly again: () => void
  /** Waits, and says what came. */
  readonly wait: () => string
}

/** A thread makes some calls and wakes a Poller, again and again; each round says what was wrong, if anything. */
function wakeFromThread(
  machine: Machine,
  calls: Job['calls'],
  round: (tools: WakeRound) => Failure | undefined,
): void {
  const poller = backends[machine.backend].open(machine.libc)
  machine.pollers.set('poller', poller)
  const batch = new ReadinessBatch(4)
  const { fn, args, accept, keep } = wakeCall(poller.wakeHandle())
  for (const held of keep) machine.keep(held)
  const partner = new Partner(machine, 'waker', [...calls, { fn, args, accept }])
  const wait = (): string => {
    const n = poller.wait(batch, LONG_NS)
    if (n === INTERRUPTED) return 'interrupted'
    return n === 1 && batch.flags[0] === Readiness.WAKE ? 'WAKE' : `${n} events`
  }
  machine.begin('wait, while a thread wakes')
  race(machine, (index) => {
    // The first wake comes by itself.
    const again = index === 0 ? () => undefined : () => partner.again()
    const wrong = round({
      again: () => {
        again()
        dawdle(machine, index)
      },
      wait,
    })
    if (wrong !== undefined) throw new Failure(wrong.expected, `${wrong.actual}, in round ${index}`)
  })
  partner.stop()
}
