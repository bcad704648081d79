import { beforeEach, describe, expect, test } from 'vitest'
import { UnsupportedError } from '../../errors.ts'
import { EFD, EPOLL, F, O, PROT, RLIMIT_NOFILE } from '../../libc/constants/linux.ts'
import { layouts } from '../../libc/layouts.ts'
import { openLibc } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import { NULL } from '../../libc/signatures.ts'
import type { Pointer } from '../../libc/signatures.ts'
import { given, wait, watched } from '../../testing/in-world.ts'
import { Interest, ReadinessBatch } from '../backend.ts'
import { backends } from '../index.ts'
import { createWorld } from './world.ts'
import type { World } from './world.ts'

const libc = openLibc()

let world: World
beforeEach(() => {
  world = createWorld(libc)
})

describe('memory', () => {
  test('that is nobody’s is EFAULT, and only when it is needed', () => {
    const fd = world.fn.eventfd(0, EFD.NONBLOCK)
    const ep = watched(world, fd, EPOLL.IN)
    const nowhere = 16 as Pointer
    expect(given(world, world.fn.epoll_wait(ep, nowhere, 4, 0))).toBe(0)
    const one = new Memory(8)
    one.view.setBigUint64(0, 1n, true)
    world.fn.write(fd, one.address, 8)
    expect(given(world, world.fn.epoll_wait(ep, nowhere, 4, 0))).toBe('EFAULT')
    expect(wait(world, ep, 0)).toBe(1)
    expect(given(world, world.fn.pipe2(nowhere, 0))).toBe('EFAULT')
  })

  test('is what mmap and mprotect say', () => {
    const page = world.fn.mmap(NULL, 2 * 4096, PROT.READ | PROT.WRITE, 0x22, -1, 0)
    const fd = world.fn.eventfd(5, EFD.NONBLOCK)
    expect(given(world, world.fn.read(fd, page, 8))).toBe(8)
    expect(world.fn.mprotect(page, 4096, PROT.READ)).toBe(0)
    expect(given(world, world.fn.write(fd, page, 8))).toBe(8)
    expect(given(world, world.fn.read(fd, page, 8))).toBe('EFAULT')
    expect(world.fn.munmap(page, 2 * 4096)).toBe(0)
    expect(given(world, world.fn.write(fd, page, 8))).toBe('EFAULT')
  })
})

describe('descriptors', () => {
  test('get the lowest free number, and are gone when they are closed', () => {
    const fds = [0, 1, 2].map(() => world.fn.eventfd(0, 0))
    expect(fds).toEqual([3, 4, 5])
    world.fn.close(4)
    expect(world.fn.dup(5)).toBe(4)
    expect(given(world, world.fn.close(9))).toBe('EBADF')
    expect(world.kernel.openNumbers).toEqual([3, 4, 5])
  })

  test('are as many as RLIMIT_NOFILE says, and a pair gets both or none', () => {
    const { size, offsets } = layouts.rlimit
    const limit = new Memory(size)
    limit.view.setBigUint64(offsets.soft, 5n, true)
    limit.view.setBigUint64(offsets.hard, 100n, true)
    expect(world.fn.setrlimit(RLIMIT_NOFILE, limit.address)).toBe(0)
    expect(world.fn.eventfd(0, 0)).toBe(3)
    expect(given(world, world.fn.pipe2(limit.address, 0))).toBe('EMFILE')
    expect(world.kernel.openNumbers).toEqual([3])
    expect(world.fn.dup(3)).toBe(4)
    expect([given(world, world.fn.dup(3)), given(world, world.fn.dup2(3, 5))]).toEqual(['EMFILE', 'EBADF'])
    expect([-1, 5].map((least) => given(world, world.fn.fcntl(3, F.DUPFD_CLOEXEC, least)))).toEqual([
      'EINVAL',
      'EINVAL',
    ])
    expect(given(world, world.fn.setrlimit(RLIMIT_NOFILE, new Memory(8).address))).toBe('EFAULT')
  })

  test('tell what an instance watches, and what it has counted', () => {
    const fd = world.fn.eventfd(1, EFD.NONBLOCK)
    const ep = watched(world, fd, EPOLL.IN)
    expect(wait(world, ep, 0)).toBe(1)
    world.fn.close(fd)
    expect(wait(world, ep, 0)).toBe(0)
    expect(world.fdinfo(ep)).toMatchInlineSnapshot(`
      "pos:	0
      flags:	02
      enqueue-attempts:	1
      dedupe-hits:	0
      stale-generation-drops:	1
      empty-dequeues:	0
      retracted:	0
      requeues:	1
      repairs:	0
      delivered:	1
      "
    `)
    expect(world.fdinfo(watched(world, world.fn.eventfd(0, 0), EPOLL.IN | EPOLL.ET))).toContain(
      'tfd:        3 events: 80000019 data:                0',
    )
    expect(world.fdinfo(99)).toBeUndefined()
  })

  test('are of one world: another one has its own', () => {
    world.fn.eventfd(0, 0)
    expect(createWorld(libc).kernel.openNumbers).toEqual([])
  })

  test('a call that there is not says so', () => {
    expect(world.has('kqueue')).toBe(false)
    expect(() => world.fn.socket(1, 1, 0)).toThrow(UnsupportedError)
  })
})

describe('the backend', () => {
  test('refuses to watch descriptors of the machine', () => {
    expect(() => backends.userspace.open(libc)).toThrow('a world of its own')
  })

  test('has a Poller that is woken, and that waits in virtual time', () => {
    using poller = backends.userspace.open(world)
    const batch = new ReadinessBatch(4)
    poller.add(world.fn.eventfd(1, O.NONBLOCK), Interest.READ, 2n ** 64n - 1n)
    poller.wake()
    expect(poller.wait(batch, null)).toBe(2)
    expect([batch.token(0), batch.token(1)]).toEqual([2n ** 64n - 1n, 0n])
  })
})
