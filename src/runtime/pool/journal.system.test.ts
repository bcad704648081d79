import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { testedBackends, testedLibc as libc } from '../../testing/backends.ts'
import { Journal } from './journal.ts'

/** Lines of the memory map that name a file: rings of io_uring are among them. */
const ringsMapped = (): number => {
  if (!existsSync('/proc/self/maps')) return 0
  return readFileSync('/proc/self/maps', 'utf8')
    .split('\n')
    .filter((line) => line.includes('io_uring')).length
}

describe('a journal of a poller', () => {
  // That no descriptor is left is seen by every system test.
  it.each(testedBackends)('gives back all that %s has from the kernel', (_, backend) => {
    const before = ringsMapped()
    const journal = new Journal(new SharedArrayBuffer(Journal.BYTES), 0)
    backend.open(journal.over(libc)).wakeHandle()
    journal.settle(libc)
    expect(ringsMapped()).toBe(before)
  })
})
