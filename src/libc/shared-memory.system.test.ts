import { describe, expect, test } from 'vitest'
import { SystemError } from '../errors.ts'
import { hasCompiler } from '../testing/compile.ts'
import { checkedCall, handMade, startedChild } from '../testing/replay.ts'
import { runScript, moduleUrl } from '../testing/native.ts'
import { openLibc } from './libc.ts'
import { SharedMemory } from './shared-memory.ts'

const libc = openLibc()
const PAGE = 4096

describe('shared memory', () => {
  test('is zeroed, begins at a page, and is as long as asked for', () => {
    using memory = new SharedMemory(libc, 3 * PAGE + 1)
    expect(memory.address % PAGE).toBe(0)
    expect(memory.view.byteLength).toBe(3 * PAGE + 1)
    expect(
      new Uint8Array(memory.view.buffer, memory.view.byteOffset, 3 * PAGE + 1).every((byte) => byte === 0),
    ).toBe(true)
    expect(memory.at(8)).toBe(memory.address + 8)
  })

  test('is the same bytes for C', () => {
    using memory = new SharedMemory(libc, 16)
    libc.fn.memset(memory.at(4), 7, 4)
    expect(memory.view.getUint32(4, true)).toBe(0x07070707)
  })

  test.skipIf(!hasCompiler)(
    'is shared with a process that is forked later, both ways (needs a C compiler)',
    () => {
      using memory = new SharedMemory(libc, 16)
      memory.view.setInt32(0, 1, true)
      const program = handMade([
        { kind: 'LOAD32', address: memory.at(0), checks: true, expected: 2 },
        checkedCall('store', [memory.at(4), 5], 0),
      ])
      using child = startedChild()
      // After the fork.
      memory.view.setInt32(0, 2, true)
      child.run([{ program }], { cycles: 1, warmup: 0, timeoutMs: 20_000 })
      expect(memory.view.getInt32(4, true)).toBe(5)
    },
  )

  test('is gone once closed, which may be said twice', () => {
    const memory = new SharedMemory(libc, PAGE)
    memory.close()
    memory.close()
    expect(() => memory.view).toThrow(TypeError)
  })

  test.each([0, -1, 2 ** 47])('cannot have %d bytes', (length) => {
    expect(() => new SharedMemory(libc, length)).toThrow(SystemError)
  })

  test('may be collected when it is closed, and when it is not', () => {
    const script = `
      import { openLibc } from '${moduleUrl('libc/libc')}'
      import { SharedMemory } from '${moduleUrl('libc/shared-memory')}'
      const libc = openLibc()
      for (let i = 0; i < 200; i++) {
        const memory = new SharedMemory(libc, 65536)
        memory.view.setInt8(65535, 1)
        if (i % 2 === 0) memory.close()
        if (i % 20 === 0) gc()
      }
      await new Promise((resolve) => setTimeout(resolve, 1))
      gc()
      console.log('true')
    `
    expect(runScript(script, { execArgv: ['--expose-gc'] })).toBe(true)
  })
})
