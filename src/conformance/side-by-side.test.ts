import { setTimeout } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { sideBySide } from './side-by-side.ts'

const never = (): void => {
  throw new Error('stopped')
}

describe('side by side', () => {
  it('begins everything in order, and no more than so many at once', async () => {
    const begun: number[] = []
    let running = 0
    let most = 0
    await sideBySide(
      [1, 2, 3, 4, 5],
      2,
      async (item) => {
        begun.push(item)
        most = Math.max(most, ++running)
        await setTimeout(item % 2)
        running--
      },
      never,
    )
    expect({ begun, most, running }).toEqual({ begun: [1, 2, 3, 4, 5], most: 2, running: 0 })
  })

  it('is done at once if there is nothing to do', async () => {
    const action = (): Promise<void> => Promise.reject(new Error('begun'))
    await expect(sideBySide([], 3, action, never)).resolves.toBeUndefined()
  })

  it('throws the first failure when all that were running have ended, and begins no other', async () => {
    const ended: number[] = []
    let stops = 0
    const promise = sideBySide(
      [1, 2, 3, 4],
      2,
      async (item) => {
        await setTimeout(item * 5)
        ended.push(item)
        throw new Error(`failure ${item}`)
      },
      () => stops++,
    )
    await expect(promise).rejects.toThrow('failure 1')
    expect({ ended, stops }).toEqual({ ended: [1, 2], stops: 2 })
  })
})
