import { describe, expect, it } from 'vitest'
import type { BenchReport, Control } from '../../../measure/report.ts'
import { benchReport, benchResult } from '../../../testing/reports.ts'
import { makeStyle } from '../../style.ts'
import { benchTable } from './bench.ts'

const plain = { style: makeStyle(false), verbose: false }
const verbose = { ...plain, verbose: true }
/** Says where a colour of warnings is. */
const marked = { ...plain, style: { ...plain.style, warn: (text: string): string => `!${text}!` } }

function text(over: Partial<BenchReport>, options = plain): string {
  return benchTable(benchReport([benchResult()], over), options)
}

function control(over: Partial<Control>): Control {
  return {
    workload: 'wake',
    backend: 'epoll',
    fds: 1,
    value: 0.98,
    ci95: [0.97, 1.01],
    p: 0.5,
    verdict: 'inconclusive',
    floor: 0.031,
    ...over,
  }
}

describe('the A/A control', () => {
  const controls = [
    control({}),
    control({ workload: 'idle', fds: 100, floor: 0.46 }),
    control({ workload: 'eof', floor: 0.002 }),
  ]

  it('is a line with the floor, and the largest one', () => {
    expect(text({ control: controls })).toContain(
      "\nA/A control, epoll entered twice: floor 3.1 % (median of 3 cases), largest 46 % in idle at 100; no difference below a case's own floor is claimed.\n",
    )
    expect(text({ control: [control({})] })).toContain('entered twice: floor 3.1 % in wake;')
    expect(text({})).not.toContain('A/A')
  })

  it('is told in full with --verbose', () => {
    const shown = text({ control: controls }, verbose)
    expect(shown).toMatch(/\nA\/A control +backend +fds +ratio +95 % interval +floor\n/)
    expect(shown).toMatch(/\nidle +epoll +100 +0\.98 x \? +0\.97 … 1\.01 x +46 %\n/)
  })

  it('warns where it was told apart from itself', () => {
    const told = control({ workload: 'timeout', variant: '10 ms', verdict: 'slower' })
    expect(text({ control: [...controls, told] }, marked)).toContain(
      '\n!In 1 of 4 cases the control was told apart from itself: timeout (10 ms).!\n',
    )
  })
})

describe('drift', () => {
  const drifting = (count: number, options = plain): string => {
    const results = Array.from({ length: count }, (_, i) =>
      benchResult({ fds: i + 1, drift: i % 2 === 0 ? 0.72 : -0.6 }),
    )
    return benchTable(benchReport(results), options)
  }

  it('is warned of, with its direction', () => {
    expect(drifting(2, marked)).toContain(
      '\n!Drift over the rounds (rank correlation): wake on epoll +0.72, wake at 2 on epoll -0.60.!\n',
    )
    expect(drifting(0)).not.toContain('Drift')
  })

  it('names a few figures, and all with --verbose', () => {
    expect(drifting(9)).toContain('wake at 6 on epoll -0.60 and 3 more.')
    expect(drifting(9, verbose)).toContain('wake at 9 on epoll +0.72.')
  })
})

describe('the driver', () => {
  it('is named with where it comes from and what it runs in', () => {
    expect(text({})).toContain(
      '\nDriver replay (prebuilt for linux-x64-glibc): replayed in forked processes of one thread, like a plain C program.\n',
    )
    expect(text({ driver: { name: 'replay', reason: 'x', process: 'threaded' } })).toContain(
      'Driver replay (x): replayed in a process with threads,',
    )
  })

  it('warns where its own part is more than half of a figure', () => {
    const driver = { name: 'ffi', reason: 'there is no compiler' } as const
    const results = [benchResult({ taxNs: 5001 }), benchResult({ backend: 'poll', taxNs: 5000 })]
    const called = results.map((result) => ({ ...result, driver: 'ffi' as const }))
    const ffi = benchTable(benchReport(called, { driver }), marked)
    expect(ffi).toContain(
      '\nDriver ffi (there is no compiler): the native calls are made one by one, and the tax of each call (1.40 us with four arguments) is in every figure.\n' +
        '!In 1 figure that call tax is more than half: there the tool was measured more than the kernel.!\n',
    )
    expect(ffi).toMatch(/ !50 %!\n/)
    expect(text({ driver })).not.toContain('more than half')
    expect(benchTable(benchReport(results), plain)).toContain("In 1 figure the replayer's own cost is more")
  })
})

