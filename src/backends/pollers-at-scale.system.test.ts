/** Many descriptors, large batches, and small batches over many. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openEventfd, openPipe } from '../libc/fd.ts'
import type { OwnedFd } from '../libc/fd.ts'
import { descriptorLimit, raiseDescriptorLimit, setDescriptorLimit } from '../libc/limits.ts'
import { duplicate, write } from '../testing/native.ts'
import { reported, tokensOver } from '../testing/pollers.ts'
import { Interest } from './backend.ts'
import { testedBackends, testedLibc } from '../testing/backends.ts'

const libc = testedLibc
const { READ, WRITE } = Interest

/** As many as design and benchmarks speak of, less what the process itself needs. */
const MANY = 20_000 - 200

const before = descriptorLimit(libc)
beforeAll(() => void raiseDescriptorLimit(libc))
afterAll(() => setDescriptorLimit(libc, before.soft, before.hard))

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

/** Duplicates of one descriptor, all with the same readiness. */
function copies(owned: OwnedFd, count: number): OwnedFd[] {
  return upTo(count).map(() => duplicate(libc, owned.fd, 0))
}

describe.each(testedBackends)('%s', (_name, backend) => {
  const { largestFd = Infinity } = backend.capabilities
  const count = Math.min(MANY, before.hard - 200, largestFd - 100)

  test(`${count} ready descriptors are reported once each, in one batch or in many`, () => {
    using poller = backend.open(libc)
    using eventfd = openEventfd(libc)
    const all = copies(eventfd, count)
    try {
      for (const [i, { fd }] of all.entries()) poller.add(fd, READ, i)
      expect(reported(poller)).toEqual([])
      write(libc, eventfd.fd)
      // libkqueue returns 512 events at the most (MAX_KEVENT), however much room there is.
      const waits =
        backend.name === 'kqueue' && testedLibc.has('libkqueue_drain_pending_close')
          ? Math.ceil(count / 512)
          : 1
      expect(tokensOver(poller, waits, count).filter(isFirst)).toEqual(upTo(count))
      expect(tokensOver(poller, waits, 2 * count).filter(isFirst)).toEqual(upTo(count))
      expect(tokensOver(poller, Math.ceil(count / 512), 512).filter(isFirst)).toEqual(upTo(count))
      for (const { fd } of all) poller.remove(fd)
      expect(reported(poller)).toEqual([])
    } finally {
      for (const copy of all) copy.close()
    }
  })

  test('one ready descriptor among many idle ones is found, wherever it is', () => {
    using poller = backend.open(libc)
    const [reader, writer] = openPipe(libc)
    using _writer = writer
    using ready = openEventfd(libc)
    write(libc, ready.fd)
    const idle = copies(reader, Math.min(count, 1000) - 10)
    try {
      const fds = [...idle.map(({ fd }) => fd), reader.fd]
      for (const [i, fd] of fds.entries()) poller.add(fd, READ, i)
      poller.add(ready.fd, READ, 5000)
      expect(reported(poller)).toEqual([[5000n, 'READABLE']])
      for (const fd of fds) poller.remove(fd)
      expect(reported(poller)).toEqual([[5000n, 'READABLE']])
    } finally {
      for (const copy of idle) copy.close()
      reader.close()
    }
  })

  test.each([1, 2, 7, 32, 63])(
    'with room for %i events, 100 that stay ready are all reported in turn',
    (capacity) => {
      using poller = backend.open(libc)
      using eventfd = openEventfd(libc)
      const all = copies(eventfd, 100)
      try {
        for (const [i, { fd }] of all.entries()) poller.add(fd, WRITE, i)
        const rounds = 3
        const tokens = tokensOver(poller, rounds * Math.ceil(100 / capacity), capacity)
        const times = upTo(100).map((token) => tokens.filter((seen) => seen === token).length)
        expect(Math.min(...times)).toBeGreaterThanOrEqual(rounds)
        // Nobody is reported twice before everybody was once.
        expect(Math.max(...times) - Math.min(...times)).toBeLessThanOrEqual(1)
      } finally {
        for (const copy of all) copy.close()
      }
    },
  )

  test('with room for one event, oneshot descriptors are all reported, each once', () => {
    using poller = backend.open(libc)
    using eventfd = openEventfd(libc)
    const all = copies(eventfd, 70)
    try {
      for (const [i, { fd }] of all.entries()) poller.add(fd, WRITE, i, { trigger: 'oneshot' })
      expect(tokensOver(poller, 75, 1)).toEqual(upTo(70))
    } finally {
      for (const copy of all) copy.close()
    }
  })
})

/** Whether a token is the first of its kind in a sorted list. */
function isFirst(token: number, index: number, all: readonly number[]): boolean {
  return all[index - 1] !== token
}
