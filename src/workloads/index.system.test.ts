/** Every workload by itself, without a driver: what it opens and registers, and what it leaves in its sources. */
import { describe, expect, it } from 'vitest'
import type { Backend, Poller } from '../backends/backend.ts'
import { backends } from '../backends/index.ts'
import { UnsupportedError } from '../errors.ts'
import { openDescriptors } from '../libc/open-descriptors.ts'
import { backendWorkloadNames, runtimeWorkloadNames, workloadNames, workloads } from './index.ts'
import { Sources } from './sources.ts'
import type { Case, Lane, Workload, WorkloadOptions } from './workload.ts'
import { testedLibc, testedNames } from '../testing/backends.ts'

const libc = testedLibc
const CYCLES = 5

const OPTIONS: WorkloadOptions = {
  fds: 10,
  active: 3,
  eventsPerWait: 64,
  trigger: 'level',
  source: 'eventfd',
  writes: 5,
  rateHz: 1000,
}

interface Observed {
  /** The most registrations and descriptors that there were, beyond the sources and the Pollers. */
  readonly registered: number
  readonly extraDescriptors: number
  /** How many signals its sources hold after its cycles, and when it is closed. */
  readonly left: readonly number[]
}

/** Runs some cycles of a case that one thread can run, and looks at what it does. */
function observe(one: Case, backend: Backend): Observed {
  using sources = new Sources(libc, one.sources)
  const before = openDescriptors(libc)
  const most = { registered: 0, descriptors: 0 }
  /** Descriptors of the Pollers themselves: a library may need several for each. */
  const own = new Set<number>()
  const known = new Set<number>()
  const pollers: Poller[] = []
  const look = (): void => {
    most.registered = Math.max(most.registered, known.size)
    most.descriptors = Math.max(most.descriptors, openDescriptors(libc).size - before.size - own.size)
  }
  const lane: Lane = {
    libc,
    open() {
      const others = openDescriptors(libc)
      const poller = backend.open(libc)
      pollers.push(poller)
      for (const fd of openDescriptors(libc)) if (!others.has(fd)) own.add(fd)
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
      return poller
    },
    mark: () => undefined,
    barrier: () => undefined,
    pace: () => undefined,
    unchecked: (calls) => calls(),
  }
  const events = { expected: 0, seen: 0, duplicate: 0, spurious: 0, lost: 0 }
  const cycle = one.open({ backend, lanes: [lane], sources, events })
  for (let i = 0; i < CYCLES; i++) {
    cycle.before?.()
    cycle.run()
    cycle.after?.()
    look()
  }
  cycle.settle?.()
  cycle.close?.()
  for (const poller of pollers) poller.close()
  expect(openDescriptors(libc)).toEqual(before)
  const left = Array.from({ length: sources.length }, (_, index) => sources.drain(libc, index))
  return { registered: most.registered, extraDescriptors: most.descriptors, left }
}

/** Those whose cycles are over when they return: the pool has tests of its own. */
const direct = workloadNames.filter((name) => name !== 'pool')

const combinations = direct.flatMap((workload) => testedNames.map((backend) => ({ workload, backend })))

describe.each(combinations)('$workload on $backend', ({ workload: name, backend: of }) => {
  const workload: Workload = workloads[name]
  const backend = backends[of]
  const cases = workload
    .cases(OPTIONS)
    .filter((one) => one.lanes === undefined && one.cannot?.(backend) === undefined)

  it('registers as many descriptors as it says, opens no more than it says, and leaves sources as they were', () => {
    for (const one of cases) {
      const { registered, extraDescriptors, left } = observe(one, backend)
      // While register works, one more than it says comes and goes; and a server waits for who connects, too.
      expect(registered).toBe(one.fds + (name === 'register' || name === 'echo-fibers' ? 1 : 0))
      expect(extraDescriptors).toBeLessThanOrEqual(one.extraDescriptors)
      // Those of idle and ready stay ready; nothing else does.
      const ready = name === 'idle' ? 1 : name === 'ready' ? one.active : 0
      expect(left.filter((count) => count > 0)).toHaveLength(ready)
    }
    // Those whose threads work together need a driver that has threads.
    expect(cases.length > 0).toBe(name !== 'herd' && name !== 'wake-thread')
  })
})

describe('every workload', () => {
  it('of a runtime is there twice, by hand and by fibers, and is measured call by call', () => {
    for (const name of runtimeWorkloadNames.filter((one) => one !== 'pool')) {
      const cases = workloads[name].cases(OPTIONS)
      expect(cases.map(({ variant, driver }) => [variant, driver])).toEqual([
        ['bare', 'ffi'],
        ['fibers', 'ffi'],
      ])
    }
    for (const name of backendWorkloadNames) {
      const workload: Workload = workloads[name]
      expect(workload.cases(OPTIONS).map(({ driver }) => driver)).not.toContain('ffi')
    }
    expect([...backendWorkloadNames, ...runtimeWorkloadNames]).toEqual(workloadNames)
  })

  it('has the name under which it is found, and says in a sentence what a cycle is', () => {
    for (const name of workloadNames) {
      expect(workloads[name].name).toBe(name)
      expect(workloads[name].summary).toMatch(/^\S.*[^.\s]$/)
    }
  })

  it('has variants with names of their own', () => {
    for (const name of workloadNames) {
      const workload: Workload = workloads[name]
      const variants = workload.cases(OPTIONS).map(({ variant }) => variant)
      expect(new Set(variants).size).toBe(variants.length)
    }
  })
})

describe.each(testedNames.map((name) => ({ name })))('the pool on $name', ({ name }) => {
  it('runs every job once, and leaves no descriptor', async () => {
    const before = openDescriptors(libc)
    for (const one of workloads.pool.cases(OPTIONS)) {
      const backend = backends[name]
      const events = { expected: 0, seen: 0, duplicate: 0, spurious: 0, lost: 0 }
      const setting = {
        backend,
        lanes: [{ libc } as Lane],
        sources: new Sources(libc, one.sources),
        events,
      } as const
      expect(() => one.open(setting)).toThrow(UnsupportedError)
      const cycle = one.openLater?.(setting)
      for (let i = 0; i < CYCLES; i++) await cycle?.run()
      const jobs = CYCLES * one.eventsPerCycle
      expect(events).toEqual({ expected: jobs, seen: jobs, duplicate: 0, spurious: 0, lost: 0 })
      expect(cycle?.detail().pool).toMatchObject({ threads: 2, jobs })
      await cycle?.close()
    }
    expect(openDescriptors(libc)).toEqual(before)
  })
})

describe('the number of active sources', () => {
  it.each([
    [1, 1],
    [99, 1],
    [100, 1],
    [199, 1],
    [200, 2],
    [10_000, 100],
    [100_000, 100],
  ])('of %d is %d, unless the user says so', (fds, active) => {
    const [one] = workloads.ready.cases({ ...OPTIONS, active: undefined, fds })
    expect(one?.active).toBe(active)
  })

  it.each(['ready', 'dispatch', 'libevent', 'echo-fibers'] as const)(
    'of %s is never more than there are',
    (name) => {
      const [one] = workloads[name].cases({ ...OPTIONS, fds: 4, active: 100 })
      expect(one?.active).toBe(4)
    },
  )

  it("of libevent's bench is one by default, as there", () => {
    const [one] = workloads.libevent.cases({ ...OPTIONS, active: undefined, fds: 1000 })
    expect(one).toMatchObject({ active: 1, eventsPerCycle: 6 })
  })
})
