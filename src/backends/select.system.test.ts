import { closeSync, openSync } from 'node:fs'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { UnsupportedError } from '../errors.ts'
import { FD_SETSIZE, MSG } from '../libc/constants/linux.ts'
import { openEventfd } from '../libc/fd.ts'
import type { OwnedFd } from '../libc/fd.ts'
import { openLibc, sys } from '../libc/libc.ts'
import { Memory } from '../libc/memory.ts'
import { NULL } from '../libc/signatures.ts'
import { wrapLibc } from '../libc/wrap.ts'
import { compileLibrary, hasCompiler } from '../testing/compile.ts'
import { duplicate, openTcp, write } from '../testing/native.ts'
import { codeOf, reported, tokensOver } from '../testing/pollers.ts'
import { Interest, ReadinessBatch } from './backend.ts'
import type { Poller } from './backend.ts'
import { select } from './select.ts'

const libc = openLibc()
const { READ, WRITE, PRIORITY } = Interest

describe('descriptor numbers', () => {
  /**
   * The first and last bits of words of 32 and 64 bits, and of the whole set. Where the process has a number in
   * use for itself, the next one does.
   */
  const edges = [30, 31, 32, 33, 63, 64, 65, 95, 96, 127, 128, 511, 512, 991, 992, 1022, 1023]

  test.each(edges)('%i is reported as itself, for each interest', (number) => {
    using poller = select.open(libc)
    using eventfd = openEventfd(libc)
    using copy = duplicate(libc, eventfd.fd, number)
    const batch = new ReadinessBatch(4)
    poller.add(copy.fd, WRITE, number)
    expect([poller.wait(batch, 0), batch.fds[0], batch.token(0)]).toEqual([1, copy.fd, BigInt(number)])
    write(libc, eventfd.fd)
    poller.modify(copy.fd, READ, number)
    expect(reported(poller)).toEqual([[BigInt(number), 'READABLE']])
    poller.modify(copy.fd, READ | WRITE, number)
    expect(reported(poller)).toEqual([[BigInt(number), 'READABLE WRITABLE']])
    poller.remove(copy.fd)
    expect(reported(poller)).toEqual([])
  })

  test('of any set, ready or not, closed or not, exactly the right ones are reported', () => {
    using ready = openEventfd(libc)
    using idle = openEventfd(libc)
    write(libc, ready.fd)
    const state = fc.constantFrom<('ready' | 'idle' | 'closed')[]>('ready', 'idle', 'closed')
    const anySet = fc.uniqueArray(fc.tuple(fc.integer({ min: 30, max: 1000 }), state), {
      selector: ([number]) => number,
      maxLength: 100,
      size: 'max',
    })
    fc.assert(
      fc.property(anySet, fc.constantFrom(1, 2, 5, 31, 128), (numbers, capacity) => {
        using poller = select.open(libc)
        const copies: OwnedFd[] = []
        try {
          for (const [number, how] of numbers) {
            const copy = duplicate(libc, how === 'ready' ? ready.fd : idle.fd, number)
            copies.push(copy)
            poller.add(copy.fd, READ, number)
          }
          for (const [i, [, how]] of numbers.entries()) if (how === 'closed') copies[i]?.close()
          const expected = numbers.filter(([, how]) => how !== 'idle').map(([number]) => number)
          const tokens = tokensOver(poller, Math.max(1, Math.ceil(expected.length / capacity)), capacity)
          expect([...new Set(tokens)]).toEqual(expected.toSorted((a, b) => a - b))
        } finally {
          for (const copy of copies) copy.close()
        }
      }),
      { numRuns: 50 },
    )
  })

  test('a removed number is no longer looked at: the kernel is not told of one that was closed afterwards', () => {
    using poller = select.open(libc)
    using eventfd = openEventfd(libc)
    const high = duplicate(libc, eventfd.fd, 700)
    poller.add(eventfd.fd, WRITE, 1)
    poller.add(high.fd, WRITE, 2)
    poller.remove(high.fd)
    high.close()
    expect(reported(poller)).toEqual([[1n, 'WRITABLE']])
  })

  test('after a oneshot with the largest number, the others are still watched', () => {
    using poller = select.open(libc)
    using eventfd = openEventfd(libc)
    using high = duplicate(libc, eventfd.fd, 700)
    poller.add(eventfd.fd, WRITE, 1)
    poller.add(high.fd, WRITE, 2, { trigger: 'oneshot' })
    expect(reported(poller)).toEqual([
      [1n, 'WRITABLE'],
      [2n, 'WRITABLE'],
    ])
    expect(reported(poller)).toEqual([[1n, 'WRITABLE']])
    poller.modify(high.fd, WRITE, 3)
    expect(reported(poller)).toEqual([
      [1n, 'WRITABLE'],
      [3n, 'WRITABLE'],
    ])
  })
})

