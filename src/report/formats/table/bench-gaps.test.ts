import { describe, expect, it } from 'vitest'
import type { BenchGap } from '../../../measure/report.ts'
import { makeStyle } from '../../style.ts'
import { gapLines } from './bench-gaps.ts'

const style = makeStyle(false)

function gap(workload: string, backend: BenchGap['backend'], over: Partial<BenchGap> = {}): BenchGap {
  return { workload, backend, fds: 1, outcome: 'unsupported', reason: 'it has no edge trigger', ...over }
}

describe('why figures are missing', () => {
  it('is a line for each reason, with all that it is the reason for', () => {
    const gaps = [gap('wake', 'poll'), gap('wake', 'select'), gap('echo', 'poll'), gap('echo', 'select')]
    expect(gapLines(gaps, style)).toEqual(['unsupported: wake, echo on poll, select: it has no edge trigger'])
  })

  it('is a line for each backend where they do not lack the same', () => {
    const gaps = [gap('wake', 'poll'), gap('wake', 'select'), gap('herd', 'select', { variant: 'edge' })]
    expect(gapLines(gaps, style)).toEqual([
      'unsupported: wake on poll: it has no edge trigger',
      'unsupported: wake, herd (edge) on select: it has no edge trigger',
    ])
  })

  it('is one line for reasons that differ in their numbers, which are given as a range', () => {
    const needs = (some: number): string => `above 1023, and this needs some ${some}`
    const gaps = [
      gap('idle', 'select', { fds: 1001, reason: needs(1023) }),
      gap('register', 'select', { fds: 1001, reason: needs(1024) }),
      gap('idle', 'select', { fds: 9000, reason: needs(9023) }),
    ]
    expect(gapLines(gaps, style)).toEqual([
      'unsupported: idle, register on select: above 1023, and this needs some 1023 to 9023',
    ])
  })

  it('keeps failures apart, with their size and their numbers', () => {
    const failed = (fds: number, reason: string): BenchGap =>
      gap('idle', 'poll', { fds, outcome: 'failed', reason })
    expect(gapLines([failed(10, '1 lost'), failed(100, '2 lost')], style)).toEqual([
      'failed: idle at 10 on poll: 1 lost',
      'failed: idle at 100 on poll: 2 lost',
    ])
  })

  it('does not say twice what it is about', () => {
    const gaps = ['idle', 'ready'].map((name) =>
      gap(name, 'select', { reason: `${name} on select: no room` }),
    )
    expect(gapLines(gaps, style)).toEqual(['unsupported: idle, ready on select: no room'])
  })

  it('is nothing where nothing is missing', () => {
    expect(gapLines([], style)).toEqual([])
  })
})
