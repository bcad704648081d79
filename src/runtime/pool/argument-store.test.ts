import { expect, it } from 'vitest'
import { ArgumentStore } from './argument-store.ts'
import { JobTable } from './job-table.ts'

it('has arguments for the job that they were sent for, once, and for no other of the same slot', () => {
  const table = new JobTable(new SharedArrayBuffer(JobTable.bytes(3)), 0, 3)
  const store = new ArgumentStore(table)
  for (const slot of [0, 1]) table.fill(slot, 0, undefined)
  table.fill(2, 0, [5])
  expect(store.lacking([0, 1, 2])).toEqual([0, 1])
  store.keep([0, 1].map((slot) => ({ slot, serial: table.serialOf(slot), values: [slot] })))
  expect(store.lacking([0, 1, 2])).toEqual([])
  // Another thread has stolen the job of slot 1, and it is over: the slot has another one.
  table.fill(1, 0, undefined)
  expect(store.lacking([0, 1])).toEqual([1])
  expect([store.take(1), store.take(0), store.take(0)]).toEqual([undefined, [0], undefined])
  store.keep([{ slot: 1, serial: table.serialOf(1), values: ['new'] }])
  store.clear()
  expect(store.take(1)).toBeUndefined()
})
