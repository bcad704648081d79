import { expect, test } from 'vitest'
import { collectGarbage, moduleUrl, runScript, runThread } from '../testing/native.ts'
import { bytesAt } from './ffi.ts'
import { openPipe } from './fd.ts'
import { openLibc } from './libc.ts'
import { findMemory, Memory, scratch } from './memory.ts'
import type { Pointer } from './signatures.ts'

const libc = openLibc()

test('memory is zeroed, aligned to words and as long as asked for', () => {
  const sizes = [1, 7, 8, 12, 100, 4096]
  const memories = sizes.map((size) => new Memory(size))
  expect(memories.filter(({ address }) => address % 8 !== 0)).toEqual([])
  expect(memories.every(({ bytes }) => bytes.every((byte) => byte === 0))).toBe(true)
  // What is written to a socket is all of them: none more.
  expect(memories.map(({ bytes }) => bytes.length)).toEqual(sizes)
})

test('memory of no bytes has an address of its own', () => {
  const [one, other] = [new Memory(0), new Memory(0)]
  expect([one.address > 0, one.bytes.length]).toEqual([true, 0])
  expect(one.address).not.toBe(other.address)
})

test('C writes at `at`, and JavaScript sees it through bytes and view', () => {
  const memory = new Memory(32)
  libc.fn.memset(memory.at(8), 0xff, 4)
  expect([...memory.bytes.subarray(4, 16)]).toEqual([0, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0])
  expect(memory.view.getInt32(8, true)).toBe(-1)
})

test('C reads what JavaScript writes', () => {
  const [reader, writer] = openPipe(libc)
  using _reader = reader
  using _writer = writer
  const memory = new Memory(16)
  memory.view.setBigUint64(0, 0x0102030405060708n, true)
  expect(libc.fn.write(writer.fd, memory.address, 8)).toBe(8)
  expect(libc.fn.read(reader.fd, memory.at(8), 8)).toBe(8)
  expect(memory.view.getBigUint64(8, true)).toBe(0x0102030405060708n)
})

test.each([false, true])('addresses are stable over garbage collections (shared: %s)', (shared) => {
  const memories = Array.from({ length: 200 }, (_, i) => {
    const memory = new Memory(8 + i * 31, { shared })
    memory.view.setUint32(0, i, true)
    return memory
  })
  const addresses = memories.map(({ address }) => address)
  for (let round = 0; round < 3; round++) {
    Array.from({ length: 2000 }, () => new Memory(64).bytes.fill(0xee))
    collectGarbage()
  }
  const numbers = addresses.map((address) => Buffer.from(bytesAt(address, 4)).readUInt32LE())
  expect(numbers).toEqual(memories.map((_, i) => i))
  expect(memories.map(({ bytes }) => bytes.byteOffset)).toEqual(memories.map(() => 0))
})

test('shared memory is the same bytes in a worker', async () => {
  const memory = new Memory(8, { shared: true })
  const script = `
    import { workerData } from 'node:worker_threads'
    workerData[3] = 42
  `
  await runThread(script, memory.bytes)
  libc.fn.memset(memory.at(4), 7, 1)
  expect([...memory.bytes]).toEqual([0, 0, 0, 42, 7, 0, 0, 0])
})

test('an address leads back to its memory, from the first byte to the last', () => {
  const memory = new Memory(24)
  const others = [new Memory(24), new Memory(0)]
  for (const offset of [0, 1, 23]) expect(findMemory(memory.at(offset))).toEqual({ memory, offset })
  expect(findMemory(memory.at(24))?.memory).not.toBe(memory)
  expect(findMemory((memory.address - 1) as Pointer)?.memory).not.toBe(memory)
  expect(others.map((other) => findMemory(other.address)?.memory === other)).toEqual([true, true])
  expect(findMemory(0 as Pointer)).toBeUndefined()
})

test('memory that is held is found however much was collected, and what is not held is forgotten', () => {
  const script = `
    import { findMemory, Memory } from '${moduleUrl('libc/memory')}'
    const held = Array.from({ length: 50 }, () => new Memory(4096))
    const gone = Array.from({ length: 500 }, () => new Memory(4096).address)
    for (let i = 0; i < 20; i++) {
      gc()
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    const found = held.every((memory) => findMemory(memory.at(7))?.memory === memory)
    // New memory at an old address is the new one.
    const again = Array.from({ length: 500 }, () => new Memory(4096))
    const renewed = again.every((memory) => findMemory(memory.address)?.memory === memory)
    const mine = new Set(again.map(({ address }) => address))
    const ghosts = gone.filter((address) => !mine.has(address) && findMemory(address) !== undefined)
    const inside = ghosts.filter((address) => ![...held, ...again].some((memory) => address > memory.address && address < memory.address + 4096))
    console.log(JSON.stringify([found, renewed, inside.length]))
  `
  expect(runScript(script, { execArgv: ['--expose-gc'] })).toEqual([true, true, 0])
})

test('scratch memory is zeroed, aligned to words, as long as asked for, and nobody else has it', () => {
  const sizes = Array.from({ length: 300 }, (_, i) => (i * 37) % 5000)
  const pieces = sizes.map((size) => scratch(size))
  expect(pieces.filter(({ address }) => address % 8 !== 0)).toEqual([])
  expect(pieces.map(({ bytes }) => bytes.length)).toEqual(sizes.map((size) => Math.max(8, size)))
  for (const [i, piece] of pieces.entries()) {
    expect(piece.bytes.every((byte) => byte === 0)).toBe(true)
    libc.fn.memset(piece.address, i % 255, piece.bytes.length)
  }
  expect(pieces.filter(({ bytes }, i) => bytes.some((byte) => byte !== i % 255))).toEqual([])
})

test("scratch memory is C's and JavaScript's alike, also in the middle", () => {
  const piece = scratch(16)
  libc.fn.memset(piece.at(8), 0xff, 4)
  expect(piece.view.getBigUint64(8, true)).toBe(0xffffffffn)
})
