import { describe, expect, it } from 'vitest'
import { MeasurementError } from '../../src/errors.ts'
import { seededRandom } from '../../src/random.ts'
import { compare, FEWEST_LAUNCHES } from './compare.ts'
import type { Comparison } from './compare.ts'
import type { Figure, OpenSide } from './side.ts'

interface Fake {
  readonly open: OpenSide
  /** Sides that were opened, and that were closed. */
  readonly count: { opened: number; closed: number }
}

/** A side whose batches have figures of our choice: by launch and batch, from 0 on. */
function fake(figure: (launch: number, batch: number) => Partial<Figure>): Fake {
  const count = { opened: 0, closed: 0 }
  return {
    count,
    open: () => {
      const launch = count.opened++
      let batch = 0
      return {
        mostCycles: 2,
        run: () => ({ ns: 100, disturbed: false, ...figure(launch, batch++) }),
        close: () => void count.closed++,
      }
    },
  }
}

const steady = (ns: number): Fake => fake(() => ({ ns }))

async function compareFakes(evloop: Fake, reference: Fake): Promise<Comparison> {
  return compare({
    open: { evloop: evloop.open, reference: reference.open },
    workload: 'wake',
    backend: 'epoll',
    fds: 1,
    cpus: [],
    rounds: 50,
    limit: 0.05,
    random: seededRandom(1),
  })
}

describe('compare', () => {
  it.each([
    ['the same', 100, true],
    ['4 % more', 104, true],
    ['4 % less', 96, true],
    ['6 % more', 106, false],
    ['6 % less', 94, false],
  ])('says whether %s is within 5 %%', async (_, ns, ok) => {
    const result = await compareFakes(steady(ns), steady(100))
    expect(result).toMatchObject({ evloopNs: ns, referenceNs: 100, ok, launches: FEWEST_LAUNCHES })
    expect(result.ratio).toBeCloseTo(ns / 100)
    expect(result.interval[0]).toBeCloseTo(ns / 100)
    expect(result.interval[1]).toBeCloseTo(ns / 100)
  })

  it('makes more launches where those that there are do not agree', async () => {
    const result = await compareFakes(
      fake((launch) => ({ ns: launch % 2 === 0 ? 100 : 110 })),
      steady(100),
    )
    expect(result.launches).toBeGreaterThan(FEWEST_LAUNCHES)
    expect(result.interval[1]).toBeGreaterThan(result.interval[0])
  })

  it('does not take an interval that reaches beyond both limits for a decision', async () => {
    const result = await compareFakes(
      fake((launch) => ({ ns: launch % 2 === 0 ? 50 : 200 })),
      steady(100),
    )
    expect(result.launches).toBeGreaterThan(FEWEST_LAUNCHES)
  })

  it('leaves out rounds in which either side lost its processor', async () => {
    const disturbed = (_: number, batch: number): Figure => {
      const bad = batch % 2 === 0
      return { ns: bad ? 300 : 100, disturbed: bad }
    }
    const result = await compareFakes(fake(disturbed), steady(100))
    expect(result).toMatchObject({ ratio: 1, disturbed: 0, ok: true })
  })

  it('takes them all, and says so, where there are no others', async () => {
    const result = await compareFakes(
      fake(() => ({ ns: 300, disturbed: true })),
      steady(100),
    )
    expect(result.disturbed).toBe(result.launches)
    expect(result.ratio).toBeCloseTo(3)
  })

  it('closes both sides, also where one of them fails', async () => {
    const evloop = fake((launch) => {
      if (launch === 1) throw new MeasurementError('it has lost an event')
      return {}
    })
    const reference = steady(100)
    await expect(compareFakes(evloop, reference)).rejects.toThrow('it has lost an event')
    expect(evloop.count).toEqual({ opened: 2, closed: 2 })
    expect(reference.count).toEqual({ opened: 2, closed: 2 })
  })
})
