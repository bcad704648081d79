import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Requests, State } from './requests.ts'

describe('the requests of a poller', () => {
  it('stand in the queue once each, first come, first served, however many there are', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(300), { maxLength: 400 }), (fds) => {
        const requests = new Requests()
        const expected = [...new Set(fds)]
        for (const fd of fds) {
          requests.set(fd, 1, false)
          requests.setState(fd, State.DUE)
        }
        expect(requests.due).toBe(expected.length)
        expect(expected.map(() => requests.dequeue())).toEqual(expected)
        expect(requests.due).toBe(0)
      }),
    )
  })

  it('have the same number again if the last answer was read, and another one if it may still come', () => {
    const requests = new Requests()
    requests.set(5, 1, false)
    const numbers = [0, 1, 2, 3].map((i) => {
      requests.make(5, 1)
      if (i % 2 === 0) requests.ended(5)
      return requests.generation(5)
    })
    expect(numbers).toEqual([0, 0, 1, 1].map((number) => number + (numbers[0] ?? 0)))
  })

  it('keep readiness until it is taken, and none of it for who is registered anew', () => {
    const requests = new Requests()
    requests.set(70, 1, true)
    requests.hold(70, 1)
    requests.hold(70, 4)
    expect([requests.due, requests.takeHeld(70), requests.takeHeld(70)]).toEqual([1, 5, 0])
    requests.hold(70, 2)
    requests.set(70, 1, false)
    expect(requests.takeHeld(70)).toBe(0)
  })
})
