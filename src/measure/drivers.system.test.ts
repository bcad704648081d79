/** Every workload on every backend by both drivers: what is counted, told, and left behind. */
import { describe, expect, it } from 'vitest'
import type { Backend, Capabilities, Trigger } from '../backends/backend.ts'
import { backends } from '../backends/index.ts'
import type { BackendName } from '../backends/index.ts'
import { openDescriptors } from '../libc/open-descriptors.ts'
import { hasCompiler } from '../testing/compile.ts'
import { testDrivers } from '../testing/drivers.ts'
import { runtimeWorkloadNames, workloadNames as allNames, workloads } from '../workloads/index.ts'
import type { WorkloadName } from '../workloads/index.ts'
import { sourceKinds } from '../workloads/sources.ts'
import type { Case, Detail, EventCount, Workload, WorkloadOptions } from '../workloads/workload.ts'
import { closeAll } from './driver.ts'
import type { MeasuringDriver } from './driver.ts'
import { testedLibc, testedNames } from '../testing/backends.ts'

const libc = testedLibc
/** Those whose cycles are over when they return: the pool's are promised. */
const workloadNames = allNames.filter((name) => name !== 'pool')
const drivers = testDrivers()

const DEFAULTS: WorkloadOptions = {
  fds: 10,
  active: 3,
  eventsPerWait: 64,
  trigger: 'level',
  source: 'eventfd',
  writes: 7,
  rateHz: 2000,
}

/** What became of a case. */
interface Outcome {
  readonly variant: string | undefined
  /** Why it was not run, in the words of the workload or the driver. */
  readonly cannot?: string | undefined
  readonly failure?: string
  readonly events?: EventCount
  readonly detail?: Detail
  readonly cycleNs?: readonly number[]
  readonly durationsNs?: readonly number[]
  /** Before the driver's own corrections. */
  readonly rawNs: readonly number[]
}

interface Given extends Partial<WorkloadOptions> {
  readonly cycles?: number
  readonly variant?: string
}

/** Runs all cases of a workload as rounds do: some cycles with their durations, and some without. */
function drive(
  driver: MeasuringDriver,
  name: WorkloadName,
  backend: BackendName,
  given: Given = {},
): Outcome[] {
  const { cycles = 2, variant, ...over } = given
  const workload: Workload = workloads[name]
  return workload
    .cases({ ...DEFAULTS, ...over })
    .filter((one) => variant === undefined || one.variant === variant)
    .map((one) => driveCase(driver, name, backend, one, cycles))
}

function driveCase(
  driver: MeasuringDriver,
  name: string,
  backend: BackendName,
  one: Case,
  cycles: number,
): Outcome {
  const { variant } = one
  const cannot = one.cannot?.(backends[backend]) ?? driver.cannot(one, backends[backend])
  if (cannot !== undefined) return { variant, cannot, rawNs: [] }
  const rawNs: number[] = []
  const noting: Case = {
    ...one,
    open(setting) {
      const cycle = one.open(setting)
      if (cycle.durations === undefined) return cycle
      return {
        ...cycle,
        durations(marks) {
          const values = cycle.durations?.(marks) ?? new Float64Array()
          rawNs.push(...values)
          return values
        },
      }
    },
  }
  const before = openDescriptors(libc)
  const [opened] = driver.open([backends[backend]], { libc, workload: name, case: noting, cpus: [] })
  if (opened === undefined) throw new Error('nothing was opened')
  if ('failure' in opened) return { variant, failure: opened.failure, rawNs }
  try {
    const timed = opened.subject.run(cycles, true)
    const plain = opened.subject.run(cycles, false)
    return {
      variant,
      events: { ...opened.subject.events },
      detail: opened.subject.detail(),
      cycleNs: [timed.cycleNs, plain.cycleNs],
      durationsNs: [...timed.durationsNs],
      rawNs,
    }
  } finally {
    closeAll([opened])
    driver.close()
    // Whatever became of it, nothing may be left open.
    expect(openDescriptors(libc)).toEqual(before)
  }
}

/** How many events a cycle of a case has. */
function eventsOf(name: WorkloadName, { eventsPerCycle, lanes = 1 }: Case): number {
  if (name === 'register' || name === 'timeout') return 0
  if (name === 'echo') return 2
  if (name === 'herd') return lanes - 1
  return name === 'wake-thread' && eventsPerCycle === 1 && lanes === 2 ? NaN : eventsPerCycle
}

/** What a driver can do at all: what goes its own way cannot be replayed. */
function namesFor({ name }: MeasuringDriver): readonly BackendName[] {
  return testedNames.filter((backend) => {
    const { unrepeatable }: Backend = backends[backend]
    return name === 'ffi' || unrepeatable === undefined
  })
}

