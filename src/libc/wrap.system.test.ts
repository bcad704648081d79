import { describe, expect, test } from 'vitest'
import { openEventfd } from './fd.ts'
import { layouts } from './layouts.ts'
import { openLibc } from './libc.ts'
import type { Libc } from './libc.ts'
import { Memory } from './memory.ts'
import { NULL } from './signatures.ts'
import type { FunctionName, Pointer } from './signatures.ts'
import { boundWaits, wrapLibc } from './wrap.ts'

const libc = openLibc()

/** A Libc whose functions return 0 and do nothing, and what they were called with. */
function fakeLibc(): { readonly fake: Libc; readonly calls: (readonly (number | string)[])[] } {
  const calls: (readonly (number | string)[])[] = []
  const fake = wrapLibc(libc, () => (...args) => {
    calls.push(args)
    return 0
  })
  return { fake, calls }
}

/** A wait without end, and one with one. The last argument of `args` stands for the limit. */
const waits = {
  epoll_wait: { args: [3, 64, 8], rest: [] },
  epoll_pwait: { args: [3, 64, 8], rest: [128] },
  epoll_pwait2: { args: [3, 64, 8], rest: [128] },
  poll: { args: [64, 2], rest: [] },
  ppoll: { args: [64, 2], rest: [128] },
  select: { args: [5, 64, 72, 80], rest: [] },
  pselect: { args: [5, 64, 72, 80], rest: [128] },
} as const satisfies Partial<Record<FunctionName, object>>

function callWith(target: Libc, name: keyof typeof waits, limit: number): void {
  const { args, rest } = waits[name]
  const call = target.fn[name] as (...all: readonly number[]) => number
  call(...args, limit, ...rest)
}

const LIMIT_MS = 1234

describe('a bounded wait', () => {
  const inMs = ['epoll_wait', 'epoll_pwait', 'poll'] as const
  const inTimes = ['epoll_pwait2', 'ppoll', 'pselect', 'select'] as const

  test.each(inMs.flatMap((name) => [-1, -2, -(2 ** 31)].map((limit) => [name, limit] as const)))(
    '%s gives up in time where it was told to wait %i ms, which is for ever',
    (name, limit) => {
      const { fake, calls } = fakeLibc()
      callWith(boundWaits(fake, LIMIT_MS), name, limit)
      const { args, rest } = waits[name]
      expect(calls).toEqual([[...args, LIMIT_MS, ...rest]])
    },
  )

  test.each(inTimes)('%s is given a time instead of NULL, in its unit, and anew at every call', (name) => {
    const limits: (readonly [bigint, bigint])[] = []
    const memories = new Set<number>()
    const fake = wrapLibc(libc, () => (...args) => {
      const address = Number(args[waits[name].args.length])
      memories.add(address)
      const seen = new Memory(16)
      for (let i = 0; i < 16; i++) copyByte(seen, i, address)
      limits.push([seen.view.getBigInt64(0, true), seen.view.getBigInt64(8, true)])
      // As select does: what is left of it.
      libc.fn.memset(address as Pointer, 0, 16)
      return 0
    })
    const bounded = boundWaits(fake, LIMIT_MS)
    for (let i = 0; i < 3; i++) callWith(bounded, name, NULL)
    const rest = name === 'select' ? 234_000n : 234_000_000n
    expect(limits).toEqual([
      [1n, rest],
      [1n, rest],
      [1n, rest],
    ])
    expect(memories.has(0)).toBe(false)
  })

  test.each([...inMs.map((name) => [name, 0] as const), ...inMs.map((name) => [name, 99_999] as const)])(
    '%s with an end of its own is left alone: %i ms',
    (name, limit) => {
      const { fake, calls } = fakeLibc()
      callWith(boundWaits(fake, LIMIT_MS), name, limit)
      expect(calls).toEqual([[...waits[name].args, limit, ...waits[name].rest]])
    },
  )

  test.each(inTimes)('%s with an end of its own is left alone', (name) => {
    const { fake, calls } = fakeLibc()
    callWith(boundWaits(fake, LIMIT_MS), name, 4096)
    expect(calls).toEqual([[...waits[name].args, 4096, ...waits[name].rest]])
  })

  test('really gives up, with 0', () => {
    const bounded = boundWaits(libc, 5)
    using silent = openEventfd(libc)
    const entries = new Memory(layouts.pollfd.size)
    entries.view.setInt32(0, silent.fd, true)
    entries.view.setInt16(4, 1, true)
    const set = new Memory(128)
    const select = (): number => {
      set.bytes.fill(0)
      set.bytes[silent.fd >> 3] = 1 << (silent.fd & 7)
      return bounded.fn.select(silent.fd + 1, set.address, NULL, NULL, NULL)
    }
    const results = [
      bounded.fn.poll(entries.address, 1, -1),
      bounded.fn.ppoll(entries.address, 1, NULL, NULL),
      select(),
      select(),
      bounded.fn.pselect(0, NULL, NULL, NULL, NULL, NULL),
    ]
    expect(results).toEqual([0, 0, 0, 0, 0])
  })
})

describe('a wrapped Libc', () => {
  test('passes every call through, with its name, and returns what that returns', () => {
    const called: string[] = []
    const wrapped = wrapLibc(libc, (name, native) => (...args) => {
      called.push(`${name} ${args.join(' ')}`)
      return native(...args)
    })
    expect(wrapped.fn.getppid()).toBe(process.ppid)
    expect(wrapped.fn.close(-1)).toBe(-1)
    expect(called).toEqual(['getppid ', 'close -1'])
    expect(wrapped.errno()).toBe(libc.errno())
    expect(wrapped.has('epoll_wait')).toBe(libc.has('epoll_wait'))
    expect(Object.keys(wrapped.fn)).toEqual(Object.keys(libc.fn))
  })

  test('leaves the other one alone', () => {
    wrapLibc(libc, () => () => 42)
    expect(libc.fn.getppid()).toBe(process.ppid)
  })
})

/** Copies one byte at an address that is not a Memory's own. */
function copyByte(to: Memory, offset: number, from: number): void {
  libc.fn.memccpy(to.at(offset), (from + offset) as Pointer, 0, 1)
}
