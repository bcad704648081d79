/** What tests do in a world of user space, in few words. */
import type { World } from '../backends/userspace/world.ts'
import { EPOLL_CTL } from '../libc/constants/linux.ts'
import { layouts } from '../libc/layouts.ts'
import { errnoName, sys } from '../libc/libc.ts'
import { Memory } from '../libc/memory.ts'

const { size: EVENT_SIZE } = layouts.epoll_event
const NS_PER_MS = 1e6
const MOST_EVENTS = 4

/** What a call gave: its result, or its errno. */
export const given = (world: World, result: number): number | string =>
  result === -1 ? errnoName(world.errno()) : result

/** How many virtual milliseconds something takes. */
export function took(world: World, action: () => void): number {
  const before = world.kernel.clock.nowNs
  action()
  return (world.kernel.clock.nowNs - before) / NS_PER_MS
}

/** A new instance that watches a descriptor. */
export function watched(world: World, fd: number, events: number): number {
  const ep = sys(world, 'epoll_create1', 0)
  const event = new Memory(EVENT_SIZE)
  event.view.setUint32(0, events, true)
  sys(world, 'epoll_ctl', ep, EPOLL_CTL.ADD, fd, event.address)
  return ep
}

/** Where waits put their events, which there is room for four of. */
export const events = new Memory(MOST_EVENTS * EVENT_SIZE)

export const wait = (world: World, ep: number, timeoutMs: number): number | string =>
  given(world, world.fn.epoll_wait(ep, events.address, MOST_EVENTS, timeoutMs))
