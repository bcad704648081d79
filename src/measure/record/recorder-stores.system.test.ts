/** What JavaScript stores between two calls, which nobody tells the recorder. */
import { describe, expect, test } from 'vitest'
import { EFD } from '../../libc/constants/linux.ts'
import { openEventfd, openPipe } from '../../libc/fd.ts'
import { layouts } from '../../libc/layouts.ts'
import { openLibc } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import { NULL } from '../../libc/signatures.ts'
import { callsOf, oneLane, stepsOf } from '../../testing/recordings.ts'

const libc = openLibc()

describe('stores between calls', () => {
  /** Records one write from `memory`, whose bytes `store` has set. */
  function writing(
    memory: Memory,
    writes: readonly (readonly [offset: number, size: number, store: (bytes: Uint8Array) => void])[],
  ): string[] {
    const { lane, record } = oneLane(libc)
    const [reader, writer] = openPipe(libc)
    using _reader = reader
    using _writer = writer
    const tape = record(() => {
      for (const [offset, size, store] of writes) {
        store(memory.bytes)
        lane.libc.fn.write(writer.fd, memory.at(offset), size)
      }
    })
    return stepsOf(tape, memory).filter((step) => !step.startsWith('write'))
  }
  const nothing = (): void => undefined

  test('are all bytes at first, in words and an unaligned tail', () => {
    const memory = new Memory(16)
    memory.bytes.set([1, 0, 0, 0, 2, 0, 0, 0x80, 3, 4])
    expect(writing(memory, [[0, 10, nothing]])).toEqual([
      '4 at 0: 1',
      `4 at 4: ${0x80000002 | 0}`,
      '1 at 8: 3',
      '1 at 9: 4',
    ])
  })

  test('are single bytes up to a word where the buffer begins elsewhere', () => {
    const memory = new Memory(16)
    memory.bytes.fill(1)
    expect(writing(memory, [[3, 6, nothing]])).toEqual(['1 at 3: 1', `4 at 4: ${0x01010101}`, '1 at 8: 1'])
  })

  test('are only what has changed later on', () => {
    const memory = new Memory(16)
    const steps = writing(memory, [
      [0, 16, nothing],
      [0, 16, nothing],
      [0, 16, (bytes) => bytes.set([7], 5)],
      [0, 16, (bytes) => bytes.set([0], 5)],
    ])
    expect(steps.slice(4)).toEqual(['4 at 4: 1792', '4 at 4: 0'])
  })

  test('are of both widths at one address where buffers of two lengths begin there', () => {
    const memory = new Memory(8)
    const steps = writing(memory, [
      [0, 6, nothing],
      [0, 8, (bytes) => bytes.set([1, 2, 3, 4], 4)],
      [0, 6, (bytes) => bytes.set([5, 6], 4)],
    ])
    expect(steps).toEqual([
      '4 at 0: 0',
      '1 at 4: 0',
      '1 at 5: 0',
      `4 at 4: ${0x04030201}`,
      '1 at 4: 5',
      '1 at 5: 6',
    ])
  })

  test('are found in buffers that overlap', () => {
    const { lane, record } = oneLane(libc)
    using fd = openEventfd(libc)
    const memory = new Memory(16)
    memory.view.setBigUint64(0, 5n, true)
    const { fn } = lane.libc
    record(() => {
      fn.write(fd.fd, memory.address, 8)
      fn.read(fd.fd, memory.at(4), 8)
    })
    // The bytes are again what the first call was given, but the second one has written to some of them.
    memory.view.setBigUint64(0, 5n, true)
    const tape = record(() => void fn.write(fd.fd, memory.address, 8))
    expect(stepsOf(tape, memory)).toEqual([`4 at 4: 0`, `write(${fd.fd}, memory, 8)`])
  })

  test('are none where a call itself has left the bytes that the next one reads', () => {
    const { lane, record } = oneLane(libc)
    using fd = openEventfd(libc)
    const { size, offsets } = layouts.pollfd
    const entries = new Memory(size)
    entries.view.setInt32(offsets.fd, fd.fd, true)
    entries.view.setInt16(offsets.events, 5, true)
    const tape = record(() => {
      for (let i = 0; i < 3; i++) expect(lane.libc.fn.poll(entries.address, 1, 0)).toBe(1)
    })
    expect(stepsOf(tape, entries).filter((step) => !step.startsWith('poll'))).toHaveLength(2)
    expect(callsOf(tape)).toHaveLength(1)
  })

  test('are made anew where a call leaves what nobody can know: the time that select had left', () => {
    const { lane, record } = oneLane(libc)
    using fd = openEventfd(libc, EFD.SEMAPHORE)
    const set = new Memory(8)
    const timeout = new Memory(16)
    const select = (): void => {
      set.view.setBigUint64(0, 1n << BigInt(fd.fd), true)
      timeout.view.setBigInt64(0, 0n, true)
      lane.libc.fn.select(fd.fd + 1, NULL, set.address, NULL, timeout.address)
    }
    record(select)
    const tape = record(select)
    expect(stepsOf(tape, timeout).filter((step) => step.startsWith('4 at '))).toHaveLength(4)
    const [call] = callsOf(tape)
    expect(call?.outputs.map(({ address }) => address)).toEqual([set.address])
  })

  test('that no call sees are on no tape, and are undone before memory is forked', () => {
    const { lane, record, recorder } = oneLane(libc)
    const memory = new Memory(16)
    const write = (): void => void lane.libc.fn.write(-1, memory.at(4), 8)
    memory.bytes.fill(1)
    const setup = record(write)
    const afterSetup = recorder.snapshot()
    const cycle = (): void => {
      memory.bytes.fill(2)
      write()
      memory.bytes.fill(3)
    }
    record(cycle)
    const tape = record(cycle)
    expect(stepsOf(tape, memory)).toEqual(['write(-1, memory, 8)'])
    recorder.settle(setup, afterSetup)
    // What no call was ever given is of no interest.
    expect([...memory.bytes]).toEqual([3, 3, 3, 3, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3])
    const [ones, twos] = [0x01010101, 0x02020202]
    expect(stepsOf(setup, memory)).toEqual([
      `4 at 4: ${ones}`,
      `4 at 8: ${ones}`,
      'write(-1, memory, 8)',
      // Being played first, the setup leaves what the cycles found, and not what it did itself.
      `4 at 4: ${twos}`,
      `4 at 8: ${twos}`,
    ])
  })
})
