import { INTERRUPTED, ReadinessBatch } from '../../../backends/backend.ts'
import { backends } from '../../../backends/index.ts'
import { deadlineIn, expired, remaining } from '../../../loop/deadline.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { portableCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { SIGNAL_PERIOD_MS, underSignals } from '../../waits/under-signals.ts'
import { inMs } from '../../waits/wait.ts'

const WAIT_MS = 40
/** On a machine so busy that a thread gets no time for a second, a wait ends late, but it ends. */
const LATEST_MS = WAIT_MS + 2000

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
  let interruptions = 0
  const start = process.hrtime.bigint()
  underSignals(machine, () => {
    machine.begin(`wait for ${WAIT_MS} ms while a signal comes every ${SIGNAL_PERIOD_MS} ms`)
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
  })
  const elapsedNs = Number(process.hrtime.bigint() - start)
  if (elapsedNs > LATEST_MS * 1e6)
    throw new Failure(`it ends within ${LATEST_MS} ms`, `it took ${inMs(elapsedNs)}`)
  machine.note = `${interruptions} interruptions`
}
