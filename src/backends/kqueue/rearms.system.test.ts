/** Oneshots that are re-armed by the next wait, over a kqueue in memory with the interface of each platform. */
import { beforeEach, describe, expect, test } from 'vitest'
import { openPipe } from '../../libc/fd.ts'
import type { OwnedFd } from '../../libc/fd.ts'
import { errnoNumber, openLibc } from '../../libc/libc.ts'
import type { Libc } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import { MemoryKqueue, withKqueue } from '../../testing/memory-kqueue.ts'
import type { KqueueCalls } from '../../testing/memory-kqueue.ts'
import { write } from '../../testing/native.ts'
import { codeOf, reported } from '../../testing/pollers.ts'
import { Interest, INTERRUPTED, ReadinessBatch } from '../backend.ts'
import type { Poller } from '../backend.ts'
import { kqueue } from '../kqueue.ts'
import { kqueueAbis } from './abi.ts'
import type { KqueueAbi } from './abi.ts'
import { tellsErrors } from './rearms.ts'

const { READ, WRITE } = Interest
const oneshot = { trigger: 'oneshot' } as const

const plain = openLibc()
const scratch = new Memory(8)

/** Those that differ in their layout; freebsd11 has that of libkqueue, for which it would be taken here. */
const kernels = kqueueAbis.filter(({ name }) => name === 'freebsd' || name === 'netbsd')

/** How the next call fails: a signal comes when its changes are made, and memory is short before. */
type Failure = 'EINTR' | 'ENOMEM'

interface Calls {
  /** How many changes each had. */
  readonly calls: number[]
  /** Which of them had no timeout. */
  readonly endless: boolean[]
  readonly failures: Failure[]
}

/** A kqueue in memory whose calls are noted, and fail as told. */
function counted(abi: KqueueAbi, { calls, endless, failures }: Calls): Libc {
  const memory = new MemoryKqueue(plain, abi)
  let failure: Failure | undefined
  const counting: KqueueCalls = {
    kqueue: () => memory.kqueue(),
    owns: (fd) => memory.owns(fd),
    errno: () => (failure === undefined ? memory.errno() : errnoNumber(failure)),
    kevent(...args) {
      const [kq = -1, changes = 0, count = 0] = args
      calls.push(count)
      endless.push(args[5] === 0)
      failure = failures.shift()
      if (failure === undefined) return memory.kevent(...args)
      if (failure === 'EINTR') memory.kevent(kq, changes, count)
      return -1
    },
  }
  return withKqueue(plain, counting)
}

