import { describe, expect, it } from 'vitest'
import type { OpenProcFile } from './noise/proc-file.ts'
import { NoiseMeter, spoiled } from './noise.ts'

const quiet = { pressureUs: 0, stealMs: 0, throttledMs: 0, throttlings: 0 }
const unknown = { pressureUs: null, stealMs: null, throttledMs: null, throttlings: null }

describe('spoiled', () => {
  it.each([
    ['nothing happened', quiet, false],
    ['nothing is known', unknown, false],
    ['one throttling', { ...quiet, throttlings: 1 }, true],
    ['one tick of steal', { ...quiet, stealMs: 10 }, true],
    ['a neighbour on another processor', { ...quiet, pressureUs: 6000 }, false],
    ['tasks that waited for a quarter of the round', { ...quiet, pressureUs: 12_500 }, true],
  ])('%s in a round of 50 ms', (_, disturbance, expected) => {
    expect(spoiled(disturbance, 50)).toBe(expected)
  })

  it('is relative to the length of the round', () => {
    expect(spoiled({ ...quiet, stealMs: 10 }, 2000)).toBe(false)
    expect(spoiled({ ...quiet, pressureUs: 12_500 }, 2000)).toBe(false)
  })

  it('goes by how long the measuring thread itself has waited, where that is known', () => {
    expect(spoiled({ ...quiet, pressureUs: 40_000 }, 50, 0.1)).toBe(false)
    expect(spoiled(quiet, 50, 1)).toBe(true)
    expect(spoiled({ ...quiet, throttlings: 1 }, 50, 0)).toBe(true)
  })
})

/** Files whose texts can be changed, and how many of them are open. */
function files(texts: Record<string, string | undefined>): {
  readonly open: OpenProcFile
  readonly count: () => number
} {
  const opened = new Set<object>()
  return {
    open: (path) => {
      if (texts[path] === undefined) return undefined
      const file = { text: () => texts[path], close: () => void opened.delete(file) }
      opened.add(file)
      return file
    },
    count: () => opened.size,
  }
}

const PRESSURE = '/proc/pressure/cpu'
const STAT = '/proc/stat'
const INNER = '/sys/fs/cgroup/job/cpu.stat'
const OUTER = '/sys/fs/cgroup/cpu.stat'

function machine(): Record<string, string | undefined> {
  return {
    '/proc/self/cgroup': '0::/job\n',
    '/proc/self/mountinfo': '30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n',
    [PRESSURE]: 'some avg10=0.00 avg60=0.00 avg300=0.00 total=1000\n',
    [STAT]: 'cpu  9 0 0 9 0 0 0 5 0 0\n',
    [INNER]: 'nr_periods 9\nnr_throttled 2\nthrottled_usec 3000\n',
    [OUTER]: 'nr_periods 9\nnr_throttled 4\nthrottled_usec 5000\n',
  }
}

describe('NoiseMeter', () => {
  it('gives what happened since the last sample, and in all', () => {
    const texts = machine()
    const meter = new NoiseMeter(files(texts).open)
    expect(meter.sample()).toEqual(quiet)
    texts[PRESSURE] = 'some avg10=0.00 avg60=0.00 avg300=0.00 total=1700\n'
    texts[STAT] = 'cpu  9 0 0 9 0 0 0 7 0 0\n'
    texts[OUTER] = 'nr_periods 9\nnr_throttled 5\nthrottled_usec 25000\n'
    const happened = { pressureUs: 700, stealMs: 20, throttledMs: 20, throttlings: 1 }
    expect(meter.sample()).toEqual(happened)
    expect(meter.sample()).toEqual(quiet)
    expect(meter.total(3)).toMatchObject({ ...happened, spoiltRounds: 3 })
  })

  it('knows nothing where there are no files, and says what it knows besides', () => {
    const meter = new NoiseMeter(() => undefined)
    expect(meter.sample()).toEqual(unknown)
    const total = meter.total(0)
    expect(total).toMatchObject({ ...unknown, spoiltRounds: 0 })
    expect(total.voluntaryContextSwitches).toBeGreaterThanOrEqual(0)
    expect(total.involuntaryContextSwitches).toBeGreaterThanOrEqual(0)
    expect(total.loadAverage).toHaveLength(2)
  })

  it('does not know any more what is gone, nor what came later since when', () => {
    const texts = machine()
    const meter = new NoiseMeter(files(texts).open)
    const pressure = texts[PRESSURE]
    texts[PRESSURE] = 'nonsense'
    expect(meter.sample()).toEqual({ ...quiet, pressureUs: null })
    texts[PRESSURE] = pressure
    expect(meter.sample()).toEqual({ ...quiet, pressureUs: null })
    expect(meter.sample()).toEqual(quiet)
  })

  it('counts nothing backwards', () => {
    const texts = machine()
    const meter = new NoiseMeter(files(texts).open)
    texts[STAT] = 'cpu  9 0 0 9 0 0 0 1 0 0\n'
    expect(meter.sample().stealMs).toBe(0)
  })

  it('takes version 1 where version 2 counts no throttling', () => {
    const texts = {
      ...machine(),
      '/proc/self/cgroup': '1:cpu:/\n0::/\n',
      '/proc/self/mountinfo':
        '30 23 0:26 / /two rw - cgroup2 cgroup2 rw\n31 23 0:27 / /one rw - cgroup cgroup rw,cpu\n',
      '/two/cpu.stat': 'usage_usec 1\n',
      '/one/cpu.stat': 'nr_periods 1\nnr_throttled 1\nthrottled_time 2000000\n',
    }
    const world = files(texts)
    const meter = new NoiseMeter(world.open)
    // Those of version 2 are not kept open in vain.
    expect(world.count()).toBe(3)
    texts['/one/cpu.stat'] = 'nr_periods 2\nnr_throttled 2\nthrottled_time 7000000\n'
    expect(meter.sample()).toMatchObject({ throttlings: 1, throttledMs: 5 })
  })

  it('keeps open what it reads again, until it is closed', () => {
    const world = files(machine())
    const meter = new NoiseMeter(world.open)
    expect(world.count()).toBe(4)
    meter.close()
    expect(world.count()).toBe(0)
  })
})
