import { describe, expect, it } from 'vitest'
import { SystemError } from '../errors.ts'
import { openLibc } from '../libc/libc.ts'
import type { Libc } from '../libc/libc.ts'
import { descriptorLimit, setDescriptorLimit } from '../libc/limits.ts'
import { openDescriptors } from '../libc/open-descriptors.ts'
import { descriptorsPerSource, sourceKinds, Sources, usableSource } from './sources.ts'

const libc = openLibc()
const ENOSYS = 38

/** A libc of a kernel without eventfds: errno is wrong only right after that call. */
function withoutEventfds(): Libc {
  let failed = false
  const eventfd = (): number => {
    failed = true
    return -1
  }
  const errno = (): number => {
    const answer = failed ? ENOSYS : libc.errno()
    failed = false
    return answer
  }
  return { ...libc, fn: { ...libc.fn, eventfd }, errno }
}

describe.each(sourceKinds.map((kind) => ({ kind })))('sources that are $kind', ({ kind }) => {
  it('count their signals, so that none is lost where two meet', () => {
    using sources = new Sources(libc, { kind, count: 3 })
    sources.signal(libc, 1)
    sources.signal(libc, 1)
    let drained = 0
    for (let got = sources.drain(libc, 1); got > 0; got = sources.drain(libc, 1)) drained += got
    expect(drained).toBe(2)
    expect([0, 1, 2].map((index) => sources.drain(libc, index))).toEqual([0, 0, 0])
  })

  it('give one signal at a time where that is asked for', () => {
    using sources = new Sources(libc, { kind, count: 1, semaphore: true })
    for (let i = 0; i < 3; i++) sources.signal(libc, 0)
    expect([0, 1, 2, 3].map(() => sources.drain(libc, 0))).toEqual([1, 1, 1, 0])
  })

  it('can be cleared, however often they were signalled', () => {
    using sources = new Sources(libc, { kind, count: 2 })
    for (let i = 0; i < 5; i++) sources.signal(libc, 0)
    sources.signal(libc, 1)
    sources.clear(libc, 0)
    expect([sources.drain(libc, 0), sources.drain(libc, 1)]).toEqual([0, 1])
  })

  it('can all be cleared at once, and are then as they were', () => {
    using sources = new Sources(libc, { kind, count: 3 })
    for (const index of [0, 2, 2]) sources.signal(libc, index)
    sources.drain(libc, 0)
    sources.clearAll(libc)
    expect([0, 1, 2].map((index) => sources.drain(libc, index))).toEqual([0, 0, 0])
    sources.signal(libc, 1)
    expect(sources.drain(libc, 1)).toBe(1)
  })

  it('have descriptors of their own, as many as is said, and leave none behind', () => {
    const before = openDescriptors(libc)
    const sources = new Sources(libc, { kind, count: 4 })
    expect(sources.length).toBe(4)
    expect(new Set(sources.fds).size).toBe(4)
    expect(sources.descriptors).toHaveLength(4 * descriptorsPerSource[kind])
    expect(openDescriptors(libc).size).toBe(before.size + 4 * descriptorsPerSource[kind])
    sources.close()
    sources.close()
    expect(openDescriptors(libc)).toEqual(before)
  })

  it('leave none behind where not all of them can be had', () => {
    const limit = descriptorLimit(libc)
    const before = openDescriptors(libc)
    setDescriptorLimit(libc, before.size + 8, limit.hard)
    try {
      expect(() => new Sources(libc, { kind, count: 100 })).toThrow(SystemError)
    } finally {
      setDescriptorLimit(libc, limit.soft, limit.hard)
    }
    expect(openDescriptors(libc)).toEqual(before)
  })
})

describe('the usable kind of source', () => {
  it.each(sourceKinds)('is the one that was asked for where there is such a thing: %s', (kind) => {
    const before = openDescriptors(libc)
    expect(usableSource(libc, kind)).toBe(kind)
    expect(openDescriptors(libc)).toEqual(before)
  })

  it('is the pipe where the kernel has no eventfds', () => {
    expect(usableSource(withoutEventfds(), 'eventfd')).toBe('pipe')
    expect(usableSource(withoutEventfds(), 'socketpair')).toBe('socketpair')
  })
})
