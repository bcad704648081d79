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
/** A thread that does something with the gate, with `step(value)` in between to say how far it is. */
const threadThat = (words: Int32Array, code: string): Worker =>
  new Worker(
    `const { workerData: words } = require('node:worker_threads')
    const step = (value) => {
      Atomics.store(words, ${LOG}, value)
      Atomics.notify(words, ${LOG})
    }
    import(${JSON.stringify(entryPoint('src/runtime/pool/gate'))}).then(({ Gate }) => {
      const gate = new Gate(words.subarray(0, ${Gate.WORDS}))
      ${code}
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
      worker = threadThat(words, 'step(1); gate.shut(); step(2)')
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
    gate.reset()
    gate.unguard()
    gate.guard()
    gate.guard()
    gate.unguard()
    expect([gate.doom(), gate.doom()]).toEqual([false, false])
    gate.reset()
    gate.unguard()
    expect([gate.doom(), gate.doom()]).toEqual([true, true])
  })

  it.each([
    ['begins', 'gate.unguard(); step(1); Atomics.wait(words, 2, 1); gate.guard(); step(4)', true],
    ['ends', 'step(1); Atomics.wait(words, 2, 1); gate.unguard(); step(4)', false],
  ])(
    'lets a thread that is to be ended go no further than to where it %s to guard itself',
    async (_, code, isOpen) => {
      const { words, gate } = setUp()
      const worker = threadThat(words, code)
      await until(words, 1)
      expect(gate.doom()).toBe(isOpen)
      Atomics.store(words, LOG, 3)
      Atomics.notify(words, LOG)
      gate.awaitDoom(20_000)
      expect(gate.doom()).toBe(true)
      await sleep(50)
      expect(Atomics.load(words, LOG)).toBe(3)
      await worker.terminate()
    },
  )
})
