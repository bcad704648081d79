/** Steps for descriptors that tell of time, signals and files: timerfd, signalfd and inotify. */
import { IN_FLAGS, SFD, TFD } from '../../libc/constants/linux.ts'
import type { CLOCK, SIG } from '../../libc/constants/linux.ts'
import type { MaskText } from '../masks.ts'
import type { Expected, Name, StepOf } from '../steps.ts'
import type { PathText } from './files.ts'

export type SourceStep =
  | { op: 'timerfd'; as: Name; clock: keyof typeof CLOCK; flags: number }
  | {
      op: 'timerfd.settime'
      fd: Name
      /** When it expires: from now on, or by its clock with TFD_TIMER_ABSTIME. 0 disarms. */
      valueMs: number
      intervalMs: number
      flags: number
      expect: Expected
    }
  | { op: 'signalfd'; as: Name; signals: readonly SignalName[]; flags: number }
  | { op: 'block-signals'; signals: readonly SignalName[] }
  | { op: 'raise'; signal: SignalName }
  | { op: 'settle-ready'; fd: Name; events: MaskText }
  | { op: 'inotify'; as: Name; flags: number }
  | { op: 'inotify.watch'; fd: Name; path: PathText; events: number; expect: Expected }

/** A signal whose number is the same on every architecture: `URG`. */
export type SignalName = keyof typeof SIG

export const timerfd = (
  as: Name,
  clock: StepOf<'timerfd'>['clock'] = 'MONOTONIC',
  flags: number = TFD.NONBLOCK,
): StepOf<'timerfd'> => ({ op: 'timerfd', as, clock, flags })
export const settime = (
  fd: Name,
  valueMs: number,
  options: Partial<Pick<StepOf<'timerfd.settime'>, 'intervalMs' | 'flags' | 'expect'>> = {},
): StepOf<'timerfd.settime'> => ({
  op: 'timerfd.settime',
  fd,
  valueMs,
  intervalMs: 0,
  flags: 0,
  expect: 0,
  ...options,
})

/** A signalfd. Its signals must be blocked before they are sent, or they do what they do otherwise. */
export const signalfd = (
  as: Name,
  signals: StepOf<'signalfd'>['signals'],
  flags: number = SFD.NONBLOCK,
): StepOf<'signalfd'> => ({ op: 'signalfd', as, signals, flags })
/** Blocks signals in the main thread until the scenario ends. What is pending then must be harmless. */
export const blockSignals = (...signals: readonly SignalName[]): StepOf<'block-signals'> => ({
  op: 'block-signals',
  signals,
})
/** Sends a signal to the main thread, and to no other. */
export const raise = (signal: SignalName): StepOf<'raise'> => ({ op: 'raise', signal })

/**
 * Waits until the kernel has got there: one of these bits, or ERR or HUP, is reported. It asks by a raw system
 * call, past what is under test, and never fails: what follows is the check.
 */
export const settleReady = (fd: Name, events: MaskText): StepOf<'settle-ready'> => ({
  op: 'settle-ready',
  fd,
  events,
})

export const inotify = (as: Name, flags: number = IN_FLAGS.NONBLOCK): StepOf<'inotify'> => ({
  op: 'inotify',
  as,
  flags,
})
/** Watches a path for some events (`IN_` constants). */
export const watchPath = (
  fd: Name,
  path: PathText,
  events: number,
  expect: Expected = 'ok',
): StepOf<'inotify.watch'> => ({ op: 'inotify.watch', fd, path, events, expect })
