import { describe, expect, it } from 'vitest'
import { atOnce } from './at-once.ts'
import type { SeldomWaiting } from './at-once.ts'

const failing = Promise.reject(new RangeError('no'))
failing.catch(() => undefined)

describe('work that seldom waits', () => {
  it('is done when the call returns, where it does not wait', () => {
    function* work(waits: boolean): SeldomWaiting<number> {
      if (waits) yield Promise.resolve()
      return 1
    }
    expect(atOnce(work(false))).toBe(1)
    expect(atOnce(work(true))).toBeInstanceOf(Promise)
  })

  it('throws what it throws, at once', () => {
    function* work(fails: boolean): SeldomWaiting<number> {
      if (fails) throw new RangeError('no')
      yield Promise.resolve()
      return 1
    }
    expect(() => atOnce(work(true))).toThrow(RangeError)
  })

  it('gives others their turn only where it waits', async () => {
    const log: string[] = []
    function* work(name: string, waits: number): SeldomWaiting<string> {
      for (let i = 0; i < waits; i++) {
        log.push(`${name}${i}`)
        yield Promise.resolve()
      }
      log.push(`${name} end`)
      return name
    }
    const [first, second, third] = [atOnce(work('a', 2)), atOnce(work('b', 0)), atOnce(work('c', 1))]
    expect([await first, second, await third]).toEqual(['a', 'b', 'c'])
    expect(log.slice(0, 3)).toEqual(['a0', 'b end', 'c0'])
    expect(log).toHaveLength(6)
  })

  it('learns of what a promise is rejected with where it waits for it, and may go on', async () => {
    function* work(): SeldomWaiting<string> {
      try {
        yield failing
      } catch (error) {
        yield Promise.resolve()
        return String(error)
      }
      return 'nothing'
    }
    expect(await atOnce(work())).toBe('RangeError: no')
  })

  it('rejects with what it throws after it has waited', async () => {
    function* work(): SeldomWaiting<string> {
      yield failing
      return 'nothing'
    }
    await expect(atOnce(work())).rejects.toThrow(RangeError)
  })
})
