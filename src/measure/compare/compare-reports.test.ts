import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { around, compare, control, onlyComparison, otherOf, saved } from '../../testing/comparing.ts'
import { benchReport, environment, measuredResult, roundsAround } from '../../testing/reports.ts'
import type { BenchReport, BenchResult, Control } from '../report.ts'
import type { Saved } from '../saved/load.ts'
import { compareReports } from './compare-reports.ts'
import { compareExitCode } from './gate.ts'
import type { FigureComparison } from './report.ts'

const platformWith = (over: Partial<typeof environment.platform>): Pick<BenchReport, 'environment'> => ({
  environment: { ...environment, platform: { ...environment.platform, ...over } },
})

describe('figures of two files', () => {
  it.each([
    ['slower', 1100],
    ['faster', 900],
    ['same', 1000],
  ] as const)('are %s at %d to 1000 ns', (verdict, medianNs) => {
    const one = onlyComparison(compare(saved([around(1000)]), saved([around(medianNs)])))
    expect(one).toMatchObject({ workload: 'wake', backend: 'epoll', fds: 1, verdict })
    expect(one.value).toBeCloseTo(medianNs / 1000, 6)
    expect(one.ci95[0]).toBeLessThanOrEqual(one.value)
    expect(one.ci95[1]).toBeGreaterThanOrEqual(one.value)
    expect(one.base).toMatchObject({ medianNs: expect.closeTo(1000) as number, rounds: 30 })
    expect(one).not.toHaveProperty('doubt')
    expect(one).not.toHaveProperty('gate')
  })

  it('are inconclusive where their spread hides the difference', () => {
    const report = compare(saved([around(1000, {}, 0.5)]), saved([around(1050, {}, 0.5)]))
    expect(onlyComparison(report).verdict).toBe('inconclusive')
  })

  it('are no more different than the larger noise floor of the controls of the case', () => {
    const verdictWith = (base: readonly Control[], other: readonly Control[]): FigureComparison =>
      onlyComparison(
        compare(saved([around(1000)], { control: base }), saved([around(1100)], { control: other })),
      )
    expect(verdictWith([control(0.02)], [control(0.03)])).toMatchObject({ verdict: 'slower', floor: 0.03 })
    expect(verdictWith([control(0.3)], [control(0.03)])).toMatchObject({
      verdict: 'inconclusive',
      floor: 0.3,
    })
    expect(verdictWith([], [control(0.3)])).toMatchObject({ verdict: 'inconclusive', floor: 0.3 })
    // That of another size says something where there is none of this size, and only there.
    expect(verdictWith([control(0.3, { fds: 9 })], [])).toMatchObject({ floor: 0.3 })
    expect(verdictWith([control(0.3, { fds: 9 }), control(0.02)], [])).toMatchObject({ floor: 0.02 })
    expect(verdictWith([control(0.3, { workload: 'idle' })], [])).toMatchObject({ floor: 0 })
    expect(verdictWith([control(0.3, { variant: 'edge' })], [])).toMatchObject({ floor: 0 })
  })

  it('have no verdict where there are too few rounds', () => {
    const few = (medianNs: number): BenchResult => measuredResult(roundsAround(medianNs, 0.001, 5))
    const report = compare(saved([few(1000)]), saved([few(2000)]), { failOn: 0.05 })
    expect(onlyComparison(report)).toMatchObject({
      verdict: 'inconclusive',
      doubt: 'rounds',
      gate: 'undecided',
    })
    const alike = compare(saved([few(1000)]), saved([few(1000)]), { failOn: 0.05 })
    expect(onlyComparison(alike)).toMatchObject({ doubt: 'rounds', gate: 'undecided' })
  })

  it('have p corrected for all comparisons of the command', () => {
    const base = saved([around(1000, {}, 0.05)])
    const other = saved([around(1030, {}, 0.05)])
    const alone = onlyComparison(compare(base, other))
    const many = compareReports({ base, others: Array<Saved>(20).fill(other), version: '1' })
    const first = otherOf(many).comparisons[0]
    expect(alone.p).toBeGreaterThan(0)
    expect(first?.p).toBeCloseTo(Math.min(1, 20 * alone.p), 10)
    // The ratio and its interval do not depend on what else is compared.
    expect(first?.ci95).toEqual(alone.ci95)
  })

  it('are the same to the last bit when they are compared again', () => {
    const [base, other] = [saved([around(1000)]), saved([around(1010)])]
    expect(compare(base, other)).toEqual(compare(base, other))
  })

  it('of one report are the same as themselves, and the other way round is the other verdict', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.5, max: 2, noNaN: true }), (ratio) => {
        const [a, b] = [saved([around(1000)]), saved([around(1000 * ratio)])]
        expect(onlyComparison(compare(a, a)).verdict).toBe('same')
        const opposite = { faster: 'slower', slower: 'faster', same: 'same', inconclusive: 'inconclusive' }
        const there = onlyComparison(compare(a, b))
        const back = onlyComparison(compare(b, a))
        expect(back.verdict).toBe(opposite[there.verdict])
        expect(back.value).toBeCloseTo(1 / there.value, 9)
      }),
      { numRuns: 20 },
    )
  })
})

