import { INTERRUPTED, ReadinessBatch } from '../../../backends/backend.ts'
import { backends } from '../../../backends/index.ts'
import { SIG } from '../../../libc/constants/linux.ts'
import { syscallNumbers } from '../../../libc/constants/syscalls.ts'
import { UnsupportedError } from '../../../errors.ts'
import { layouts } from '../../../libc/layouts.ts'
import { Memory } from '../../../libc/memory.ts'
import { NULL } from '../../../libc/signatures.ts'
import { rawSyscall } from '../../../libc/syscall.ts'
import { deadlineIn, expired, remaining } from '../../../loop/deadline.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { portableCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { LONGEST_WAIT_MS } from '../../patience.ts'
import { dispose } from '../../waits/handler.ts'
import { inMs } from '../../waits/wait.ts'

const WAIT_MS = 40
/** On a machine so busy that a thread gets no time for a second, a wait ends late, but it ends. */
const LATEST_MS = WAIT_MS + 2000
/** Signals go on for longer than that: whoever waits anew for the whole time after each never comes to an end. */
const SIGNALS = 3000
const PERIOD_MS = 1

/** What a loop does that is interrupted: it waits again, for the time that is left. */
export const retries: readonly Check[] = [
  portableCheck({
    id: 'sig.retry-remaining',
    statement:
      'A wait that signals interrupt over and over, and that goes on each time with what is left of its time, ends at its deadline.',
    kind: 'time',
    source: 'python PEP 475; polling',
    bugs: ['python PEP 475: select that was called again with its whole timeout after every signal'],
    threads: 1,
    run: waitToTheEnd,
  }),
]

function waitToTheEnd(machine: Machine): void {
  const poller = backends[machine.backend].open(machine.libc)
  machine.pollers.set('poller', poller)
  const batch = new ReadinessBatch(1)
  dispose(machine, SIG.URG, { action: 'handler', restart: true })
  machine.begin(`wait for ${WAIT_MS} ms while a signal comes every ${PERIOD_MS} ms`)
  const stop = sendSignals(machine)
  let interruptions = 0
  const start = process.hrtime.bigint()
  try {
    const deadline = deadlineIn(WAIT_MS)
    do {
      const n = poller.wait(batch, remaining(deadline) * 1e6)
      if (n === INTERRUPTED) interruptions++
      else if (n !== 0) throw new Failure('nothing is ready', `${n} events`)
      else if (!expired(deadline)) {
        const early = inMs(Math.round(remaining(deadline) * 1e6))
        throw new Failure('a wait ends at its time, or by a signal', `it returned 0 when ${early} were left`)
      }
    } while (!expired(deadline))
  } finally {
    stop()
  }
  const elapsedNs = Number(process.hrtime.bigint() - start)
  if (elapsedNs > LATEST_MS * 1e6)
    throw new Failure(`it ends within ${LATEST_MS} ms`, `it took ${inMs(elapsedNs)}`)
  machine.note = `${interruptions} interruptions`
}

/** A thread that sends signals to this one, by no function that is under test. Returns how to stop it. */
function sendSignals(machine: Machine): () => void {
  const { libc } = machine
  const tgkill = syscallNumbers()?.tgkill
  if (tgkill === undefined) throw new UnsupportedError('signals', `${process.arch} has no number for tgkill`)
  const period = new Memory(layouts.timespec.size, { shared: true })
  period.view.setBigInt64(layouts.timespec.offsets.tv_nsec, BigInt(PERIOD_MS * 1e6), true)
  machine.keep(period)
  const tid = rawSyscall(libc, 'gettid')
  const thread = machine.acquireThread()
  thread.post({
    calls: [
      { fn: 'nanosleep', args: [period.address, NULL] },
      { fn: 'syscall', args: [tgkill, process.pid, tid, SIG.URG, 0, 0, 0] },
    ],
    rounds: SIGNALS,
  })
  return () => {
    thread.stop()
    if (thread.join(LONGEST_WAIT_MS) === undefined)
      throw new Error('the thread that sends signals does not end')
  }
}
