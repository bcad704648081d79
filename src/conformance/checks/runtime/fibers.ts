/** What checks of fibers have in common. */
import { VirtualClock } from '../../../runtime/clock.ts'
import { Scheduler } from '../../../runtime/scheduler.ts'
import type { SchedulerOptions } from '../../../runtime/scheduler.ts'
import type { Machine } from '../../machine.ts'
import { patientBackend } from './patient.ts'

/** Where most of it comes from. */
export const SEED = 'seed: the fiber scheduler'

/** A scheduler over the backend under test, in a time that passes only where everybody waits. */
export function open(machine: Machine): Scheduler {
  return openWith(machine, { clock: new VirtualClock() })
}

/** The same, in the time of the machine. */
export function openInTime(machine: Machine): Scheduler {
  return openWith(machine, {})
}

function openWith(machine: Machine, options: SchedulerOptions): Scheduler {
  const scheduler = new Scheduler(machine.libc, { ...options, backend: patientBackend(machine) })
  machine.cleanups.push(() => scheduler.close())
  return scheduler
}

/** Runs to the end, and expects this to have come into the log, and nothing to be left. */
export function expectRun(
  machine: Machine,
  scheduler: Scheduler,
  log: readonly string[],
  expected: string,
): void {
  machine.begin('run the fibers')
  scheduler.run()
  machine.expect(log.join(' '), expected, 'what the fibers did')
  expectNothingLeft(machine, scheduler)
}

export function expectNothingLeft(machine: Machine, scheduler: Scheduler): void {
  const { fibers, suspended, registrations } = scheduler.counts
  machine.expect(
    `${fibers} ${suspended} ${registrations}`,
    '0 0 0',
    'fibers, suspended ones and registrations left',
  )
}

/** The error that an action throws, of that kind. */
export function errorOf<E extends Error>(
  kind: abstract new (...args: never[]) => E,
  action: () => unknown,
): E | undefined {
  try {
    action()
    return undefined
  } catch (error) {
    if (error instanceof kind) return error
    throw error
  }
}
