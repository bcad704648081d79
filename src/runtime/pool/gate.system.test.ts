import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { describe, expect, it, vi } from 'vitest'
import { entryPoint } from '../../entry-point.ts'
import { Gate } from './gate.ts'

const LOG = Gate.WORDS

const setUp = () => {
  const words = new Int32Array(new SharedArrayBuffer(4 * (Gate.WORDS + 1)))
  const gate = new Gate(words.subarray(0, Gate.WORDS))
  gate.reset()
  return { words, gate }
}
/** A thread that calls one method, and says so in the word behind the gate when that has returned. */
const callFromThread = (words: Int32Array, method: 'shut' | 'guard'): Worker =>
  new Worker(
    `const { workerData: words } = require('node:worker_threads')
    import(${JSON.stringify(entryPoint('src/runtime/pool/gate'))}).then(({ Gate }) => {
      Atomics.store(words, ${LOG}, 1)
      new Gate(words.subarray(0, ${Gate.WORDS})).${method}()
      Atomics.store(words, ${LOG}, 2)
    })`,
    { eval: true, workerData: words },
  )
const until = async (words: Int32Array, value: number): Promise<void> =>
  vi.waitFor(() => expect(Atomics.load(words, LOG)).toBe(value), { timeout: 20_000 })

describe('a gate', () => {
  it('lets nobody wake who has shut it', () => {
    const { gate } = setUp()
    const wake = vi.fn<() => void>()
    gate.wake(wake)
    gate.shut()
    gate.shut()
    gate.wake(wake)
    expect(wake).toHaveBeenCalledTimes(1)
    gate.reset()
    gate.wake(wake)
    expect(wake).toHaveBeenCalledTimes(2)
  })

  it('is not shut while a wake is written', async () => {
    const { words, gate } = setUp()
    const begun = vi.fn<() => void>()
    let worker: Worker | undefined
    gate.wake(() => {
      begun()
      worker = callFromThread(words, 'shut')
      // The main thread is held up in its write.
      while (Atomics.load(words, LOG) === 0) Atomics.wait(words, LOG, 0, 10)
      Atomics.wait(words, LOG, 1, 100)
      expect(Atomics.load(words, LOG)).toBe(1)
    })
    await until(words, 2)
    gate.wake(begun)
    expect(begun).toHaveBeenCalledTimes(1)
    await worker?.terminate()
  })

  it('is open for the next wake when one has failed', () => {
    const { gate } = setUp()
    expect(() =>
      gate.wake(() => {
        throw new Error('EBADF')
      }),
    ).toThrow('EBADF')
    const wake = vi.fn<() => void>()
    gate.wake(wake)
    expect(wake).toHaveBeenCalledTimes(1)
  })

  it('lets nobody end a thread that guards itself, as it does from its start', () => {
    const { gate } = setUp()
    expect(gate.doom()).toBe(false)
    gate.unguard()
    gate.guard()
    expect(gate.doom()).toBe(false)
    gate.unguard()
    expect([gate.doom(), gate.doom()]).toEqual([true, true])
  })

  it('keeps a thread that is about to be ended from guarding itself', async () => {
    const { words, gate } = setUp()
    gate.unguard()
    expect(gate.doom()).toBe(true)
    const worker = callFromThread(words, 'guard')
    await until(words, 1)
    await sleep(50)
    expect(Atomics.load(words, LOG)).toBe(1)
    await worker.terminate()
  })
})
