import { UnsupportedError } from '../../../errors.ts'
import { SIG, SIG_BLOCK, SIG_SETMASK } from '../../../libc/constants/linux.ts'
import { layouts } from '../../../libc/layouts.ts'
import { Memory } from '../../../libc/memory.ts'
import { NULL } from '../../../libc/signatures.ts'
import { sendToThread, signalSet } from '../../../libc/signals.ts'
import { call, join, thread } from '../../build.ts'
import type { Machine } from '../../machine.ts'
import { LONGEST_WAIT_MS } from '../../patience.ts'
import type { Name } from '../../steps.ts'

/** A signal that does nothing where it is not blocked, so that one which is left over harms nobody. */
export const SIGNAL = 'URG'

/**
 * Runs something while a thread of a scenario blocks the signal, and puts its mask back whatever happens. The
 * thread is then known by this name, and may be given steps.
 */
export function withBlockedSignal(machine: Machine, name: Name, action: () => void): void {
  const set = signalSet(SIG[SIGNAL])
  const before = new Memory(layouts.sigset.size, { shared: true })
  machine.keep(set)
  machine.keep(before)
  const setMask = (how: number, mask: Memory, old?: Memory): void =>
    machine.run(
      thread(name, call('pthread_sigmask', [how, mask.address, old?.address ?? NULL], 0)),
      join(name),
    )
  setMask(SIG_BLOCK, set, before)
  try {
    action()
  } finally {
    // A check that failed may leave the thread in a wait, which ends.
    const { thread: running } = machine.thread(name)
    if (running.isIdle || running.join(LONGEST_WAIT_MS) !== undefined) setMask(SIG_SETMASK, before)
  }
}

/** Sends the signal to a thread of the scenario, and to no other. */
export function signalThread(machine: Machine, name: Name): void {
  machine.begin(`tgkill(${name}, SIG${SIGNAL})`)
  const { tid } = machine.thread(name).thread
  if (tid === undefined) throw new UnsupportedError('signals', 'the ids of threads cannot be had here')
  sendToThread(machine.libc, tid, SIG[SIGNAL])
}
