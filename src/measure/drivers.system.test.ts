/** Every workload on every backend by both drivers: what is counted, told, and left behind. */
import { describe, expect, it } from 'vitest'
import type { Trigger } from '../backends/backend.ts'
import { backendNames, backends } from '../backends/index.ts'
import type { BackendName } from '../backends/index.ts'
import { openLibc } from '../libc/libc.ts'
import { openDescriptors } from '../libc/open-descriptors.ts'
import { hasCompiler } from '../testing/compile.ts'
import { testDrivers } from '../testing/drivers.ts'
import { workloadNames, workloads } from '../workloads/index.ts'
import type { WorkloadName } from '../workloads/index.ts'
import { sourceKinds } from '../workloads/sources.ts'
import type { Case, Detail, EventCount, Workload, WorkloadOptions } from '../workloads/workload.ts'
import type { MeasuringDriver } from './driver.ts'

const libc = openLibc()
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
  const { cycles = 4, variant, ...over } = given
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
  const cannot = one.cannot?.(backends[backend]) ?? driver.cannot(one)
  if (cannot !== undefined) return { variant, cannot, rawNs: [] }
  const rawNs: number[] = []
  const noting: Case = {
    ...one,
    open(setting) {
      const cycle = one.open(setting)
      const { durations } = cycle
      if (durations === undefined) return cycle
      return {
        ...cycle,
        durations(marks) {
          const values = durations(marks)
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
    opened.subject.close()
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

/** That a case ran, and that every event of it was counted right. */
function expectRight(name: WorkloadName, outcome: Outcome, one: Case | undefined): void {
  const what = `${name} ${outcome.variant ?? ''}`
  expect(outcome.failure, what).toBeUndefined()
  const { events } = outcome
  expect(events, what).toEqual({ ...noneWrong, expected: events?.expected, seen: events?.expected })
  // Two batches of four cycles, and what comes before them untimed.
  if (one !== undefined && eventsOf(name, one) > 0) {
    const cycles = (events?.expected ?? 0) / eventsOf(name, one)
    expect(Number.isInteger(cycles), what).toBe(true)
    expect(cycles, what).toBeGreaterThanOrEqual(8)
  }
}

const noneWrong = { duplicate: 0, spurious: 0, lost: 0 }

const all = drivers.flatMap((driver) =>
  backendNames.map((backend) => ({ driver, name: driver.name, backend })),
)

it.skipIf(hasCompiler)('the replay driver is not tested: there is no C compiler', () => {
  expect(drivers.map(({ name }) => name)).toEqual(['ffi'])
})

describe.each(all)('by the $name driver on $backend', ({ driver, backend }) => {
  it.each(workloadNames)('%s counts every event, and leaves no descriptor behind', (name) => {
    const cases = workloads[name].cases(DEFAULTS)
    for (const [index, outcome] of drive(driver, name, backend).entries()) {
      if (outcome.cannot !== undefined) continue
      expectRight(name, outcome, cases[index])
      expect(outcome.cycleNs?.every((ns) => ns >= 0)).toBe(true)
      expect(outcome.durationsNs?.every((ns) => Number.isFinite(ns))).toBe(true)
      expect(outcome.durationsNs?.length).toBeGreaterThanOrEqual(name === 'herd' ? 1 : 4)
    }
  })

  it.each([1, 2, 100, 1000])('idle, ready, dispatch, register and libevent count right at size %d', (fds) => {
    for (const name of ['idle', 'ready', 'dispatch', 'register'] as const) {
      // select cannot have descriptors above 1023.
      const tooMany = backend === 'select' && fds > 900
      if (tooMany) continue
      for (const active of [1, fds]) {
        const given = { fds, active, eventsPerWait: 1024, cycles: 4 }
        const [outcome] = drive(driver, name, backend, given)
        const [one] = workloads[name].cases({ ...DEFAULTS, ...given })
        expectRight(name, outcome ?? { variant: undefined, rawNs: [] }, one)
      }
    }
    const small = Math.min(fds, 100)
    const [outcome] = drive(driver, 'libevent', backend, { fds: small, active: 1 })
    expectRight('libevent', outcome ?? { variant: undefined, rawNs: [] }, undefined)
  })

  it.each(sourceKinds)('counts right with %s sources', (source) => {
    for (const name of workloadNames) {
      for (const outcome of drive(driver, name, backend, { source })) {
        if (outcome.cannot === undefined) expectRight(name, outcome, undefined)
      }
    }
  })

  it.each(['edge', 'oneshot', 'edge-oneshot'] as const)(
    'with the %s trigger it counts right, or says why it cannot',
    (trigger: Trigger) => {
      const ran: WorkloadName[] = []
      for (const name of workloadNames) {
        for (const outcome of drive(driver, name, backend, { trigger })) {
          if (outcome.cannot !== undefined) {
            expect(outcome.cannot).toMatch(/^[a-z]/)
            continue
          }
          expectRight(name, outcome, undefined)
          ran.push(name)
        }
      }
      // rearm has a oneshot trigger whatever is asked for; it is edge-triggered too only where that exists.
      if (trigger === 'oneshot' || backend === 'epoll') expect(ran).toContain('rearm')
    },
  )

  it('takes one event a wait where that is asked for', () => {
    for (const name of workloadNames) {
      for (const outcome of drive(driver, name, backend, { eventsPerWait: 1 })) {
        if (name === 'ready') expect(outcome.cannot).toContain('no two waits are alike')
        if (outcome.cannot === undefined) expectRight(name, outcome, undefined)
      }
    }
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
      if (active === 1) expect(libevent?.passes).toBe(1 + writes)
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

describe.each(replay.flatMap((driver) => backendNames.map((backend) => ({ driver, backend }))))(
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

    it('herd: a level-triggered source wakes all, an exclusive or edge-triggered one wakes few', () => {
      const seen = new Map<string, Detail['herd']>()
      for (const { variant = '', detail } of drive(driver, 'herd', backend, { cycles: 15 })) {
        if (detail?.herd !== undefined) seen.set(variant, detail.herd)
      }
      const level = seen.get('level, 8 pollers')
      expect(level).toMatchObject({ threads: 8, pollers: 8, wokenMax: 8 })
      expect([...seen.keys()]).toHaveLength(backend === 'epoll' ? 4 : 1)
      for (const [variant, herd] of seen) {
        expect(herd?.firstNs, variant).toBeGreaterThan(0)
        expect(herd?.lastNs, variant).toBeGreaterThanOrEqual(herd?.firstNs ?? NaN)
        expect(herd?.wokenMin, variant).toBeLessThanOrEqual(herd?.wokenMedian ?? NaN)
        expect(herd?.wokenMedian, variant).toBeLessThanOrEqual(herd?.wokenMax ?? NaN)
        // On a busy machine some thread may come to its wait when the signal is there already: not in every cycle.
        if (/^(edge|exclusive)/.test(variant)) expect(herd?.wokenMin, variant).toBeLessThanOrEqual(2)
      }
    })
  },
)
