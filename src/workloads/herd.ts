import { Interest, ReadinessBatch } from '../backends/backend.ts'
import type { Backend, Poller, RegistrationOptions } from '../backends/backend.ts'
import { layouts } from '../libc/layouts.ts'
import { Memory } from '../libc/memory.ts'
import { NULL } from '../libc/signatures.ts'
import { HerdCount } from './herd-count.ts'
import { waitForDue } from './wait.ts'
import type { Case, Workload, WorkloadOptions } from './workload.ts'

/** How many threads wait. */
const THREADS = 8
/** How long threads are given to come to rest in their waits, and to wake up. */
const SETTLE_NS = 1_000_000

/** The source that all wait for, and the one that releases those whom it did not wake. */
const SIGNAL = 0
const RELEASE = 1

interface Herd {
  readonly variant: string
  readonly pollers: 1 | typeof THREADS
  readonly registration: RegistrationOptions
}

const herds: readonly Herd[] = [
  { variant: `level, ${THREADS} pollers`, pollers: THREADS, registration: {} },
  { variant: `exclusive, ${THREADS} pollers`, pollers: THREADS, registration: { exclusive: true } },
  { variant: 'level, one poller', pollers: 1, registration: {} },
  { variant: 'edge, one poller', pollers: 1, registration: { trigger: 'edge' } },
]

/** How many threads wake up for one event, of which one is enough. */
export const herd: Workload = {
  name: 'herd',
  summary: `${THREADS} threads wait for one source: signal it once; from the signal to the first that wakes`,
  cases: (options) => herds.map((one) => caseOf(one, options)),
}

/** Why a backend cannot have such a herd. */
function cannot({ pollers, registration }: Herd, { name, capabilities }: Backend): string | undefined {
  const { trigger = 'level', exclusive = false } = registration
  if (capabilities.asksAnew === true) {
    return 'what its waits report decides what they ask for next, and which thread gets which event is left to chance'
  }
  if (exclusive && !capabilities.exclusive) return 'it cannot wake one of several Pollers only'
  if (!capabilities.triggers.includes(trigger)) return `it has no ${trigger} trigger`
  return pollers === 1 && !capabilities.triggers.includes('edge')
    ? `a wait of ${name} writes its results into the set, which threads cannot share`
    : undefined
}

function caseOf(one: Herd, { source, eventsPerWait }: WorkloadOptions): Case {
  return {
    variant: one.variant,
    fds: 1,
    active: 1,
    sources: { kind: source, count: 2 },
    extraDescriptors: one.pollers,
    eventsPerCycle: 1,
    lanes: 1 + THREADS,
    timing: 'marks',
    cannot: (backend) => cannot(one, backend),
    open({ lanes: [signaller, ...waiters], sources, events }) {
      const settle = timespec(SETTLE_NS)
      const batch = new ReadinessBatch(Math.min(2, eventsPerWait))
      let shared: Poller | undefined
      const pollers = waiters.map((lane) => {
        if (one.pollers === 1 && shared !== undefined) return { lane, poller: shared }
        const poller = lane.open()
        poller.add(sources.fds[SIGNAL] ?? -1, Interest.READ, SIGNAL, one.registration)
        poller.add(sources.fds[RELEASE] ?? -1, Interest.READ, RELEASE)
        shared = poller
        return { lane, poller }
      })
      const count = new HerdCount(THREADS, one.pollers)
      const signalAfterRest = (index: number): void => {
        signaller.libc.fn.nanosleep(settle.address, NULL)
        signaller.mark()
        sources.signal(signaller.libc, index)
      }
      return {
        run() {
          for (const lane of [signaller, ...waiters]) lane.barrier()
          signalAfterRest(SIGNAL)
          signalAfterRest(RELEASE)
          for (const { lane, poller } of pollers) {
            events.expected++
            // How many events it gets depends on who was first.
            const n = lane.unchecked(() => waitForDue(poller, batch))
            lane.mark()
            if (n > 0) events.seen++
            else events.lost++
            // Each loss costs as much time as a wait is given, and one is enough.
            if (events.lost > 0) break
          }
          for (const lane of [signaller, ...waiters]) lane.barrier()
          sources.drain(signaller.libc, SIGNAL)
          sources.drain(signaller.libc, RELEASE)
        },
        close() {
          sources.clear(signaller.libc, SIGNAL)
          sources.clear(signaller.libc, RELEASE)
        },
        durations: ([signals = new Float64Array(), ...woken]) => count.add(signals, woken),
        detail: () => ({ herd: count.detail() }),
      }
    },
  }
}

function timespec(ns: number): Memory {
  const memory = new Memory(layouts.timespec.size)
  memory.view.setBigInt64(layouts.timespec.offsets.tv_nsec, BigInt(ns), true)
  return memory
}