describe.each(kernels)('with the interface of $name', (abi) => {
  const calls: number[] = []
  const endless: boolean[] = []
  const failures: Failure[] = []
  let libc: Libc

  beforeEach(() => {
    libc = counted(abi, { calls, endless, failures })
  })

  /** A Poller with so many pipes that can be read, each of which has fired, with its number as token. */
  function fired(count: number): Disposable & { poller: Poller; readers: OwnedFd[] } {
    const poller = kqueue.open(libc, { lateRearms: true })
    const pipes = Array.from({ length: count }, () => openPipe(libc))
    for (const [index, [reader, writer]] of pipes.entries()) {
      write(libc, writer.fd)
      poller.add(reader.fd, READ, index, oneshot)
    }
    expect(reported(poller)).toHaveLength(count)
    expect(reported(poller)).toEqual([])
    calls.length = 0
    const close = () => {
      poller.close()
      for (const end of pipes.flat()) end.close()
    }
    return { poller, readers: pipes.map(([reader]) => reader), [Symbol.dispose]: close }
  }

  test('one call re-arms and waits', () => {
    using at = fired(2)
    const [first, second] = at.readers.map(({ fd }) => fd)
    at.poller.modify(first ?? -1, READ, 7, oneshot)
    at.poller.modify(second ?? -1, READ, 8, oneshot)
    expect(calls).toEqual([])
    const ready = [
      [7n, 'READABLE'],
      [8n, 'READABLE'],
    ]
    expect([reported(at.poller), calls]).toEqual([ready, [2]])
    expect([reported(at.poller), calls]).toEqual([[], [2, 0]])
  })

  test('what is wrong with one is an event of that one, and the others are not lost', () => {
    using at = fired(3)
    const fds = at.readers.map(({ fd }) => fd)
    for (const [index, fd] of fds.entries()) at.poller.modify(fd, READ, index + 10, oneshot)
    at.readers[1]?.close()
    expect(reported(at.poller)).toEqual([[11n, 'ERROR']])
    expect(reported(at.poller)).toEqual([
      [10n, 'READABLE'],
      [12n, 'READABLE'],
    ])
    expect(reported(at.poller)).toEqual([])
    expect(codeOf(() => at.poller.remove(fds[1] ?? -1))).toBe('EBADF')
    expect(codeOf(() => at.poller.remove(fds[1] ?? -1))).toBe('ENOENT')
  })

  test('both filters of a registration are one event, also where both are refused', () => {
    using poller = kqueue.open(libc, { lateRearms: true })
    const [reader, writer] = openPipe(libc)
    using _reader = reader
    const { fd } = writer
    poller.add(fd, READ | WRITE, 1, oneshot)
    expect(reported(poller)).toEqual([[1n, 'WRITABLE']])
    poller.modify(fd, READ | WRITE, 2, oneshot)
    expect(reported(poller)).toEqual([[2n, 'WRITABLE']])
    poller.modify(fd, READ | WRITE, 3, oneshot)
    writer.close()
    expect(reported(poller)).toEqual([[3n, 'ERROR']])
    expect(reported(poller)).toEqual([])
  })

  test('what was removed, replaced or added anew meanwhile is not re-armed, and says nothing', () => {
    using at = fired(3)
    const [removed = -1, replaced = -1, again = -1] = at.readers.map(({ fd }) => fd)
    for (const fd of [removed, replaced, again]) at.poller.modify(fd, READ, 20, oneshot)
    at.poller.remove(removed)
    at.poller.modify(replaced, READ, 21)
    at.poller.remove(again)
    at.poller.add(again, READ, 22, oneshot)
    calls.length = 0
    const ready = [
      [21n, 'READABLE'],
      [22n, 'READABLE'],
    ]
    expect([reported(at.poller), calls]).toEqual([ready, [0]])
    expect(reported(at.poller)).toEqual([[21n, 'READABLE']])
  })

  test('more than there is room for are re-armed before it sleeps, and none is lost', () => {
    using at = fired(5)
    for (const [index, { fd }] of at.readers.entries()) at.poller.modify(fd, READ, index, oneshot)
    at.readers[0]?.close()
    at.readers[3]?.close()
    const all = Array.from({ length: 8 }, () => reported(at.poller, { capacity: 2 })).flat()
    expect(all.toSorted(([a], [b]) => Number(a - b))).toEqual([
      [0n, 'ERROR'],
      [1n, 'READABLE'],
      [2n, 'READABLE'],
      [3n, 'ERROR'],
      [4n, 'READABLE'],
    ])
    for (const { fd } of at.readers) if (fd !== -1) plain.fn.read(fd, scratch.address, 8)
    for (const { fd } of at.readers) if (fd !== -1) at.poller.modify(fd, READ, 9, oneshot)
    calls.length = 0
    endless.length = 0
    // This kqueue never sleeps, also where it is told to for ever, as the last call is.
    expect([reported(at.poller, { capacity: 2, timeoutNs: null }), calls]).toEqual([[], [2, 1]])
    expect(endless).toEqual([false, true])
  })

  test('a signal loses none, nor does a call that fails', () => {
    using at = fired(1)
    const { fd = -1 } = at.readers[0] ?? {}
    at.poller.modify(fd, READ, 1, oneshot)
    failures.push('EINTR')
    expect(at.poller.wait(new ReadinessBatch(4), 0)).toBe(INTERRUPTED)
    expect([reported(at.poller), calls]).toEqual([[[1n, 'READABLE']], [1, 0]])
    at.poller.modify(fd, READ, 2, oneshot)
    failures.push('ENOMEM')
    expect(codeOf(() => void reported(at.poller))).toBe('ENOMEM')
    expect([reported(at.poller), calls]).toEqual([[[2n, 'READABLE']], [1, 0, 1, 1]])
  })

  test.each([{}, { lateRearms: true, shared: true }])(
    '%o re-arms at once, and says at once what is wrong',
    (options) => {
      using poller = kqueue.open(libc, options)
      const [reader, writer] = openPipe(libc)
      using _writer = writer
      write(libc, writer.fd)
      const { fd } = reader
      poller.add(fd, READ, 1, oneshot)
      expect(reported(poller)).toHaveLength(1)
      reader.close()
      expect(codeOf(() => poller.modify(fd, READ, 1, oneshot))).toBe('EBADF')
    },
  )
})

describe('a kqueue that does not tell of what fails is not asked to', () => {
  test.each(kqueueAbis)('$name', (abi) => {
    const memory = new MemoryKqueue(plain, abi)
    const libc = withKqueue(plain, memory)
    expect(tellsErrors(libc, abi, memory.kqueue())).toBe(abi.name !== 'libkqueue')
    const silent = withKqueue(plain, {
      kqueue: () => memory.kqueue(),
      owns: (fd) => memory.owns(fd),
      errno: () => 0,
      kevent: () => 0,
    })
    expect(tellsErrors(silent, abi, memory.kqueue())).toBe(false)
  })
})
