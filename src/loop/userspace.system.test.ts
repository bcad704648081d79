import { expect, test } from 'vitest'
import { backends } from '../backends/index.ts'
import { createWorld } from '../backends/userspace/world.ts'
import { O } from '../libc/constants/linux.ts'
import { openLibc } from '../libc/libc.ts'
import { Memory } from '../libc/memory.ts'
import { createEvents, EventLoop } from './event-loop.ts'

test('an EventLoop over a world in user space waits in its time, and watches what is in it', () => {
  const world = createWorld(openLibc())
  using loop = new EventLoop(world, { backend: backends.userspace })
  const fds = new Memory(8)
  world.fn.pipe2(fds.address, O.NONBLOCK)
  const [read, write] = [fds.view.getInt32(0, true), fds.view.getInt32(4, true)]
  loop.addRead(read, 7)
  const found = createEvents(4)
  const before = world.kernel.clock.nowNs
  expect(loop.wait(found, 250)).toBe(0)
  expect(world.kernel.clock.nowNs - before).toBe(250e6)
  world.fn.write(write, fds.address, 3)
  expect(loop.wait(found, 250)).toBe(1)
  expect(found[0]).toMatchObject({ fd: read, token: 7n, readable: true, eof: false, bytes: 3 })
  world.fn.close(write)
  loop.wait(found, 0)
  expect(found[0]).toMatchObject({ fd: read, readable: true, eof: true })
})
