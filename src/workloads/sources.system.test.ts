import { describe, expect, it } from 'vitest'
import { SystemError } from '../errors.ts'
import { openLibc } from '../libc/libc.ts'
import type { Libc } from '../libc/libc.ts'
import { descriptorLimit, setDescriptorLimit } from '../libc/limits.ts'
import { openDescriptors } from '../libc/open-descriptors.ts'
import { Sources } from './sources.ts'

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

describe.each([
  { kind: 'eventfds', of: libc, each: 1 },
  { kind: 'pipes', of: withoutEventfds(), each: 2 },
])('sources that are $kind', ({ of, each }) => {
  it('count their signals, so that none is lost where two meet', () => {
    using sources = new Sources(of, 3)
    sources.signal(of, 1)
    sources.signal(of, 1)
    let drained = 0
    for (let got = sources.drain(of, 1); got > 0; got = sources.drain(of, 1)) drained += got
    expect(drained).toBe(2)
    expect([0, 1, 2].map((index) => sources.drain(of, index))).toEqual([0, 0, 0])
  })

  it('can be cleared, however often they were signalled', () => {
    using sources = new Sources(of, 2)
    for (let i = 0; i < 5; i++) sources.signal(of, 0)
    sources.signal(of, 1)
    sources.clear(of, 0)
    expect([sources.drain(of, 0), sources.drain(of, 1)]).toEqual([0, 1])
  })

  it('have descriptors of their own, and leave none behind', () => {
    const before = openDescriptors(libc)
    const sources = new Sources(of, 4)
    expect(sources.length).toBe(4)
    expect(new Set(sources.fds).size).toBe(4)
    expect(openDescriptors(libc).size).toBe(before.size + 4 * each)
    sources.close()
    sources.close()
    expect(openDescriptors(libc)).toEqual(before)
  })

  it('leave none behind where not all of them can be had', () => {
    const limit = descriptorLimit(libc)
    const before = openDescriptors(libc)
    setDescriptorLimit(libc, before.size + 8, limit.hard)
    try {
      expect(() => new Sources(of, 100)).toThrow(SystemError)
    } finally {
      setDescriptorLimit(libc, limit.soft, limit.hard)
    }
    expect(openDescriptors(libc)).toEqual(before)
  })
})
