/** What becomes of a backend that loses, repeats or invents events, by both drivers. */
import { describe, expect, it } from 'vitest'
import { INTERRUPTED } from '../backends/backend.ts'
import { SystemError } from '../errors.ts'
import { openLibc } from '../libc/libc.ts'
import { openDescriptors } from '../libc/open-descriptors.ts'
import { testDrivers } from '../testing/drivers.ts'
import { duplicating, fakeBackend, inventing, losing } from '../testing/fake-backend.ts'
import type { FakeBackend } from '../testing/fake-backend.ts'
import { workloads } from '../workloads/index.ts'
import type { WorkloadName } from '../workloads/index.ts'
import type { Case, EventCount, Workload } from '../workloads/workload.ts'
import { closeAll } from './driver.ts'
import type { Opened } from './driver.ts'
import { NoiseMeter } from './noise.ts'
import { seededRandom } from '../random.ts'
import { runRounds } from './rounds.ts'
import type { Series } from './rounds.ts'

const libc = openLibc()
const SOURCES = 6

function caseOf(name: WorkloadName, variant?: string): Case {
  const workload: Workload = workloads[name]
  const cases = workload.cases({
    fds: SOURCES,
    active: 2,
    eventsPerWait: 64,
    trigger: 'level',
    source: 'eventfd',
    writes: 5,
    rateHz: 1000,
  })
  const one = variant === undefined ? cases[0] : cases.find((candidate) => candidate.variant === variant)
  if (one === undefined) throw new Error(`${name} has no case`)
  return one
}

/** The same, but every third of its waits ends before it has begun, as by a signal. */
function interrupted(backend: FakeBackend): FakeBackend {
  let waits = 0
  return {
    ...backend,
    open(...args) {
      const poller = backend.open(...args)
      return { ...poller, wait: (...how) => (++waits % 3 === 0 ? INTERRUPTED : poller.wait(...how)) }
    },
  }
}

/** A series that has failed, and how. */
interface Failed {
  readonly failure: string
  readonly events: EventCount
  readonly rounds: number
}

