import { readFileSync } from 'node:fs'
import { Memory } from '../../../libc/memory.ts'
import { eventfd, joinPeer, peer, poll, postToPeer, select, wait, write } from '../../build.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { classicCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { canForkCalls, forkCalls, signalCall } from '../../operations/forked-calls.ts'
import { LONGEST_WAIT_MS, PROMPT_MS } from '../../patience.ts'
import type { NativeStep } from '../../steps.ts'
import { sleepSync } from '../../../sleep.ts'
import { waitFunction } from '../../waits/functions.ts'
import { Wait, watchPipe } from '../../waits/wait.ts'
import { requireUntraced } from './traced.ts'
import { classic } from '../../classic.ts'

/** How long the other process gets to go to sleep, or to come back from its wait. */
const SETTLE_MS = 10

/** More than once, in case that the process was not in its wait yet. */
const ROUNDS = 2

/** A process that waits for the pipe. */
interface WaitingProcess {
  readonly pid: number
  /** Whether the wait is over; undefined where that cannot be told before `finish`. */
  isDone(): boolean | undefined
  /** Fails unless the wait has ended as it must. Whatever must still happen for that has happened. */
  finish(): void
}

/** A process that is stopped and continued while it waits. */
export const stopped: readonly Check[] = [
  classicCheck({
    id: 'sig.stop-cont',
    statement:
      'A process that is stopped and continued without having a handler gets EINTR from epoll_wait, and nothing at all from poll and select.',
    level: 'quirk',
    kind: 'thread',
    source: 'signal(7), "Interruption of system calls and library functions by stop signals"; measured',
    why: 'A debugger, or a shell that stops a job and continues it, does this to every program.',
    differs: 'Linux alone does this, and of its waits those of epoll, and a few more that signal(7) lists.',
    run(machine) {
      requireUntraced()
      watchPipe(machine)
      const other = canForkCalls(machine) ? forkWaiting(machine) : startWaiting(machine)
      const interrupted = machine.backend === 'epoll'
      sleepSync(SETTLE_MS)
      for (let round = 0; round < ROUNDS && other.isDone() !== true; round++) {
        stopAndContinue(machine, other.pid)
        sleepSync(SETTLE_MS)
      }
      machine.begin(interrupted ? 'its wait is to be over' : 'its wait is to go on')
      const words = (done: boolean): string => (done ? 'the wait is over' : 'the wait goes on')
      if (other.isDone() === !interrupted) throw new Failure(words(interrupted), words(!interrupted))
      machine.run(write('w', 1))
      other.finish()
    },
  }),
]

/** A copy of this process that waits, and then signals an eventfd. */
function forkWaiting(machine: Machine): WaitingProcess {
  machine.run(eventfd('done'))
  const fn = waitFunction(machine.libc, machine.backend, 'plain')
  const call = new Wait(machine, fn, { ms: PROMPT_MS })
  const { args } = call.invocation
  machine.begin(`fork a process that calls ${call.text}`)
  forkCalls(machine, 'other', [{ fn: fn.name, args: args.map(Number) }, signalCall(machine, 'done', 1n)])
  const counter = new Memory(8)
  let done = false
  // Not by a function that may be under test.
  const isDone = (): boolean => {
    done ||= machine.libc.fn.read(machine.fd('done'), counter.address, 8) === 8
    return done
  }
  return {
    pid: machine.processes.get('other') ?? 0,
    isDone,
    finish() {
      const deadline = performance.now() + PROMPT_MS
      while (!isDone()) {
        if (performance.now() > deadline) throw new Failure('the wait returns', 'it does not')
        sleepSync(1)
      }
    },
  }
}

/** The same where no copy can make calls: a process of Node, which tells what the wait gave when it is over. */
function startWaiting(machine: Machine): WaitingProcess {
  machine.run(
    peer('other', machine.backend === 'epoll' ? ['ep', 'r'] : ['r']),
    postToPeer('other', waitStep(machine)),
  )
  const other = machine.peers.get('other')
  if (other === undefined) throw new TypeError('the scenario has no process other')
  return {
    pid: other.pid,
    isDone: () => undefined,
    finish: () => machine.run(joinPeer('other')),
  }
}

function waitStep({ backend }: Machine): NativeStep {
  switch (classic(backend)) {
    case 'epoll':
      return wait('ep', 'EINTR', { timeoutMs: PROMPT_MS })
    case 'poll':
      return poll({ r: 'IN' }, { r: 'IN' }, PROMPT_MS)
    case 'select':
      return select({ r: 'r' }, { r: 'r' }, PROMPT_MS)
  }
}

/** Returns when the process runs again, after it was truly stopped. */
function stopAndContinue(machine: Machine, pid: number): void {
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
