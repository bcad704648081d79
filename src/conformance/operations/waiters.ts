import type { Machine } from '../machine.ts'
import { Waiters } from '../threads/waiters.ts'
import type { WaiterStep } from '../steps/waiters.ts'
import type { Operations } from './index.ts'

export const waiterOperations: Operations<WaiterStep['op']> = {
  waiters(machine, { as, at, releaseIn }) {
    machine.waiters.set(as, new Waiters(machine, as, at, releaseIn))
  },
  woken: (machine, { waiters, expect, count }) => waitersOf(machine, waiters).expectWoken(expect, count),
  release: (machine, { waiters, expect }) => waitersOf(machine, waiters).release(expect.others),
}

function waitersOf(machine: Machine, name: string): Waiters {
  const waiters = machine.waiters.get(name)
  if (waiters === undefined) throw new TypeError(`the scenario has no waiters ${name}`)
  return waiters
}
