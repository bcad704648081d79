import { Interest, ReadinessBatch } from '../backends/backend.ts'
import type { RegistrationOptions } from '../backends/backend.ts'
import type { Fiber, Routine } from '../runtime/fiber.ts'
import type { Scheduler } from '../runtime/scheduler.ts'
import { bareAndFibers, countLost } from './runtime.ts'
import type { RuntimeSetting } from './runtime.ts'
import type { Cycle, Workload } from './workload.ts'

/** So many in a cycle that beginning and timing it does not count. */
const WAKES = 1024
/** After so many, a scheduler looks at its backend. Who does it by hand does so too. */
const WAKES_BETWEEN_LOOKS = 256

/** What passing control costs where no descriptor is involved, but for one that has to be looked at now and then. */
export const fiber: Workload = {
  name: 'fiber',
  summary: `two pass wakes to each other, with a look at a parked descriptor every ${WAKES_BETWEEN_LOOKS}; bare generators and fibers; per wake`,
  cases: (options) =>
    bareAndFibers(
      options,
      {
        fds: 1,
        active: 0,
        sources: { kind: options.source, count: 1 },
        extraDescriptors: 0,
        eventsPerCycle: WAKES,
      },
      { bare, fibers },
    ),
}

/** Two generators that a loop resumes in turn: nobody keeps a queue of those that are ready. */
function bare({ poller, sources, events }: RuntimeSetting, registration: RegistrationOptions): Cycle {
  const batch = new ReadinessBatch(2)
  for (const fd of sources.fds) poller.add(fd, Interest.READ, fd, registration)
  function* pass(): Generator<void, never> {
    for (;;) {
      events.seen++
      yield
    }
  }
  const [one, other] = [pass(), pass()]
  return {
    run() {
      for (let wake = 0; wake < WAKES; wake++) {
        events.expected++
        ;(wake % 2 === 0 ? one : other).next()
        if (wake % WAKES_BETWEEN_LOOKS === 0) poller.wait(batch, 0)
      }
      countLost(events)
    },
  }
}

function fibers({ sources, events }: RuntimeSetting, scheduler: Scheduler): Cycle {
  let left = 0
  const pair: Fiber[] = []
  for (const fd of sources.fds) {
    scheduler.spawn(function* (): Routine {
      for (;;) yield scheduler.blockOnFd(fd, 'read')
    }, 'parked')
  }
  for (const other of [1, 0]) {
    const one = scheduler.spawn(function* (): Routine {
      for (;;) {
        yield scheduler.suspend()
        events.seen++
        if (--left === 0) scheduler.stop()
        else pass(other)
      }
    })
    pair.push(one)
  }
  const pass = (to: number): void => {
    events.expected++
    scheduler.wake(pair[to] as Fiber)
  }
  // Until all of them wait.
  scheduler.spawn(() => scheduler.stop())
  scheduler.run()
  return {
    run() {
      left = WAKES
      pass(0)
      scheduler.run()
      countLost(events)
    },
  }
}