describe('figures that are not compared', () => {
  it('are those of one file only, with the reason that the file gives', () => {
    const base = saved([
      around(1000),
      around(5, { backend: 'poll' }),
      around(5, { workload: 'idle', fds: 9 }),
    ])
    const gap = { workload: 'idle', backend: 'epoll', fds: 9, outcome: 'unsupported', reason: 'why' } as const
    const other = saved([around(1000), around(5, { workload: 'eof' })], { gaps: [gap] })
    expect(otherOf(compare(base, other))).toMatchObject({
      comparisons: [{ workload: 'wake' }],
      onlyInBase: [
        { workload: 'wake', backend: 'poll', fds: 1, reason: 'it was not measured' },
        { workload: 'idle', backend: 'epoll', fds: 9, reason: 'why' },
      ],
      onlyInOther: [{ workload: 'eof', backend: 'epoll', fds: 1 }],
      failed: [],
    })
  })

  it('are those of other backends than are asked for', () => {
    const both = [around(1000), around(5, { backend: 'poll' })]
    const report = otherOf(compare(saved(both), saved(both), { backends: ['poll'] }))
    expect(report.comparisons.map(({ backend }) => backend)).toEqual(['poll'])
    expect(report).toMatchObject({ onlyInBase: [], onlyInOther: [] })
  })

  it('are those of another variant or size', () => {
    const report = compare(
      saved([around(1000, { variant: '1 ms' }), around(10, { fds: 10 })]),
      saved([around(1000, { variant: '10 ms' }), around(10, { fds: 11 })]),
    )
    expect(otherOf(report)).toMatchObject({ comparisons: [], notComparable: [] })
    expect(otherOf(report).onlyInBase).toHaveLength(2)
    expect(otherOf(report).onlyInOther).toHaveLength(2)
  })

  const { settings, driver } = benchReport([])
  it.each<[reason: string, result: Partial<BenchResult>, report: Partial<BenchReport>]>([
    ['driver replay in the base, ffi here', { driver: 'ffi' }, {}],
    ['active 1 in the base, 2 here', { active: 2 }, {}],
    ['events a cycle 1 in the base, 3 here', { eventsPerCycle: 3 }, {}],
    [
      'replaying process forked in the base, threaded here',
      {},
      { driver: { ...driver, process: 'threaded' } },
    ],
    ['trigger level in the base, edge here', {}, { settings: { ...settings, trigger: 'edge' } }],
    ['source eventfd in the base, pipe here', {}, { settings: { ...settings, source: 'pipe' } }],
    ['events a wait 1024 in the base, 1 here', {}, { settings: { ...settings, eventsPerWait: 1 } }],
  ])('are of something else: %s', (reason, result, report) => {
    const compared = compare(saved([around(1000)]), saved([around(1000, result)], report), { failOn: 0.05 })
    expect(otherOf(compared)).toMatchObject({
      comparisons: [],
      notComparable: [{ workload: 'wake', backend: 'epoll', fds: 1, reason }],
    })
    expect(compareExitCode(compared)).toBe(4)
  })

  it('differ in the replaying process for what was replayed alone', () => {
    const called = {
      report: { driver: { name: 'ffi', reason: 'asked for' } },
      result: { driver: 'ffi' },
    } as const
    const report = compare(
      saved([around(1, called.result)]),
      saved([around(1, called.result)], called.report),
    )
    expect(otherOf(report)).toMatchObject({ notComparable: [], comparisons: [{ workload: 'wake' }] })
  })

  it('differ in writes for libevent alone', () => {
    const more = { settings: { ...settings, writes: 5 } }
    expect(otherOf(compare(saved([around(1)]), saved([around(1)], more))).comparisons).toHaveLength(1)
    const libevent = { workload: 'libevent', libevent: { writes: 100, runsUs: [1], passes: 1 } }
    const report = compare(saved([around(1, libevent)]), saved([around(1, libevent)], more))
    expect(otherOf(report).notComparable).toMatchObject([{ reason: 'writes 100 in the base, 5 here' }])
  })
})

