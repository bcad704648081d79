import { Interest, ReadinessBatch } from '../backends/backend.ts'
import type { RegistrationOptions } from '../backends/backend.ts'
import { openSocketpair } from '../libc/fd.ts'
import { Memory } from '../libc/memory.ts'
import type { Routine } from '../runtime/fiber.ts'
import type { Scheduler } from '../runtime/scheduler.ts'
import { bareAndFibers, countLost } from './runtime.ts'
import type { RuntimeSetting } from './runtime.ts'
import type { Cycle, Workload } from './workload.ts'

/** So many in a cycle that beginning and timing it does not count. */
const ROUND_TRIPS = 16
const BYTES = 8

/** What waiting for a descriptor costs a fiber, against the same by hand: two that answer each other. */
export const fiberIo: Workload = {
  name: 'fiber-io',
  summary:
    'ping-pong over two socketpairs: write, wait, read, on both sides; by hand and by two fibers; per event',
  cases: (options) =>
    bareAndFibers(
      options,
      {
        fds: 2,
        active: 1,
        sources: { kind: options.source, count: 0 },
        extraDescriptors: 4,
        eventsPerCycle: 2 * ROUND_TRIPS,
      },
      { bare, fibers },
    ),
}

/** One direction: a socketpair that is written to at one end, and waited for at the other. */
class Way {
  readonly #setting: RuntimeSetting
  readonly #ends: ReturnType<typeof openSocketpair>
  readonly #memory = new Memory(BYTES)
  /** What is waited for. */
  readonly fd: number
  readonly #out: number

  constructor(setting: RuntimeSetting) {
    this.#setting = setting
    this.#ends = openSocketpair(setting.lanes[0].libc)
    this.fd = this.#ends[0].fd
    this.#out = this.#ends[1].fd
  }

  send(): void {
    const { lanes, poller, events } = this.#setting
    poller.expect(this.fd)
    events.expected++
    lanes[0].libc.fn.write(this.#out, this.#memory.address, BYTES)
  }

  receive(): void {
    const { lanes, poller, events } = this.#setting
    if (lanes[0].libc.fn.read(this.fd, this.#memory.address, BYTES) !== BYTES) return
    poller.drained(this.fd)
    events.seen++
  }

  close(): void {
    for (const end of this.#ends) end.close()
  }
}

/** Opens both ways, and closes them where what comes next cannot be. */
function openWays(setting: RuntimeSetting, begin: (there: Way, back: Way) => () => void): Cycle {
  const ways: Way[] = []
  const close = (): void => {
    for (const way of ways) way.close()
  }
  try {
    const there = new Way(setting)
    ways.push(there)
    const back = new Way(setting)
    ways.push(back)
    const run = begin(there, back)
    return {
      run() {
        run()
        countLost(setting.events)
      },
      close,
    }
  } catch (error) {
    close()
    throw error
  }
}

function bare(setting: RuntimeSetting, registration: RegistrationOptions): Cycle {
  const { poller } = setting
  const batch = new ReadinessBatch(2)
  return openWays(setting, (there, back) => {
    for (const { fd } of [there, back]) poller.add(fd, Interest.READ, fd, registration)
    const pass = (way: Way): boolean => {
      way.send()
      if (poller.wait(batch, null) <= 0) return false
      way.receive()
      return true
    }
    return () => {
      for (let left = ROUND_TRIPS; left > 0; left--) if (!pass(there) || !pass(back)) return
    }
  })
}

function fibers(setting: RuntimeSetting, scheduler: Scheduler): Cycle {
  return openWays(setting, (there, back) => {
    scheduler.spawn(function* (): Routine {
      for (;;) {
        yield scheduler.blockOnFd(there.fd, 'read')
        there.receive()
        back.send()
      }
    }, 'pong')
    const ping = scheduler.spawn(function* (): Routine {
      for (;;) {
        scheduler.stop()
        yield scheduler.suspend()
        for (let left = ROUND_TRIPS; left > 0; left--) {
          there.send()
          yield scheduler.blockOnFd(back.fd, 'read')
          back.receive()
        }
      }
    }, 'ping')
    // Until both wait.
    scheduler.run()
    return () => {
      scheduler.wake(ping)
      scheduler.run()
    }
  })
}
