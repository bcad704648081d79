/** What tests of the Io surface share: one under the virtual clock, and what became of a routine. */
import { CanceledError } from '../errors.ts'
import { VirtualClock } from '../runtime/clock.ts'
import type { Routine } from '../runtime/fiber.ts'
import { Io } from '../runtime/io/io.ts'
import type { IoOptions } from '../runtime/io/io.ts'
import { Scheduler } from '../runtime/scheduler.ts'
import { noLibc } from './no-libc.ts'

/** What a scheduler counts where nothing is left. */
export const NOTHING_LEFT = { fibers: 0, suspended: 0, registrations: 0 }

export interface VirtualIo extends Disposable {
  readonly io: Io
  readonly scheduler: Scheduler
  /** Runs a program to its end, in a fiber that cannot be canceled. */
  run(program: () => Routine<unknown>): void
}

/** An Io without any kernel. */
export function virtualIo(options: IoOptions = {}): VirtualIo {
  const scheduler = new Scheduler(noLibc, { clock: new VirtualClock() })
  const io = new Io(noLibc, scheduler, options)
  return {
    io,
    scheduler,
    run(program) {
      scheduler.spawn(program, 'main')
      scheduler.run()
    },
    [Symbol.dispose]: () => scheduler.close(),
  }
}

/** The result of a routine as text; `canceled: …` where it was canceled, and otherwise the error. */
export function* outcomeOf(routine: Routine<unknown>): Routine<string> {
  try {
    return String(yield* routine)
  } catch (error) {
    return error instanceof CanceledError ? `canceled: ${error.operation}` : String(error)
  }
}