/** What is wrong with a case that was run: nothing, or its failure or its count of events. */
function wrongWith(name: WorkloadName, outcome: Outcome | undefined, one?: Case): readonly unknown[] {
  if (outcome?.cannot !== undefined) return []
  const { variant = '', failure, events } = outcome ?? { failure: 'it is not there' }
  const what = `${name} ${variant}`
  if (failure !== undefined || events === undefined) return [what, failure]
  const { expected, seen } = events
  if (JSON.stringify({ ...events, ...noneWrong }) !== JSON.stringify(events) || seen !== expected) {
    return [what, events]
  }
  if (one === undefined || !(eventsOf(name, one) > 0)) return []
  // Two batches of two cycles, and what comes before them untimed.
  const cycles = expected / eventsOf(name, one)
  return Number.isInteger(cycles) && cycles >= 4 ? [] : [what, cycles]
}

const noneWrong = { duplicate: 0, spurious: 0, lost: 0 }

const all = drivers.flatMap((driver) =>
  namesFor(driver).map((backend) => ({ driver, name: driver.name, backend })),
)

it.skipIf(hasCompiler)('the replay driver is not tested: there is no C compiler', () => {
  expect(drivers.map(({ name }) => name)).toEqual(['ffi'])
})

describe.each(all)('by the $name driver on $backend', ({ driver, backend }) => {
  it.each(workloadNames)('%s counts every event, and leaves no descriptor behind', (name) => {
    const cases = workloads[name].cases(DEFAULTS)
    const outcomes = drive(driver, name, backend)
    expect(outcomes.flatMap((outcome, index) => wrongWith(name, outcome, cases[index]))).toEqual([])
    const ran = outcomes.filter(({ cannot }) => cannot === undefined)
    expect(ran.flatMap(({ cycleNs }) => cycleNs).every((ns = NaN) => ns >= 0)).toBe(true)
    for (const { durationsNs = [] } of ran) {
      expect(durationsNs.every((ns) => ns >= 0 && ns < Infinity)).toBe(true)
      expect(durationsNs.length).toBeGreaterThanOrEqual(2)
    }
  })

  it.each([1, 2, 100, 1000])('idle, ready, dispatch, register and libevent count right at size %d', (fds) => {
    // select cannot have descriptors above 1023.
    const size = backend === 'select' ? Math.min(fds, 900) : fds
    const wrong = (['idle', 'ready', 'dispatch', 'register'] as const).flatMap((name) =>
      [1, size].flatMap((active) => {
        const given = { fds: size, active, eventsPerWait: 1024 }
        const [one] = workloads[name].cases({ ...DEFAULTS, ...given })
        const [outcome] = drive(driver, name, backend, given)
        return wrongWith(name, outcome, one)
      }),
    )
    const [paired] = drive(driver, 'libevent', backend, { fds: Math.min(size, 100), active: 1 })
    expect([...wrong, ...wrongWith('libevent', paired)]).toEqual([])
  })

  it.each(sourceKinds)('counts right with %s sources', (source) => {
    const wrong = workloadNames.flatMap((name) =>
      drive(driver, name, backend, { source }).flatMap((outcome) => wrongWith(name, outcome)),
    )
    expect(wrong).toEqual([])
  })

  it.each(['edge', 'oneshot', 'edge-oneshot'] as const)(
    'with the %s trigger it counts right, or says why it cannot',
    (trigger: Trigger) => {
      const outcomes = workloadNames.flatMap((name) =>
        drive(driver, name, backend, { trigger }).map((outcome) => ({ name, outcome })),
      )
      expect(outcomes.flatMap(({ name, outcome }) => wrongWith(name, outcome))).toEqual([])
      expect(outcomes.every(({ outcome }) => outcome.cannot?.match(/^[a-z]/) !== null)).toBe(true)
      const ran = outcomes.filter(({ outcome }) => outcome.cannot === undefined).map(({ name }) => name)
      // rearm has a oneshot trigger whatever is asked for; it is edge-triggered too only where that exists.
      const hasEdges = backends[backend].capabilities.triggers.includes('edge-oneshot')
      expect(ran.includes('rearm')).toBe(trigger === 'oneshot' || hasEdges)
    },
  )

  it('takes one event a wait where that is asked for', () => {
    const outcomes = workloadNames.flatMap((name) =>
      drive(driver, name, backend, { eventsPerWait: 1 }).map((outcome) => ({ name, outcome })),
    )
    expect(outcomes.flatMap(({ name, outcome }) => wrongWith(name, outcome))).toEqual([])
    const ready = outcomes.find(({ name }) => name === 'ready')
    expect(ready?.outcome.cannot).toContain('no two waits are alike')
  })

  it("makes as many events as libevent's bench, in as many passes", () => {
    for (const [active, writes] of [
      [1, 7],
      [3, 9],
      [10, 0],
      [10, 25],
    ] as const) {
      const [outcome] = drive(driver, 'libevent', backend, { active, writes })
      const { libevent } = outcome?.detail ?? {}
      expect((outcome?.events?.expected ?? 0) % (active + writes)).toBe(0)
      expect(outcome?.events).toMatchObject({ ...noneWrong, seen: outcome?.events?.expected })
      expect(libevent?.writes).toBe(writes)
      // Each pass takes what is active, and as many are active after it; the signals of a pass may join it.
      const fewest = Math.ceil((active + writes) / 10)
      expect(libevent?.passes).toBeGreaterThanOrEqual(fewest)
      expect(libevent?.passes).toBeLessThanOrEqual(Math.ceil((active + writes) / active) + 1)
      const exact = active === 1 ? 1 + writes : libevent?.passes
      expect(libevent?.passes).toBe(exact)
    }
  })

  it('never returns from a timeout early', () => {
    const outcomes = drive(driver, 'timeout', backend, { cycles: 12 })
    expect(outcomes.map(({ variant }) => variant)).toEqual(['100 us', '1 ms', '10 ms'])
    for (const { rawNs } of outcomes) {
      expect(rawNs.length).toBeGreaterThanOrEqual(12)
      expect(Math.min(...rawNs)).toBeGreaterThan(0)
    }
  })
})

