import { expect, it } from 'vitest'
import { backends } from '../backends/index.ts'
import { MeasurementError } from '../errors.ts'
import { noLibc } from '../testing/no-libc.ts'
import { Sources } from '../workloads/sources.ts'
import { workloads } from '../workloads/index.ts'
import type { Case, EventCount } from '../workloads/workload.ts'
import { WrongEventsError } from './driver.ts'
import { PromisedSubject } from './promised-subject.ts'

const [roundTrip] = workloads.pool.cases({
  fds: 4,
  eventsPerWait: 64,
  trigger: 'level',
  source: 'eventfd',
  writes: 5,
  rateHz: 1000,
})

interface Opened {
  readonly subject: PromisedSubject
  readonly log: string[]
}

/** A subject without any kernel, whose cycles are what `run` does. */
function open(run: (events: EventCount) => Promise<void>): Opened {
  const log: string[] = []
  const subject = new PromisedSubject({
    libc: noLibc,
    sources: new Sources(noLibc, { kind: 'eventfd', count: 0 }),
    backend: backends.epoll,
    stuckAfterMs: 20,
    release: () => void log.push('released'),
    workload: {
      ...(roundTrip as Case),
      openLater: ({ events }) => ({
        run: async () => await run(events),
        detail: () => ({ pool: { threads: 2, jobs: events.expected, stolen: 1 } }),
        close: async () => void log.push('closed'),
      }),
    },
  })
  return { subject, log }
}

it('promised cycles are timed one by one, and what they tell is passed on', async () => {
  const { subject, log } = open(async (events) => {
    events.expected++
    events.seen++
    await new Promise((resolve) => setTimeout(resolve, 1))
  })
  const batch = await subject.runLater(3)
  expect(batch).toMatchObject({ cycles: 3 })
  expect(batch.durationsNs).toHaveLength(3)
  // A timer of 1 ms may fire a little before its time, by the clock that it is not made of.
  expect(Math.min(...batch.durationsNs)).toBeGreaterThan(500_000)
  expect(batch.cycleNs).toBeLessThanOrEqual(batch.elapsedNs)
  // One that is not timed comes before.
  expect(subject.detail().pool?.jobs).toBe(4)
  subject.close()
  subject.close()
  await subject.closed
  expect(log).toEqual(['closed', 'released'])
})

it('a promised cycle that loses a result has no figure', async () => {
  const { subject } = open(async (events) => {
    events.expected++
    events.lost++
  })
  await expect(subject.runLater(2)).rejects.toThrow(
    new WrongEventsError({ ...subject.events, expected: 1, lost: 1 }),
  )
})

it('a promised cycle that never ends is given up', async () => {
  const { subject } = open(async () => await new Promise(() => undefined))
  const error: unknown = await subject.runLater(1).catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(MeasurementError)
  expect(String(error)).toContain('has not ended after 0.02 s')
})

it('what a promised cycle rejects with is passed on, and its cycles cannot be run at once', async () => {
  const { subject } = open(async () => {
    throw new MeasurementError('broken')
  })
  await expect(subject.runLater(1)).rejects.toThrow('broken')
  expect(() => subject.run()).toThrow(TypeError)
})
