import { closeSync, openSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openEventfd } from '../libc/fd.ts'
import type { OwnedFd } from '../libc/fd.ts'
import { attachLibc, openLibc } from '../libc/libc.ts'
import { compileLibrary, hasCompiler } from '../testing/compile.ts'
import { duplicate, nsOf, write } from '../testing/native.ts'
import { reported, tokensOver } from '../testing/pollers.ts'
import { Interest, ReadinessBatch } from './backend.ts'
import { poll } from './poll.ts'

const libc = openLibc()
const { READ, WRITE } = Interest

describe('timeouts that are no whole milliseconds', () => {
  const nsOfWait = (by: typeof libc, timeoutNs: number): number => {
    using poller = poll.open(by)
    return nsOf(() => {
      for (let i = 0; i < 3; i++) poller.wait(new ReadinessBatch(1), timeoutNs)
    })
  }

  test.skipIf(!hasCompiler).each(['ppoll-enosys', 'ppoll-eperm'])(
    'are rounded up to milliseconds where ppoll is missing or forbidden, and it is asked once (%s)',
    (fault) => {
      const broken = openLibc({ lib: compileLibrary(`faults/${fault}`) })
      expect(nsOfWait(broken, 1_500_000)).toBeGreaterThanOrEqual(3 * 2_000_000)
    },
  )

  test('are rounded up where libc has no ppoll', () => {
    const { ppoll: _, ...bindings } = libc.plan.bindings
    expect(nsOfWait(attachLibc({ ...libc.plan, bindings }), 100_000)).toBeGreaterThanOrEqual(3 * 1_000_000)
  })
})

describe('the array of entries', () => {
  function withCopies(count: number, action: (eventfd: OwnedFd, copies: readonly OwnedFd[]) => void): void {
    using eventfd = openEventfd(libc)
    const copies = Array.from({ length: count }, () => duplicate(libc, eventfd.fd, 0))
    try {
      action(eventfd, copies)
    } finally {
      for (const copy of copies) copy.close()
    }
  }

  test('keeps exactly those that were not removed, in whatever order they come and go', () => {
    withCopies(150, (_, copies) => {
      const index = fc.nat(copies.length - 1)
      fc.assert(
        fc.property(fc.array(index, { minLength: 100, maxLength: 300, size: 'max' }), (toggled) => {
          using poller = poll.open(libc)
          const present = new Set<number>()
          for (const i of toggled) {
            const fd = copies[i]?.fd ?? -1
            if (present.delete(i)) {
              poller.remove(fd)
            } else {
              present.add(i)
              poller.add(fd, WRITE, i)
            }
          }
          const tokens = reported(poller, { capacity: 200 }).map(([token]) => Number(token))
          expect(tokens).toEqual([...present].toSorted((a, b) => a - b))
        }),
        { numRuns: 30 },
      )
    })
  })

  test('moves a disarmed entry into the gap of a removed one, and it stays disarmed and can be armed', () => {
    withCopies(2, (_, [first, last]) => {
      const [a, b] = [first?.fd ?? -1, last?.fd ?? -1]
      using poller = poll.open(libc)
      poller.add(a, WRITE, 1)
      poller.add(b, WRITE, 2, { trigger: 'oneshot' })
      expect(reported(poller)).toEqual([
        [1n, 'WRITABLE'],
        [2n, 'WRITABLE'],
      ])
      poller.remove(a)
      expect(reported(poller)).toEqual([])
      poller.modify(b, WRITE, 3, { trigger: 'oneshot' })
      expect([reported(poller), reported(poller)]).toEqual([[[3n, 'WRITABLE']], []])
      poller.remove(b)
      expect(reported(poller)).toEqual([])
    })
  })

  test('grows beyond its first size with all that was in it, the waker and disarmed entries too', () => {
    withCopies(200, (_, copies) => {
      using poller = poll.open(libc)
      poller.wakeHandle()
      for (const { fd } of copies.slice(0, 60)) poller.add(fd, WRITE, 1, { trigger: 'oneshot' })
      expect(reported(poller, { capacity: 60 })).toHaveLength(60)
      for (const [i, { fd }] of copies.slice(60).entries()) poller.add(fd, WRITE, 1000 + i)
      poller.wake()
      const tokens = reported(poller, { capacity: 300 }).map(([token]) => Number(token))
      expect(tokens).toEqual([0, ...Array.from({ length: 140 }, (__, i) => 1000 + i)])
    })
  })

  test('is scanned from where the last scan ended, also when entries have gone in between', () => {
    withCopies(10, (_, copies) => {
      using poller = poll.open(libc)
      for (const [i, { fd }] of copies.entries()) poller.add(fd, WRITE, i)
      expect(tokensOver(poller, 9, 1)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
      for (const { fd } of copies.slice(4)) poller.remove(fd)
      expect(tokensOver(poller, 4, 1)).toEqual([0, 1, 2, 3])
    })
  })
})

test('a file is always ready', () => {
  using poller = poll.open(libc)
  const fd = openSync(import.meta.filename, 'r')
  poller.add(fd, READ | WRITE, 1)
  const events = reported(poller)
  closeSync(fd)
  expect(events).toEqual([[1n, 'READABLE WRITABLE']])
})

test('with a descriptor that is open and one that is closed, the right one is the error', () => {
  using poller = poll.open(libc)
  using open = openEventfd(libc)
  const closed = openEventfd(libc)
  poller.add(open.fd, READ, 1)
  poller.add(closed.fd, READ, 2)
  closed.close()
  write(libc, open.fd)
  expect(reported(poller)).toEqual([
    [1n, 'READABLE'],
    [2n, 'ERROR'],
  ])
})