describe.each(testDrivers().map((driver) => ({ driver, name: driver.name })))(
  'by the $name driver',
  ({ driver, name }) => {
    /** Measures a bad backend beside a good one, and returns both. */
    const measure = async (
      workload: WorkloadName,
      bad: FakeBackend,
      good: FakeBackend,
      variant?: string,
    ): Promise<readonly Series[]> => {
      const one = caseOf(workload, variant)
      const before = openDescriptors(libc)
      const meter = new NoiseMeter(() => undefined)
      const opened: Opened[] = driver.open([bad, good], { libc, workload, case: one, cpus: [] })
      try {
        const { series } = await runRounds({
          workload,
          case: one,
          opened,
          controls: [],
          budgetMs: 0,
          fewest: 6,
          random: seededRandom(1),
          meter,
        })
        return series
      } finally {
        closeAll(opened)
        driver.close()
        meter.close()
        expect(openDescriptors(libc)).toEqual(before)
        expect(bad.opened.open + good.opened.open).toBe(0)
      }
    }

    const fail = async (workload: WorkloadName, bad: FakeBackend, variant?: string): Promise<Failed> => {
      const [first, other] = await measure(workload, bad, fakeBackend('good'), variant)
      // What one does wrong must not count against the other.
      expect(other).toMatchObject({ failure: undefined, events: { duplicate: 0, spurious: 0, lost: 0 } })
      expect(other?.events.seen).toBe(other?.events.expected)
      expect(other?.roundNs).toHaveLength(6)
      expect(first?.failure?.outcome).toBe('failed')
      const { failure = '' } = first?.failure ?? {}
      const events = first?.events ?? { expected: 0, seen: 0, duplicate: 0, spurious: 0, lost: 0 }
      return { failure, events, rounds: first?.roundNs.length ?? NaN }
    }

    it.each(['wake', 'idle', 'ready', 'dispatch', 'echo', 'eof', 'libevent'] as const)(
      '%s: events are lost from the beginning',
      async (workload) => {
        const bad = fakeBackend('bad', () => 0)
        const { failure, events, rounds } = await fail(workload, bad)
        expect(rounds).toBe(0)
        expect(events.lost).toBeGreaterThan(0)
        expect(events).toMatchObject({ lost: events.expected, seen: 0, duplicate: 0 })
        expect(failure).toContain(
          `${workload} on bad: of ${events.expected} events ${events.lost} were lost, 0 came twice`,
        )
      },
    )

    it.each(['wake', 'idle', 'ready', 'dispatch', 'echo', 'eof', 'libevent'] as const)(
      '%s: an event is reported twice',
      async (workload) => {
        const { failure, events } = await fail(workload, fakeBackend('bad', duplicating))
        expect(events.duplicate).toBeGreaterThan(0)
        expect(events.lost).toBe(0)
        expect(failure).toContain(`events 0 were lost, ${events.duplicate} came twice`)
      },
    )

    it.each(['idle', 'ready', 'dispatch', 'libevent'] as const)(
      '%s: an event comes of a source that is not ready',
      async (workload) => {
        const { failure, events } = await fail(workload, fakeBackend('bad', inventing(SOURCES - 1)))
        expect(events.spurious).toBeGreaterThan(0)
        expect(failure).toContain(`${events.spurious} came for nothing`)
      },
    )

    it('dispatch: nothing comes but inventions, which must not go on for ever', async () => {
      const invent = inventing(SOURCES - 1)
      const { events } = await fail(
        'dispatch',
        fakeBackend('bad', (batch) => invent(batch, 0)),
      )
      expect(events.spurious + events.duplicate).toBeGreaterThan(0)
    })

    it('an error of its system call is the reason that is given', async () => {
      const broken = fakeBackend('bad', () => {
        throw new SystemError('epoll_wait', 9, 'EBADF')
      })
      const { failure } = await fail('wake', broken)
      expect(failure).toBe('wake on bad: epoll_wait: EBADF')
    })

    it('an error of ours is not taken for one of the backend', async () => {
      const broken = fakeBackend('bad', () => {
        throw new TypeError('a slip')
      })
      await expect(measure('wake', broken, fakeBackend('good'))).rejects.toThrow('a slip')
    })

    it('waits that are interrupted again and again are given up, and the event is lost', async () => {
      const { events } = await fail(
        'wake',
        fakeBackend('bad', () => INTERRUPTED),
      )
      expect(events).toMatchObject({ expected: 1, seen: 0, lost: 1 })
    })

    const ofRuntime = (['fiber-io', 'fibers-idle', 'echo-fibers'] as const).flatMap((workload) =>
      ['bare', 'fibers'].map((variant) => [workload, variant] as const),
    )
    describe.runIf(name === 'ffi').each(ofRuntime)('%s, %s', (workload, variant) => {
      it('events are lost from some time on, and none is waited for again', async () => {
        const { events, failure } = await fail(workload, fakeBackend('bad', losing(50)), variant)
        expect(events.seen).toBeGreaterThan(0)
        expect(events.lost).toBeGreaterThan(0)
        expect(events).toMatchObject({ seen: events.expected - events.lost, duplicate: 0, spurious: 0 })
        expect(failure).toContain(`of ${events.expected} events ${events.lost} were lost, 0 came twice`)
      })

      it('events are lost from the beginning', async () => {
        const { failure, events, rounds } = await fail(
          workload,
          fakeBackend('bad', () => 0),
          variant,
        )
        expect(rounds).toBe(0)
        // Without an event, this server accepts nobody whose message could be lost.
        const isUnreachable = workload === 'echo-fibers' && variant === 'fibers'
        expect(failure).toMatch(
          isUnreachable ? /on bad: connection 0 was not accepted/ : / were lost, 0 came/,
        )
        expect(events).toMatchObject({ lost: events.expected, seen: 0 })
      })

      it('an event is reported twice', async () => {
        const { events } = await fail(workload, fakeBackend('bad', duplicating), variant)
        expect(events.duplicate).toBeGreaterThan(0)
        expect(events.lost).toBe(0)
      })

      it('an event comes of what is not ready', async () => {
        const { events } = await fail(workload, fakeBackend('bad', inventing(SOURCES - 1)), variant)
        expect(events.spurious).toBeGreaterThan(0)
        expect(events.lost).toBe(0)
      })

      it('nothing comes but inventions, which must not go on for ever', async () => {
        const invent = inventing(SOURCES - 1)
        const only = fakeBackend('bad', (batch) => invent(batch, 0))
        const { events, failure } = await fail(workload, only, variant)
        expect(events.spurious > 0 || failure.includes('was not accepted')).toBe(true)
      })

      it('waits are interrupted now and then, which is no loss', async () => {
        const [series] = await measure(
          workload,
          interrupted(fakeBackend('bad')),
          fakeBackend('good'),
          variant,
        )
        expect(series).toMatchObject({ failure: undefined, events: { lost: 0, spurious: 0, duplicate: 0 } })
        expect(series?.events.seen).toBe(series?.events.expected)
      })
    })

    it.runIf(name === 'ffi').each(['bare', 'fibers'])(
      'fiber, %s: an event comes of what is parked, and never ready',
      async (variant) => {
        const invent = inventing(0)
        const { events } = await fail(
          'fiber',
          fakeBackend('bad', (batch, n) => invent(batch, n)),
          variant,
        )
        expect(events.spurious).toBeGreaterThan(0)
      },
    )

    it.runIf(name === 'ffi')(
      'wake: an event is lost after many that came, and none is waited for after it',
      async () => {
        const { events, failure } = await fail('wake', fakeBackend('bad', losing(10)))
        expect(events).toMatchObject({ seen: events.expected - 1, lost: 1, duplicate: 0, spurious: 0 })
        expect(failure).toContain(`of ${events.expected} events 1 were lost`)
      },
    )

    it.runIf(name === 'ffi')(
      'a wait that a signal interrupts is made again, and nothing is lost',
      async () => {
        let waits = 0
        const interrupted = fakeBackend('bad', (_, n) => (++waits % 3 === 0 ? INTERRUPTED : n))
        const [series] = await measure('wake', interrupted, fakeBackend('good'))
        expect(series).toMatchObject({ failure: undefined, events: { lost: 0, spurious: 0, duplicate: 0 } })
        expect(series?.events.seen).toBe(series?.events.expected)
      },
    )
  },
)
