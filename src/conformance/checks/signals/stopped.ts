import { readFileSync } from 'node:fs'
import { joinPeer, peer, poll, postToPeer, select, wait, write } from '../../build.ts'
import type { Check } from '../../check.ts'
import { portableCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { LONGEST_WAIT_MS, PROMPT_MS } from '../../patience.ts'
import type { NativeStep } from '../../steps.ts'
import { sleepSync } from '../../threads/thread-pool.ts'
import { watchPipe } from '../../waits/wait.ts'

/** How long the other process gets to go to sleep, or to come back from its wait. */
const SETTLE_MS = 15

/** More than once, in case that the process was not in its wait yet. */
const ROUNDS = 2

/** A process that is stopped and continued while it waits. */
export const stopped: readonly Check[] = [
  portableCheck({
    id: 'sig.stop-cont',
    statement:
      'A process that is stopped and continued without having a handler gets EINTR from epoll_wait, and nothing at all from poll and select.',
    level: 'quirk',
    kind: 'thread',
    source: 'signal(7), "Interruption of system calls and library functions by stop signals"; measured',
    why: 'A debugger, or a shell that moves a job to the background, does this to every program.',
    differs: 'Linux alone does this, and of its waits those of epoll, and a few more that signal(7) lists.',
    run(machine) {
      watchPipe(machine)
      machine.run(peer('other', machine.backend === 'epoll' ? ['ep', 'r'] : ['r']))
      machine.run(postToPeer('other', waitOf(machine)))
      sleepSync(SETTLE_MS)
      for (let round = 0; round < ROUNDS; round++) {
        stopAndContinue(machine, 'other')
        sleepSync(SETTLE_MS)
      }
      machine.run(write('w', 1), joinPeer('other'))
    },
  }),
]

function waitOf({ backend }: Machine): NativeStep {
  switch (backend) {
    case 'epoll':
      return wait('ep', 'EINTR', { timeoutMs: PROMPT_MS })
    case 'poll':
      return poll({ r: 'IN' }, { r: 'IN' }, PROMPT_MS)
    case 'select':
      return select({ r: 'r' }, { r: 'r' }, PROMPT_MS)
  }
}

/** Returns when the process runs again, after it was truly stopped. */
function stopAndContinue(machine: Machine, name: string): void {
  const pid = machine.peers.get(name)?.pid
  if (pid === undefined) throw new TypeError(`the scenario has no process ${name}`)
  machine.begin(`stop the process, and let it continue`)
  process.kill(pid, 'SIGSTOP')
  try {
    const deadline = performance.now() + LONGEST_WAIT_MS
    while (stateOf(pid) !== 'T') {
      if (performance.now() > deadline) throw new Error('the other process does not stop')
      sleepSync(1)
    }
  } finally {
    process.kill(pid, 'SIGCONT')
  }
}

/** The state of a process, as a letter; where it is not told, a pause has to do. */
function stateOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.charAt(stat.lastIndexOf(')') + 2)
  } catch {
    sleepSync(SETTLE_MS)
    return 'T'
  }
}
