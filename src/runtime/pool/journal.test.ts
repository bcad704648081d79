import { describe, expect, it, vi } from 'vitest'
import { syscallNumbers } from '../../libc/constants/syscalls.ts'
import type { Libc } from '../../libc/libc.ts'
import { Journal } from './journal.ts'

/** A libc whose descriptors count on from 10, and whose mappings from 4096. */
const setUp = () => {
  let fd = 10
  let address = 0
  const open = (): number => fd++
  const close = vi.fn<(fd: number) => number>(() => 0)
  const munmap = vi.fn<(address: number, length: number) => number>(() => 0)
  const fn = {
    epoll_create1: open,
    eventfd: vi.fn<() => number>(open),
    kqueue: open,
    syscall: open,
    mmap: vi.fn<() => number>(() => (address += 4096)),
    munmap,
    close,
  }
  const libc = { fn, has: () => false } as unknown as Libc
  const journal = new Journal(new SharedArrayBuffer(Journal.BYTES), 0)
  const closed = (): number[] => close.mock.calls.map(([number]) => number)
  return { fn, libc, journal, noted: journal.over(libc).fn, closed }
}

describe('a journal', () => {
  it('gives back what was opened and mapped, once', () => {
    const { fn, libc, journal, noted, closed } = setUp()
    noted.epoll_create1(0)
    noted.eventfd(0, 0)
    noted.kqueue()
    noted.syscall(syscallNumbers()?.io_uring_setup ?? -1, 0, 0, 0, 0, 0, 0)
    noted.mmap(0 as never, 300, 0, 0, 0, 0)
    journal.settle(libc)
    expect(closed()).toEqual([10, 11, 12, 13])
    expect(fn.munmap.mock.calls).toEqual([[4096, 300]])
    journal.settle(libc)
    expect([closed().length, fn.munmap.mock.calls.length]).toEqual([4, 1])
  })

  it('leaves alone what was closed and unmapped, whose number may be that of another by now', () => {
    const { fn, libc, journal, noted, closed } = setUp()
    noted.epoll_create1(0)
    noted.eventfd(0, 0)
    noted.mmap(0 as never, 100, 0, 0, 0, 0)
    noted.close(10)
    noted.munmap(4096 as never, 100)
    fn.close.mockClear()
    fn.munmap.mockClear()
    journal.settle(libc)
    expect([closed(), fn.munmap.mock.calls]).toEqual([[11], []])
  })

  it('has struck a descriptor out before it is closed', () => {
    const { fn, libc, journal, noted, closed } = setUp()
    noted.epoll_create1(0)
    fn.close.mockImplementationOnce(() => {
      journal.settle(libc)
      return 0
    })
    noted.close(10)
    expect(closed()).toEqual([10])
  })

  it('notes nothing that has failed, and no other system call', () => {
    const { fn, libc, journal, noted, closed } = setUp()
    fn.eventfd.mockReturnValueOnce(-1)
    fn.mmap.mockReturnValueOnce(-1)
    noted.eventfd(0, 0)
    noted.mmap(0 as never, 100, 0, 0, 0, 0)
    noted.syscall(-5, 0, 0, 0, 0, 0, 0)
    journal.settle(libc)
    expect([closed(), fn.munmap.mock.calls]).toEqual([[], []])
  })
})
