import { SystemError } from '../../errors.ts'
import { P_PID, SIG, WEXITED, WNOHANG, WNOWAIT } from '../../libc/constants/linux.ts'
import { symbolAddress, sys } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import type { Pointer } from '../../libc/signatures.ts'
import { rawSyscall } from '../../libc/syscall.ts'
import { Failure } from '../check.ts'
import type { Machine } from '../machine.ts'
import { LONGEST_WAIT_MS } from '../patience.ts'
import type { ProcessStep } from '../steps/processes.ts'
import { sleepSync } from '../../sleep.ts'
import { unlessAbsent } from './available.ts'
import type { Operations } from './index.ts'

/** What the copy sleeps on: it makes one call and no other. */
const STACK_BYTES = 64 * 1024
/** The copy ends by itself after this, should this process be killed before it can end it. */
const LIFE_SECONDS = 10
/** siginfo_t: 128 bytes, and the signal stands first. */
const SIGINFO_SIZE = 128

export const processOperations: Operations<ProcessStep['op']> = {
  fork(machine, { as }) {
    const { libc, processes } = machine
    if (processes.has(as)) throw new TypeError(`the scenario already has a process ${as}`)
    const stack = new Memory(STACK_BYTES)
    // Stacks grow downwards, and start at a multiple of 16.
    const top = (Math.floor(stack.at(STACK_BYTES) / 16) * 16) as Pointer
    // JavaScript must not run in a copy of this process, whose other threads are missing: the copy begins in
    // sleep(3), and clone(2) ends it when that returns.
    const sleep = symbolAddress(libc, '', 'sleep')
    const pid = cloneProcess(machine, sleep, top, LIFE_SECONDS)
    processes.set(as, pid)
    machine.cleanups.push(() => endProcesses(machine))
  },
  'end-process'(machine, { process: name }) {
    process.kill(pidOf(machine, name), 'SIGKILL')
    const info = new Memory(SIGINFO_SIZE)
    const options = WEXITED | WNOWAIT | WNOHANG
    until(`the process ${name} ends`, () => {
      sys(machine.libc, 'waitid', P_PID, pidOf(machine, name), info.address, options)
      return info.view.getInt32(0, true) !== 0
    })
  },
  reap: (machine, { process: name }) => reapProcess(machine, name),
  pidfd(machine, { as, process: name }) {
    const make = (): number => rawSyscall(machine.libc, 'pidfd_open', pidOf(machine, name), 0)
    machine.bind(as, unlessAbsent('pidfd', make))
  },
}

/**
 * Makes a copy of this process that starts with a function, and one argument for it, on a stack of its own.
 * Unsupported where the kernel, a policy, or a limit on processes or memory does not allow it.
 */
export function cloneProcess(machine: Machine, start: Pointer, top: Pointer, argument: number): number {
  const make = (): number => sys(machine.libc, 'clone', start, top, SIG.CHLD, argument as Pointer)
  return unlessAbsent('fork', make, 'EAGAIN', 'ENOMEM')
}

/** Ends every process of the scenario; none is left behind. */
export function endProcesses(machine: Machine): void {
  for (const [name, pid] of machine.processes) {
    process.kill(pid, 'SIGKILL')
    reapProcess(machine, name)
  }
}

function pidOf(machine: Machine, name: string): number {
  const pid = machine.processes.get(name)
  if (pid === undefined) throw new TypeError(`the scenario has no process ${name}`)
  return pid
}

function reapProcess(machine: Machine, name: string): void {
  const pid = pidOf(machine, name)
  const status = new Memory(4)
  until(`the process ${name} ends`, () => {
    try {
      return sys(machine.libc, 'waitpid', pid, status.address, WNOHANG) === pid
    } catch (error) {
      // Somebody else in this process has fetched the exit.
      if (error instanceof SystemError && error.code === 'ECHILD') return true
      throw error
    }
  })
  machine.processes.delete(name)
}

function until(what: string, holds: () => boolean): void {
  const deadline = performance.now() + LONGEST_WAIT_MS
  while (!holds()) {
    if (performance.now() >= deadline) throw new Failure(what, 'it is still there')
    sleepSync(0.2)
  }
}
