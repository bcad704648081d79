import { readFileSync } from 'node:fs'
import { P_ALL, P_PID, WEXITED, WNOHANG, WNOWAIT } from '../../libc/constants/linux.ts'
import type { Libc } from '../../libc/libc.ts'
import { Memory, scratch } from '../../libc/memory.ts'
import { sleepSync } from '../../sleep.ts'

/** siginfo_t: 128 bytes; the process stands behind signal, errno, code and four bytes of padding. */
const siginfo = { size: 128, pid: 16 }

/** How long a process may take to end after SIGKILL. */
const END_MS = 2000

/** The name of a child whose number cannot be had here. */
const UNKNOWN_CHILD = 0

/**
 * The child processes of this process, running or not yet waited for. To know that there is none costs one call.
 * Where the kernel does not list them, one stands for all.
 */
export function childrenOf(libc: Libc): readonly number[] {
  const one = waitable(libc, P_ALL, 0)
  if (one === undefined) return []
  try {
    const text = readFileSync(`/proc/self/task/${process.pid}/children`, 'latin1')
    return text.split(' ').filter(Boolean).map(Number)
  } catch {
    return [one]
  }
}

/** What is the matter with a child that was left. */
export function describeChild(libc: Libc, pid: number): string {
  if (pid === UNKNOWN_CHILD) return 'a process that is still running'
  const ended = waitable(libc, P_PID, pid) === pid
  return ended ? `process ${pid}, which nobody waited for` : `process ${pid}, which is still running`
}

/** Ends a child and fetches its exit. */
export function endChild(libc: Libc, pid: number): void {
  if (pid === UNKNOWN_CHILD) return
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It is gone, and so is the reason to end it.
  }
  const status = new Memory(4)
  const deadline = performance.now() + END_MS
  while (libc.fn.waitpid(pid, status.address, WNOHANG) === 0 && performance.now() < deadline) sleepSync(1)
}

/** A child that has ended; `UNKNOWN_CHILD` if all are running; undefined if there is none, or if nobody tells. */
function waitable(libc: Libc, which: number, pid: number): number | undefined {
  const info = scratch(siginfo.size)
  const result = libc.fn.waitid(which, pid, info.address, WEXITED | WNOHANG | WNOWAIT)
  return result === -1 ? undefined : info.view.getInt32(siginfo.pid, true)
}