describe('machines that differ', () => {
  it.each<[what: string, other: Partial<BenchReport>]>([
    ['kernel', platformWith({ kernel: '6.2.0' })],
    ['kernel build', platformWith({ kernelVersion: '#2 SMP' })],
    ['architecture', platformWith({ arch: 'arm64' })],
    ['CPU', platformWith({ cpus: { model: 'fast', count: 2, usable: 2 } })],
    ['CPUs', platformWith({ cpus: { model: null, count: 2, usable: 1 } })],
    ['libc', platformWith({ libc: { name: 'musl', version: null } })],
    ['clock source', platformWith({ clockSource: 'hpet' })],
    ['timer slack', { timerSlackNs: 1 }],
    ['pinned to', { settings: { ...benchReport([]).settings, cpus: [1] } }],
    [
      'sandbox',
      { environment: { ...environment, sandbox: [{ layer: 'gvisor', evidence: '', confidence: 'high' }] } },
    ],
  ])('by %s take verdicts away, unless they are what is compared', (what, over) => {
    const [base, other] = [saved([around(1000)]), saved([around(2000)], over)]
    const report = compare(base, other, { failOn: 0.05 })
    expect(otherOf(report).differences).toMatchObject([{ what, doubtful: true }])
    expect(onlyComparison(report)).toMatchObject({ verdict: 'inconclusive', doubt: 'machines' })
    expect(onlyComparison(report).value).toBeCloseTo(2, 6)
    expect(compareExitCode(report)).toBe(4)
    const across = compare(base, other, { failOn: 0.05, acrossMachines: true })
    expect(otherOf(across).differences).toEqual(otherOf(report).differences)
    expect(onlyComparison(across)).toMatchObject({ verdict: 'slower', gate: 'beyond' })
    expect(compareExitCode(across)).toBe(1)
  })

  it('by the version of Node matter to calls from Node only', () => {
    const doubtful = (driver: BenchResult['driver']): boolean | undefined => {
      const newer = platformWith({ node: '22.0.0' })
      const report = compare(saved([around(1, { driver })]), saved([around(1, { driver })], newer))
      return otherOf(report).differences[0]?.doubtful
    }
    expect(doubtful('replay')).toBe(false)
    expect(doubtful('ffi')).toBe(true)
  })

  it('by the binding matter to calls from Node only', () => {
    const doubtful = (driver: BenchResult['driver']): unknown => {
      const other = {
        environment: { ...environment, ffi: { ...environment.ffi, binding: 'koffi' as const } },
      }
      const report = compare(saved([around(1, { driver })]), saved([around(1, { driver })], other))
      return otherOf(report).differences
    }
    const difference = { what: 'binding', base: 'ffi-rs', other: 'koffi' }
    expect(doubtful('replay')).toEqual([{ ...difference, doubtful: false }])
    expect(doubtful('ffi')).toEqual([{ ...difference, doubtful: true }])
  })

  it('by the library in front of libc are what is compared', () => {
    const library = { environment: { ...environment, ffi: { ...environment.ffi, library: '/x.so' } } }
    const report = compare(saved([around(1000)]), saved([around(2000)], library))
    expect(otherOf(report).differences).toEqual([
      { what: 'library', base: 'none', other: '/x.so', doubtful: false },
    ])
    expect(onlyComparison(report).verdict).toBe('slower')
  })

  it('leave the other files alone', () => {
    const base = saved([around(1000)])
    const others = [saved([around(2000)], platformWith({ kernel: '7' })), saved([around(2000)])]
    const report = compareReports({ base, others, version: '1' })
    expect(report.others.map(({ comparisons }) => comparisons[0]?.verdict)).toEqual([
      'inconclusive',
      'slower',
    ])
  })
})

describe('the geometric mean', () => {
  it('is of each backend, and of all', () => {
    const base = [around(100), around(100, { fds: 2 }), around(100, { backend: 'poll' })]
    const other = [around(200), around(800, { fds: 2 }), around(50, { backend: 'poll' })]
    const { geometricMeans } = otherOf(compare(saved(base), saved(other)))
    expect(geometricMeans).toEqual([
      { backend: 'epoll', value: expect.closeTo(4, 6) as number, count: 2 },
      { backend: 'poll', value: expect.closeTo(0.5, 6) as number, count: 1 },
      { value: expect.closeTo(2, 6) as number, count: 3 },
    ])
  })

  it('of nothing is not there', () => {
    expect(otherOf(compare(saved([]), saved([])))).toMatchObject({ geometricMeans: [], comparisons: [] })
  })
})