describe('two drivers in one run', () => {
  const echo = { workload: 'echo-fibers', driver: 'ffi', taxNs: 9000 } as const
  const tax =
    'Driver ffi for echo-fibers, because they measure JavaScript: the native calls are made one by one, and the tax of each call (1.40 us with four arguments) is in these figures.\n' +
    '!In 1 figure that call tax is more than half: there the tool was measured more than the kernel.!\n'

  it('are both named, each with what it costs', () => {
    const shown = benchTable(benchReport([benchResult({ taxNs: 6000 }), benchResult(echo)]), marked)
    expect(shown).toContain(
      'like a plain C program.\n' +
        "!In 1 figure the replayer's own cost is more than half: there the tool was measured more than the kernel.!\n" +
        tax,
    )
  })

  it('are one where the chosen one had nothing to do', () => {
    const shown = benchTable(benchReport([benchResult(echo)]), marked)
    expect(shown).toContain(tax)
    expect(shown).not.toContain('Driver replay')
  })
})

describe('noise', () => {
  const { noise } = benchReport([])

  it('is what disturbed the run, and how many rounds it spoilt', () => {
    const shown = text({
      noise: { ...noise, spoiltRounds: 3, stealMs: 10, throttlings: 2, throttledMs: 150 },
    })
    expect(shown).toContain('\n1 case, 30 interleaved rounds each, in 2.50 s; 3 of 30 rounds spoilt.\n')
    expect(shown).toContain(
      '\nProcessors: pressure 250 ms (10 %); steal 10 ms; throttled 2 times for 150 ms; preempted 1 time, gave way 12 times; load 0.50 before, 1.00 after.\n',
    )
  })

  it('is called unknown where the machine does not tell', () => {
    const unknown = { ...noise, pressureUs: null, stealMs: null, throttlings: null, throttledMs: null }
    expect(text({ noise: unknown })).toContain(
      'Processors: pressure unknown; steal unknown; throttling unknown; preempted',
    )
  })

  it('warns where most rounds were spoilt', () => {
    expect(text({ noise: { ...noise, spoiltRounds: 16 } }, marked)).toContain('!16 of 30 rounds spoilt!')
    expect(text({ noise: { ...noise, spoiltRounds: 15 } }, marked)).toContain(' 15 of 30 rounds spoilt.')
    // Rounds of cases without a figure are not known.
    expect(text({ noise: { ...noise, spoiltRounds: 40 } })).toContain('; 40 rounds spoilt.')
  })

  it('counts the rounds of every case once, whatever it has of backends', () => {
    const results = [
      benchResult(),
      benchResult({ backend: 'poll' }),
      benchResult({ workload: 'eof', rounds: 12 }),
    ]
    expect(benchTable(benchReport(results), plain)).toContain(
      '\n2 cases, 12 to 30 interleaved rounds each, in 2.50 s; 0 of 42 rounds spoilt.\n',
    )
  })
})

it('tells the clock, and what it takes to run the same again', () => {
  const { settings } = benchReport([])
  expect(text({})).toContain(
    '\nClock 24.0 ns a look, step 20.0 ns; timer slack 50.0 us; level, eventfd, 1024 events a wait; seed 1.\n',
  )
  expect(text({ settings: { ...settings, cpus: [0, 1], quick: true } })).toContain(
    '; on processors 0, 1; quick, seed 1.\n',
  )
})

it('says at its end that a run was interrupted', () => {
  expect(text({ interrupted: true })).toMatch(/\nInterrupted: not everything was measured\.\n$/)
})
