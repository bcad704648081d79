import { describe, expect, it } from 'vitest'
import { INTERRUPTED, Interest, ReadinessBatch } from '../backends/backend.ts'
import type { Poller } from '../backends/backend.ts'
import { backends } from '../backends/index.ts'
import { CheckedPoller } from './checked-poller.ts'
import type { EventCount } from './workload.ts'

/** One event, as a Poller reports it. */
interface Reported {
  readonly fd: number
  readonly token?: number
}

interface Opened {
  readonly poller: CheckedPoller
  readonly batch: ReadinessBatch
  readonly events: EventCount
  readonly log: string[]
}

/** One above a Poller whose waits report what is said here, one after the other. */
function open(...waits: readonly (readonly Reported[] | typeof INTERRUPTED)[]): Opened {
  const left = [...waits]
  const log: string[] = []
  const below: Poller = {
    backend: backends.epoll,
    add: (fd) => void log.push(`add ${fd}`),
    modify: (fd) => void log.push(`modify ${fd}`),
    remove: (fd) => void log.push(`remove ${fd}`),
    wait(batch, timeoutNs) {
      log.push(`wait ${timeoutNs}`)
      const reported = left.shift() ?? []
      if (reported === INTERRUPTED) return INTERRUPTED
      for (const [i, { fd, token = fd }] of reported.entries()) {
        batch.fds[i] = fd
        batch.tokens[i] = BigInt(token)
      }
      return reported.length
    },
    wake: () => void log.push('wake'),
    wakeHandle: () => ({ fd: 3, plan: { ffi: 'ffi-rs', bindings: {}, errnoFunction: '' } }),
    close: () => void log.push('close'),
    [Symbol.dispose]: () => void log.push('close'),
  }
  const events = { expected: 0, seen: 0, duplicate: 0, spurious: 0, lost: 0 }
  const poller = new CheckedPoller(below, events)
  poller.meanwhile = () => void log.push('meanwhile')
  poller.onLost = () => void log.push('lost')
  return { poller, batch: new ReadinessBatch(8), events, log }
}

describe('a poller that is checked', () => {
  it('passes on what is due, of descriptors of any number', () => {
    const { poller, batch, events, log } = open([{ fd: 5 }, { fd: 100_000 }])
    for (const fd of [5, 100_000]) {
      poller.add(fd, Interest.READ, fd)
      poller.expect(fd)
    }
    expect(poller.wait(batch, null)).toBe(2)
    expect(events).toMatchObject({ duplicate: 0, spurious: 0, lost: 0 })
    expect(log).toEqual(['add 5', 'add 100000', 'meanwhile', 'wait null'])
  })

  it('counts an event that comes twice in one wait, and one that comes again in the next', () => {
    const { poller, batch, events } = open([{ fd: 5 }, { fd: 5 }], [{ fd: 5 }])
    poller.expect(5)
    expect(poller.wait(batch, null)).toBe(2)
    expect(events).toMatchObject({ duplicate: 1, spurious: 0 })
    expect(poller.wait(batch, 0)).toBe(1)
    expect(events).toMatchObject({ duplicate: 1, spurious: 1 })
  })

  it('counts an event of what is not due, of what was drained, and with the token of another one', () => {
    const { poller, batch, events } = open([{ fd: 6 }], [{ fd: 5 }], [{ fd: 5, token: 7 }])
    poller.expect(5)
    poller.wait(batch, 0)
    expect(events.spurious).toBe(1)
    poller.drained(5)
    poller.wait(batch, 0)
    expect(events.spurious).toBe(2)
    poller.expect(5)
    poller.wait(batch, 0)
    expect(events).toMatchObject({ spurious: 3, duplicate: 0 })
  })

  it('ends a wait without end in which nothing comes that is due, and says so; a look may find nothing', () => {
    const { poller, batch, log } = open([], [], [{ fd: 6 }])
    poller.expect(5)
    expect(poller.wait(batch, 0)).toBe(0)
    expect(log).not.toContain('lost')
    expect(poller.wait(batch, null)).toBe(0)
    expect(poller.wait(batch, null)).toBe(0)
    expect(log.filter((line) => line === 'lost')).toHaveLength(2)
  })

  it('waits again where a wait without end was interrupted', () => {
    const { poller, batch, log } = open(INTERRUPTED, [{ fd: 5 }], INTERRUPTED)
    poller.expect(5)
    expect(poller.wait(batch, null)).toBe(1)
    expect(poller.wait(batch, 0)).toBe(INTERRUPTED)
    expect(log).not.toContain('lost')
  })

  it('leaves closing to whose it is, and passes all else on', () => {
    const { poller, log } = open()
    poller.modify(5, Interest.READ, 5)
    poller.remove(5)
    poller.wake()
    expect(poller.wakeHandle().fd).toBe(3)
    poller.close()
    expect(log).toEqual(['modify 5', 'remove 5', 'wake'])
  })
})