const replay = drivers.filter(({ name }) => name === 'replay')

it('only the ffi driver measures what a runtime adds', () => {
  for (const name of runtimeWorkloadNames) {
    const cases: readonly Case[] = workloads[name].cases(DEFAULTS)
    for (const { driver, one } of drivers.flatMap((each) => cases.map((one) => ({ driver: each, one })))) {
      const reason = driver.cannot(one, backends.epoll)
      expect([name, driver.name, reason?.includes('JavaScript') ?? false]).toEqual([
        name,
        driver.name,
        driver.name === 'replay',
      ])
    }
  }
})

// A driver keeps a library's kqueue open from the first on, which is no leak of the test that comes first.
if (testedNames.includes('kqueue')) for (const driver of replay) drive(driver, 'wake', 'kqueue')

describe.each(replay.flatMap((driver) => namesFor(driver).map((backend) => ({ driver, backend }))))(
  'threads on $backend (need the replay driver)',
  ({ driver, backend }) => {
    it('open loop: what a caller waits is never less than what is left after the sending', () => {
      const [outcome] = drive(driver, 'wake-thread', backend, { variant: 'open loop, 2000/s', cycles: 40 })
      const { openLoop } = outcome?.detail ?? {}
      const { correctedNs = [], uncorrectedNs = [] } = openLoop ?? {}
      expect(openLoop?.rateHz).toBe(2000)
      expect(correctedNs.length).toBeGreaterThanOrEqual(80)
      expect(uncorrectedNs).toHaveLength(correctedNs.length)
      for (const [i, corrected] of correctedNs.entries()) {
        expect(corrected).toBeGreaterThanOrEqual(uncorrectedNs[i] ?? NaN)
        expect(uncorrectedNs[i]).toBeGreaterThan(0)
      }
    })

    it('wake in turn: both ways are timed, and no wake comes before its signal', () => {
      const [outcome] = drive(driver, 'wake-thread', backend, { cycles: 50 })
      expect(outcome?.durationsNs).toHaveLength(100)
      expect(Math.min(...(outcome?.rawNs ?? [0]))).toBeGreaterThan(0)
    })

    const capabilities: Capabilities = backends[backend].capabilities
    const asksAnew = capabilities.asksAnew === true
    it.skipIf(asksAnew)(
      'herd: a level-triggered source wakes all, an exclusive or edge-triggered one wakes few',
      () => {
        const seen = new Map<string, Detail['herd']>()
        for (const { variant = '', detail } of drive(driver, 'herd', backend, { cycles: 15 })) {
          if (detail?.herd !== undefined) seen.set(variant, detail.herd)
        }
        const level = seen.get('level, 8 pollers')
        expect(level).toMatchObject({ threads: 8, pollers: 8, wokenMax: 8 })
        // One Poller for all threads only where the kernel object has edges; exclusive ones are epoll's.
        const shared = capabilities.triggers.includes('edge') ? 2 : 0
        expect([...seen.keys()]).toHaveLength(1 + shared + Number(capabilities.exclusive))
        for (const [variant, herd] of seen) {
          const {
            firstNs = NaN,
            lastNs = NaN,
            wokenMin = NaN,
            wokenMedian = NaN,
            wokenMax = NaN,
          } = herd ?? {}
          const inOrder =
            0 < firstNs && firstNs <= lastNs && wokenMin <= wokenMedian && wokenMedian <= wokenMax
          // On a busy machine some thread may come to its wait when the signal is there already: not in every cycle.
          const few = !/^(edge|exclusive)/.test(variant) || wokenMin <= 2
          expect({ variant, inOrder, few }).toEqual({ variant, inOrder: true, few: true })
        }
      },
    )
  },
)
