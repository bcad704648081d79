import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openLibc } from '../../libc/libc.ts'
import { add, epoll, eventfd, wait } from '../build.ts'
import { Machine } from '../machine.ts'
import { decodeGuarded, guardedBuffer, timespecOf } from './events.ts'

const libc = openLibc()
let machine: Machine
beforeEach(() => {
  machine = new Machine(libc, 'epoll')
})
afterEach(() => machine.close())

describe('a guarded buffer', () => {
  it('gives as many events as there are, up to its room', () => {
    const buffer = guardedBuffer(2)
    buffer.bytes.fill(0, 0, 24)
    expect(decodeGuarded(machine, buffer, 0, 2)).toEqual([])
    expect(decodeGuarded(machine, buffer, 2, 2)).toHaveLength(2)
    expect(() => decodeGuarded(machine, buffer, 3, 2)).toThrow('expected 2 events at the most, got 3 events')
  })

  it('fails if anything was written behind its room', () => {
    const buffer = guardedBuffer(1)
    buffer.bytes[buffer.bytes.length - 1] = 0
    expect(() => decodeGuarded(machine, buffer, 1, 1)).toThrow('bytes written behind the room for events')
  })
})

describe('a wait by another function', () => {
  it.each(['epoll_pwait', 'epoll_pwait2'] as const)('is made by %s, and told so', (by) => {
    if (!libc.has(by)) return
    machine.run(eventfd('e', 1), epoll('ep'), add('ep', 'e', 'IN'), wait('ep', { e: 'IN' }, { by }))
    expect(() => machine.run(wait('ep', 'EINVAL', { by }))).toThrow(`expected ${by} gives EINVAL`)
  })
})

it('a timespec has whole seconds and the nanoseconds that are left', () => {
  const { view } = timespecOf(2500.5)
  expect([view.getBigInt64(0, true), view.getBigInt64(8, true)]).toEqual([2n, 500_500_000n])
})
