import { describe, expect, it } from 'vitest'
import type { Backend } from '../backends/backend.ts'
import { backendNames, backends } from '../backends/index.ts'
import { openLibc } from '../libc/libc.ts'
import { openDescriptors } from '../libc/open-descriptors.ts'
import { workloadNames, workloads } from './index.ts'
import { Sources } from './sources.ts'
import type { Cycle, EventCount, Workload } from './workload.ts'

const libc = openLibc()
const FDS = 10
const ACTIVE = 3
const ROUNDS = 5

interface Observed {
  readonly events: EventCount
  /** The most registrations and descriptors there were, beyond the sources and the Poller. */
  readonly registered: number
  readonly extraDescriptors: number
  /** Sources that are still signalled when the cycle is closed. */
  readonly signalled: number
}

/** Runs some cycles of a workload, as a measurement does, and looks at what it does. */
function observe(workload: Workload, backend: Backend): Observed {
  const events: EventCount = { expected: 0, seen: 0, duplicate: 0, spurious: 0, lost: 0 }
  using sources = new Sources(libc, workload.sources(FDS))
  using poller = backend.open(libc)
  const before = openDescriptors(libc).size
  const most = { registered: 0, descriptors: 0 }
  const known = new Set<number>()
  const look = (): void => {
    most.registered = Math.max(most.registered, known.size)
    most.descriptors = Math.max(most.descriptors, openDescriptors(libc).size - before)
  }
  const add = poller.add.bind(poller)
  const remove = poller.remove.bind(poller)
  poller.add = (fd, ...rest) => {
    add(fd, ...rest)
    known.add(fd)
    look()
  }
  poller.remove = (fd) => {
    remove(fd)
    known.delete(fd)
  }
  const cycle: Cycle = workload.open({
    libc,
    poller,
    sources,
    active: Math.min(ACTIVE, sources.length),
    events,
  })
  for (let i = 0; i < ROUNDS; i++) {
    cycle.before?.()
    cycle.run()
    cycle.after?.()
  }
  cycle.close?.()
  const left = Array.from({ length: sources.length }, (_, index) => sources.drain(libc, index))
  return {
    events,
    registered: most.registered,
    extraDescriptors: most.descriptors,
    signalled: left.filter((count) => count > 0).length,
  }
}

const combinations = workloadNames.flatMap((workload) =>
  backendNames.map((backend) => ({ workload, backend })),
)

describe.each(combinations)('$workload on $backend', ({ workload: name, backend }) => {
  const workload: Workload = workloads[name]

  it('accounts for every event, and leaves nothing signalled for the next', () => {
    const { events, signalled } = observe(workload, backends[backend])
    expect(events).toEqual({
      expected: events.expected,
      seen: events.expected,
      duplicate: 0,
      spurious: 0,
      lost: 0,
    })
    expect(signalled).toBe(0)
    // register has no events.
    const perCycle = name === 'register' ? 0 : workload.eventsPerCycle(workload.sources(FDS), ACTIVE)
    expect(events.expected).toBe(ROUNDS * perCycle)
  })

  it('registers as many descriptors as it says, and opens no more than it says', () => {
    const observed = observe(workload, backends[backend])
    // While register works, one more than it says comes and goes.
    expect(observed.registered).toBe(workload.registered(FDS) + (name === 'register' ? 1 : 0))
    expect(observed.extraDescriptors).toBeLessThanOrEqual(workload.extraDescriptors)
  })
})

describe('every workload', () => {
  it('has the name under which it is found, and says in a sentence what a cycle is', () => {
    for (const name of workloadNames) {
      expect(workloads[name].name).toBe(name)
      expect(workloads[name].summary).toMatch(/^\S.*[^.\s]$/)
    }
  })
})
