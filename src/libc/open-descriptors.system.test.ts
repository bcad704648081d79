import { expect, test } from 'vitest'
import { openPipe } from './fd.ts'
import { openLibc } from './libc.ts'
import type { Libc } from './libc.ts'
import { DescriptorList, openDescriptors } from './open-descriptors.ts'

const libc = openLibc()

test('what is opened is in the set, and what is closed is not', () => {
  const before = openDescriptors(libc)
  const [reader, writer] = openPipe(libc)
  const pair = [reader.fd, writer.fd]
  const during = openDescriptors(libc)
  reader.close()
  writer.close()
  expect([...during].filter((fd) => !before.has(fd))).toEqual(pair)
  expect(openDescriptors(libc)).toEqual(before)
})

test('the descriptor that reads the list is not in it', () => {
  const open = openDescriptors(libc)
  expect([...open].filter((fd) => libc.fn.fcntl(fd, 1, 0) === -1)).toEqual([])
})

test('a list that stays open says the same, and has its own descriptor', () => {
  const before = openDescriptors(libc)
  const list = new DescriptorList(libc)
  const own = [...list.read()].filter((fd) => !before.has(fd))
  expect(own).toHaveLength(1)
  // More than one call of the kernel gives.
  const pipes = Array.from({ length: 200 }, () => openPipe(libc))
  expect(list.read()).toEqual(openDescriptors(libc))
  expect(list.read().size).toBe(before.size + 1 + 400)
  for (const end of pipes.flat()) end.close()
  expect([...list.read()].toSorted((a, b) => a - b)).toEqual([...before, ...own].toSorted((a, b) => a - b))
  list.close()
  expect(openDescriptors(libc)).toEqual(before)
})

test('a list that cannot be read from the kernel is made in the other way', () => {
  const noDirectories: Libc = { ...libc, fn: { ...libc.fn, syscall: () => -1 } }
  using list = new DescriptorList(noDirectories)
  expect(list.read()).toEqual(openDescriptors(libc))
})
