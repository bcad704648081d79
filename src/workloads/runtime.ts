/** What the workloads of a runtime have in common: the same work twice, by hand and by fibers, over one kind of Poller. */
import type { RegistrationOptions } from '../backends/backend.ts'
import { Scheduler } from '../runtime/scheduler.ts'
import { CheckedPoller } from './checked-poller.ts'
import { lacksTrigger, needsNoRearm } from './workload.ts'
import type { Case, Cycle, EventCount, WorkloadOptions, WorkloadSetting } from './workload.ts'

/** What both variants have in common. */
export type Common = Omit<Case, 'variant' | 'against' | 'open' | 'cannot' | 'driver' | 'timing'>

/** How one of them opens the work. It closes what it has opened where it throws. */
export interface Variants {
  /** As one writes it by hand over a Poller, registered with the trigger that the user has chosen. */
  bare(setting: RuntimeSetting, registration: RegistrationOptions): Cycle
  /** As fibers, over the same Poller. */
  fibers(setting: RuntimeSetting, scheduler: Scheduler): Cycle
}

export interface RuntimeSetting extends WorkloadSetting {
  /** That of the only lane. */
  readonly poller: CheckedPoller
}

/** Both, to be measured in the same run: the difference between their figures is what the runtime adds. */
export function bareAndFibers(
  { trigger }: WorkloadOptions,
  common: Common,
  variants: Variants,
): readonly Case[] {
  return [
    {
      ...common,
      variant: 'bare',
      driver: 'ffi',
      timing: 'batch',
      cannot: (backend) => lacksTrigger(backend, trigger) ?? needsNoRearm(trigger),
      open: (setting) => variants.bare(withPoller(setting), { trigger }),
    },
    {
      ...common,
      variant: 'fibers',
      against: 'bare',
      driver: 'ffi',
      timing: 'batch',
      open(setting) {
        const within = withPoller(setting)
        const { poller, lanes } = within
        const scheduler = new Scheduler(lanes[0].libc, {
          backend: { ...setting.backend, open: () => poller },
        })
        poller.onLost = () => scheduler.stop()
        try {
          const cycle = variants.fibers(within, scheduler)
          return {
            ...cycle,
            close() {
              // First the fibers: what they wait for is still open, and can be taken out of the backend.
              scheduler.close()
              cycle.close?.()
            },
          }
        } catch (error) {
          scheduler.close()
          throw error
        }
      },
    },
  ]
}

function withPoller(setting: WorkloadSetting): RuntimeSetting {
  return { ...setting, poller: new CheckedPoller(setting.lanes[0].open(), setting.events) }
}

/** What was due in a cycle that is over, and was not seen, is lost. */
export function countLost(events: EventCount): void {
  events.lost = events.expected - events.seen
}
