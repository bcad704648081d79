import { syscallNumbers } from '../../libc/constants/syscalls.ts'
import { layouts } from '../../libc/layouts.ts'
import { errnoName } from '../../libc/libc.ts'
import type { Libc } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import { writeTimespec } from '../../libc/timespec.ts'

/** The kernel needs 10 to 50 ms, and more on a busy machine. */
const LONGEST_NS = 1_000_000_000
/**
 * Somebody who did not run for so long may have had the interruption in the meantime. Then it is waited for no longer
 * than it usually takes, and if it does not come that says nothing.
 */
const PUNCTUAL_MS = 3
const USUAL_NS = 50_000_000
/** An empty set of signals: 64 of them. */
const SIGSET_BYTES = 8

/** After so many that did not come, none is expected: it may only have been very late. */
const MOST_MISSES = 2

let misses = 0

/**
 * Takes the interruption that the end of a ring brings about. The kernel takes a ring apart some time after it was
 * closed (after a grace period of RCU), and for that it interrupts whatever wait the thread that made it is in
 * (io_tctx_exit_cb): an epoll_wait of somebody else would end with EINTR. So it is waited for here, by a wait for
 * no signal at all, which costs no descriptor. Where none comes (gVisor, kernels before 5.12), none is expected after a
 * while. `closedAtMs`: the time (`performance.now`) before the last descriptor of the ring was closed.
 */
export function awaitInterruption(libc: Libc, closedAtMs: number): void {
  const number = syscallNumbers()?.rt_sigtimedwait
  if (number === undefined || misses >= MOST_MISSES) return
  const memory = new Memory(SIGSET_BYTES + layouts.timespec.size)
  const timespec = memory.at(SIGSET_BYTES)
  const isPunctual = performance.now() - closedAtMs < PUNCTUAL_MS
  writeTimespec(memory.view, SIGSET_BYTES, isPunctual ? LONGEST_NS : USUAL_NS)
  libc.fn.syscall(number, memory.address, 0, timespec, SIGSET_BYTES, 0, 0)
  if (errnoName(libc.errno()) === 'EINTR') misses = 0
  else if (isPunctual) misses++
}
