import { describe, expect, it } from 'vitest'
import { interruptible } from './interrupt.ts'

const signals = ['SIGINT', 'SIGTERM'] as const
const listeners = (): number[] => signals.map((signal) => process.listenerCount(signal))

describe('an action that can be interrupted', () => {
  const before = listeners()

  it('gives its result, and does not listen for signals any more', async () => {
    expect(await interruptible(async (signal) => (signal.aborted ? 'aborted' : 'whole'))).toBe('whole')
    expect(listeners()).toEqual(before)
  })

  it.each(signals)('is asked to stop by %s, and gives what it has', async (name) => {
    const result = await interruptible(async (signal) => {
      process.emit(name)
      return signal.aborted ? 'a part' : 'all of it'
    })
    expect(result).toBe('a part')
    expect(listeners()).toEqual(before)
  })

  it('is asked once: a second signal does what it always does', async () => {
    await interruptible(async () => {
      process.emit('SIGINT')
      expect(process.listenerCount('SIGINT')).toBe(before[0])
    })
  })

  it('passes its error on', async () => {
    await expect(interruptible(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(listeners()).toEqual(before)
  })
})