describe('descriptors beyond the set', () => {
  const above = [FD_SETSIZE, FD_SETSIZE + 1, FD_SETSIZE + 63, 4 * FD_SETSIZE]

  test.each(above)('%i is refused with the limit in the error, and nothing else is touched', (number) => {
    using poller = select.open(libc)
    using low = openEventfd(libc)
    using high = duplicate(libc, low.fd, number)
    poller.add(low.fd, WRITE, 1)
    const add = (): void => poller.add(high.fd, READ | WRITE | PRIORITY, 2)
    expect(add).toThrow(UnsupportedError)
    expect(add).toThrow(`fd ${high.fd}`)
    expect(add).toThrow('below 1024')
    expect(codeOf(() => poller.modify(high.fd, READ, 2))).toBe('ENOENT')
    expect(codeOf(() => poller.remove(high.fd))).toBe('ENOENT')
    for (let i = 0; i < 3; i++) expect(reported(poller)).toEqual([[1n, 'WRITABLE']])
  })

  describe('when all numbers below are taken', () => {
    const held: OwnedFd[] = []
    beforeAll(() => {
      const first = openEventfd(libc)
      held.push(first)
      while ((held.at(-1)?.fd ?? 0) < FD_SETSIZE - 1) held.push(duplicate(libc, first.fd, 0))
    })
    afterAll(() => {
      for (const owned of held) owned.close()
    })

    test('a wake is refused with the reason, leaves nothing open, and works once a number is free', () => {
      using poller = select.open(libc)
      const watched = held[0]?.fd ?? -1
      poller.add(watched, WRITE, 1)
      expect(() => poller.wake()).toThrow(UnsupportedError)
      expect(() => poller.wake()).toThrow('select with fd 1024')
      expect(reported(poller)).toEqual([[1n, 'WRITABLE']])
      held.pop()?.close()
      poller.wake()
      expect(reported(poller)).toEqual([
        [0n, 'WAKE'],
        [1n, 'WRITABLE'],
      ])
    })
  })
})

describe('interest', () => {
  test('without any, a descriptor keeps its place but is never reported', () => {
    using poller = select.open(libc)
    using eventfd = openEventfd(libc)
    write(libc, eventfd.fd)
    poller.add(eventfd.fd, 0, 1)
    expect(reported(poller)).toEqual([])
    poller.modify(eventfd.fd, READ, 2)
    expect(reported(poller)).toEqual([[2n, 'READABLE']])
    poller.modify(eventfd.fd, 0, 3)
    expect(reported(poller)).toEqual([])
    poller.remove(eventfd.fd)
  })

  test('in priority data is an interest of its own', () => {
    using poller = select.open(libc)
    const [client, server] = openTcp(libc)
    using _client = client
    using _server = server
    const byte = new Memory(1)
    poller.add(server.fd, PRIORITY, 1)
    expect(reported(poller)).toEqual([])
    sys(libc, 'send', client.fd, byte.address, 1, MSG.OOB)
    expect(reported(poller, { timeoutNs: 5_000_000_000 })).toEqual([[1n, 'PRIORITY']])
  })
})

test('passes no set that nobody is in', () => {
  const passed: boolean[][] = []
  const watched = wrapLibc(libc, (name, native) => (...args) => {
    if (name === 'select') passed.push(args.slice(1, 4).map((set) => set !== NULL))
    return native(...args)
  })
  using poller = select.open(watched)
  using one = openEventfd(libc)
  using other = openEventfd(libc)
  const after = (change: () => void): boolean[] | undefined => {
    change()
    void reported(poller)
    return passed.at(-1)
  }
  expect(after(() => poller.add(one.fd, READ, 1))).toEqual([true, false, false])
  expect(after(() => poller.add(other.fd, READ | WRITE, 2))).toEqual([true, true, false])
  expect(after(() => poller.modify(one.fd, PRIORITY, 1))).toEqual([true, true, true])
  expect(after(() => poller.modify(other.fd, WRITE, 2))).toEqual([false, true, true])
  expect(after(() => poller.remove(one.fd))).toEqual([false, true, false])
  expect(after(() => poller.modify(other.fd, WRITE, 3))).toEqual([false, true, false])
  expect(after(() => poller.remove(other.fd))).toEqual([false, false, false])
})

describe.skipIf(!hasCompiler)('a select that keeps failing with EBADF (needs a C compiler)', () => {
  const broken = (): Poller => select.open(openLibc({ lib: compileLibrary('faults/select-ebadf') }))

  test('is an error where all descriptors are open', () => {
    using poller = broken()
    using idle = openEventfd(libc)
    poller.add(idle.fd, READ, 1)
    expect(codeOf(() => void reported(poller))).toBe('EBADF')
  })

  test('reports who is closed, and nobody as ready who is not', () => {
    using poller = broken()
    using idle = openEventfd(libc)
    const closed = openEventfd(libc)
    poller.add(idle.fd, READ, 1)
    poller.add(closed.fd, READ, 2)
    closed.close()
    expect(reported(poller)).toEqual([[2n, 'ERROR']])
  })
})

test('a file is always ready', () => {
  using poller = select.open(libc)
  const fd = openSync(import.meta.filename, 'r')
  poller.add(fd, READ | WRITE, 1)
  const events = reported(poller)
  closeSync(fd)
  expect(events).toEqual([[1n, 'READABLE WRITABLE']])
})
