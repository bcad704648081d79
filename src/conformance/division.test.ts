import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { kinds } from './check.ts'
import { divide } from './division.ts'
import type { BackendChecks } from './division.ts'

type Checks = BackendChecks['checks']

const checksOf = (count: number, kind: Checks[number]['kind'], threads = 0): Checks =>
  Array.from({ length: count }, (_, i) => ({ id: `${kind}-${threads}.${i}`, kind, threads }))

const epoll = (...checks: readonly Checks[]): BackendChecks => ({ backend: 'epoll', checks: checks.flat() })

describe('dividing checks among processes', () => {
  it('makes one part of few, however many jobs there are: a process that is started for nothing costs time', () => {
    expect(divide([epoll(checksOf(5, 'det'))], { jobs: 16 })).toEqual([
      { backend: 'epoll', ids: checksOf(5, 'det').map(({ id }) => id), alone: false },
    ])
    expect(divide([epoll()], { jobs: 16 })).toEqual([])
  })

  it('makes more parts of few that run often', () => {
    expect(divide([epoll(checksOf(5, 'det'))], { jobs: 4, repeat: 1000 })).toHaveLength(4)
  })

  it('makes as many parts as somebody asked for, of all backends together', () => {
    const few = epoll(checksOf(20, 'det'))
    expect(divide([few], { jobs: 4, asked: true })).toHaveLength(4)
    expect(divide([few, { ...few, backend: 'poll' }], { jobs: 5, asked: true })).toHaveLength(6)
    expect(divide([epoll(checksOf(2, 'det'))], { jobs: 4, asked: true })).toHaveLength(2)
  })

  it('spreads many evenly, those that take long too, one part in the order of the catalogue, one waiting first', () => {
    const checks = [...checksOf(1200, 'det'), ...checksOf(20, 'time')]
    const parts = divide([epoll(checks)], { jobs: 2 })
    expect(parts).toHaveLength(2)
    for (const [i, { ids }] of parts.entries()) {
      expect(ids.filter((id) => id.startsWith('time'))).toHaveLength(10)
      const ordered = checks.map(({ id }) => id).filter((id) => ids.includes(id))
      expect(ids).toEqual(i === 0 ? ordered : [...ordered.slice(-10), ...ordered.slice(0, -10)])
    }
    expect(Math.abs((parts[0]?.ids.length ?? 0) - (parts[1]?.ids.length ?? 0))).toBeLessThanOrEqual(1)
  })

  it('has the checks with many threads in one part, which has less of the rest for it', () => {
    const [first, second] = divide([epoll(checksOf(1200, 'det'), checksOf(3, 'thread', 8))], { jobs: 2 })
    const many = [first, second].map((part) => part?.ids.filter((id) => id.startsWith('thread')).length)
    expect(new Set(many)).toEqual(new Set([0, 3]))
    expect(Math.abs((first?.ids.length ?? 0) - (second?.ids.length ?? 0))).toBeGreaterThan(50)
  })

  it('has all checks with threads in one part, so that the other starts none, unless they are most of all', () => {
    const inParts = (...checks: readonly Checks[]): number[] =>
      divide([epoll(...checks)], { jobs: 2 }).map(
        ({ ids }) => ids.filter((id) => id.startsWith('thread')).length,
      )
    expect(new Set(inParts(checksOf(1200, 'det'), checksOf(100, 'thread', 1)))).toEqual(new Set([0, 100]))
    expect(Math.min(...inParts(checksOf(100, 'det'), checksOf(600, 'thread', 1)))).toBeGreaterThan(200)
  })

  it('has the races of a backend alone, in one part', () => {
    const parts = divide([epoll(checksOf(9, 'race', 1), checksOf(5, 'det'))], { jobs: 4 })
    expect(parts.map(({ alone, ids }) => [alone, ids.length])).toEqual([
      [true, 9],
      [false, 5],
    ])
  })

  it('has every check of every backend in exactly one part, and never more parts than jobs and one', () => {
    const anyChecks = fc.array(
      fc.record({ kind: fc.constantFrom(...kinds), threads: fc.integer({ min: 0, max: 9 }) }),
      { maxLength: 200 },
    )
    fc.assert(
      fc.property(anyChecks, anyChecks, fc.integer({ min: 1, max: 9 }), (first, second, jobs) => {
        const plan = ([first, second] as const).map((checks, i): BackendChecks => ({
          backend: i === 0 ? 'epoll' : 'poll',
          checks: checks.map((check, index) => ({ ...check, id: `x.${index}` })),
        }))
        const parts = divide(plan, { jobs })
        for (const { backend, checks } of plan) {
          const own = parts.filter((part) => part.backend === backend)
          expect(own.flatMap(({ ids }) => ids).toSorted()).toEqual(checks.map(({ id }) => id).toSorted())
          expect(own.filter(({ alone }) => !alone).length).toBeLessThanOrEqual(jobs)
          expect(own.filter(({ alone }) => alone).length).toBeLessThanOrEqual(1)
        }
      }),
    )
  })
})
