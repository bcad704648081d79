import { expect, test } from 'vitest'
import { openPipe } from './fd.ts'
import { openLibc } from './libc.ts'
import { openDescriptors } from './open-descriptors.ts'

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
