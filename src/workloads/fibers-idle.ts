import { Interest, ReadinessBatch } from '../backends/backend.ts'
import type { RegistrationOptions } from '../backends/backend.ts'
import type { Routine } from '../runtime/fiber.ts'
import type { Scheduler } from '../runtime/scheduler.ts'
import { bareAndFibers, countLost } from './runtime.ts'
import type { RuntimeSetting } from './runtime.ts'
import { descriptorsPerSource, Sources } from './sources.ts'
import type { SourceKind } from './sources.ts'
import type { Cycle, Workload } from './workload.ts'

/** So many in a cycle that beginning and timing it does not count. */
const SIGNALS = 16

/** What those cost that only wait: a wake among many fibers that are parked, each on a descriptor of its own. */
export const fibersIdle: Workload = {
  name: 'fibers-idle',
  summary:
    'N waited for, one of them active: it is signalled, waited for and drained; by hand and by N fibers; per event',
  cases: (options) =>
    bareAndFibers(
      options,
      {
        fds: options.fds,
        active: 1,
        // Those that nobody signals. Backends that are open at the same time watch them too, which costs nothing then.
        sources: { kind: options.source, count: options.fds - 1 },
        extraDescriptors: descriptorsPerSource[options.source],
        eventsPerCycle: SIGNALS,
      },
      {
        bare: (setting, registration) => bare(setting, new Active(setting, options.source), registration),
        fibers: (setting, scheduler) => fibers(setting, new Active(setting, options.source), scheduler),
      },
    ),
}

/** The one that is signalled. It is the backend's own: one that others watch too would cost its writer more. */
class Active {
  readonly #setting: RuntimeSetting
  readonly #source: Sources
  readonly fd: number

  constructor(setting: RuntimeSetting, kind: SourceKind) {
    this.#setting = setting
    this.#source = new Sources(setting.lanes[0].libc, { kind, count: 1 })
    this.fd = this.#source.fds[0] ?? -1
    // From outside, when everybody waits.
    setting.poller.meanwhile = () => this.#signal()
  }

  #signal(): void {
    const { lanes, poller, events } = this.#setting
    poller.expect(this.fd)
    events.expected++
    this.#source.signal(lanes[0].libc, 0)
  }

  drain(): void {
    const { lanes, poller, events } = this.#setting
    if (this.#source.drain(lanes[0].libc, 0) === 0) return
    poller.drained(this.fd)
    events.seen++
  }

  /** The cycle that `begin` gives, with this one closed at its end, and where it cannot be. */
  cycle(begin: () => () => void): Cycle {
    try {
      const run = begin()
      return {
        run: () => {
          run()
          countLost(this.#setting.events)
        },
        close: () => this.#source.close(),
      }
    } catch (error) {
      this.#source.close()
      throw error
    }
  }
}

function bare({ poller, sources }: RuntimeSetting, active: Active, registration: RegistrationOptions): Cycle {
  const batch = new ReadinessBatch(2)
  return active.cycle(() => {
    for (const fd of [...sources.fds, active.fd]) poller.add(fd, Interest.READ, fd, registration)
    return () => {
      for (let left = SIGNALS; left > 0; left--) {
        if (poller.wait(batch, null) <= 0) return
        active.drain()
      }
    }
  })
}

function fibers({ sources }: RuntimeSetting, active: Active, scheduler: Scheduler): Cycle {
  let left = 0
  return active.cycle(() => {
    for (const fd of sources.fds) {
      scheduler.spawn(function* (): Routine {
        for (;;) yield scheduler.blockOnFd(fd, 'read')
      })
    }
    scheduler.spawn(function* (): Routine {
      for (;;) {
        if (left === 0) scheduler.stop()
        yield scheduler.blockOnFd(active.fd, 'read')
        active.drain()
        left--
      }
    }, 'active')
    // Until all of them wait.
    scheduler.run()
    return () => {
      left = SIGNALS
      scheduler.run()
    }
  })
}
