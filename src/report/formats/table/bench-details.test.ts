import { describe, expect, it } from 'vitest'
import type { OpenLoopResult } from '../../../measure/report.ts'
import { benchReport, benchResult } from '../../../testing/reports.ts'
import { makeStyle } from '../../style.ts'
import { benchTable } from './bench.ts'

const plain = { style: makeStyle(false), verbose: false }

/** The block of a report that begins with these words. */
function block(text: string, start: string): string | undefined {
  return text.split('\n\n').find((lines) => lines.startsWith(start))
}

describe('what workloads tell besides durations', () => {
  it('is who woke, and when', () => {
    const herd = {
      threads: 8,
      pollers: 1,
      wokenMin: 1,
      wokenMedian: 2,
      wokenMax: 8,
      firstNs: 21_900,
      lastNs: 35_900,
    }
    const report = benchReport([benchResult({ workload: 'herd', variant: 'level, one poller', herd })])
    expect(block(benchTable(report, plain), 'threads that wake')).toMatchInlineSnapshot(`
      "threads that wake         backend  threads  pollers  woken  min..max    first     last
      ──────────────────────────────────────────────────────────────────────────────────────
      herd (level, one poller)  epoll          8        1      2      1..8  21.9 us  35.9 us"
    `)
  })

  it("is what libevent's bench prints", () => {
    const runsUs = Array.from({ length: 25 }, (_, run) => 240 + run)
    const libevent = { writes: 100, runsUs, passes: 101 }
    const report = benchReport([benchResult({ workload: 'libevent', fds: 100, libevent })])
    expect(block(benchTable(report, plain), "libevent's bench")).toMatchInlineSnapshot(`
      "libevent's bench   -n  -a   -w  passes  microseconds of every run
      ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
      epoll             100   1  100     101  240 241 242 243 244 245 246 247 248 249 250 251 252 253 254 255 256 257 258 259 260 261 262 263 264"
    `)
  })

  it('is nothing for most', () => {
    const text = benchTable(benchReport([benchResult()]), plain)
    expect(text).not.toMatch(/threads that wake|libevent|by the clock/)
  })
})

describe('the open loop', () => {
  const values = { p50Ns: 30_000, p90Ns: 40_000, p99Ns: 50_000, p999Ns: 60_000, maxNs: 70_000 }
  const openLoop: OpenLoopResult = {
    workload: 'wake-thread',
    variant: 'open loop, 1000/s',
    backend: 'epoll',
    rateHz: 1000,
    signals: 10_000,
    timerSlackNs: 1,
    corrected: values,
    uncorrected: { p50Ns: 3000, p90Ns: 4000, p99Ns: 5000, p999Ns: 6000, maxNs: 7000 },
  }
  const { workload, variant = '' } = openLoop
  const result = benchResult({ workload, variant })

  it('has both distributions side by side', () => {
    const text = benchTable(benchReport([result], { openLoop: [openLoop] }), plain)
    expect(block(text, 'wake-ups by the clock')).toMatchInlineSnapshot(`
      "wake-ups by the clock  backend      rate  signals  due p50  due p90  due p99  due p99.9  due max  sent p50  sent p90  sent p99  sent p99.9  sent max
      ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
      open loop, 1000/s      epoll    1.00 k/s    10000  30.0 us  40.0 us  50.0 us    60.0 us  70.0 us   3.00 us   4.00 us   5.00 us     6.00 us   7.00 us
      due: since the signal was due, delays of the sender included (corrected); sent: since it was sent (uncorrected)"
    `)
  })

  it('warns of too few signals, and shows no percentile of them', () => {
    const text = benchTable(
      benchReport([result], { openLoop: [openLoop, { ...openLoop, backend: 'poll', signals: 99 }] }),
      plain,
    )
    expect(text).toContain('\n99 signals: too few for p90 (100), p99 (1000), p99.9 (10000).\n')
    expect(text).toMatch(/\nopen loop, 1000\/s +poll .* 99 +30\.0 us +- +- +- +70\.0 us/)
  })

  it('has no rate of its own among the other figures', () => {
    const text = benchTable(benchReport([result], { openLoop: [openLoop] }), plain)
    expect(text).not.toContain('100 k/s')
  })
})
