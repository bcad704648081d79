import { layouts } from '../../../libc/layouts.ts'
import { errnoName } from '../../../libc/libc.ts'
import { Memory } from '../../../libc/memory.ts'
import { add, epoll, eventfd, wait } from '../../build.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { LONGEST_WAIT_MS, WOKEN } from '../../patience.ts'
import type { WaiterThread } from '../../threads/thread-pool.ts'
import { joinAll } from './join.ts'

const THREADS = 4

/** Many threads at one counter: nothing is lost, and nothing is there twice. */
export const races: readonly Check[] = [
  epollCheck({
    id: 'eventfd.concurrent-sum',
    statement: 'However many threads add, what is read in the meantime and at the end is the exact sum.',
    kind: 'race',
    source: 'Gramine eventfd races',
    threads: THREADS,
    run(machine) {
      const writes = 4000
      machine.run(eventfd('e'))
      machine.begin(`${THREADS} threads add 1 to the counter, ${writes} times each`)
      const writers = acquireThreads(machine)
      startWriters(machine, writers, writes)
      let sum = 0n
      let reads = 0
      const deadline = performance.now() + LONGEST_WAIT_MS
      for (let last = false; !last;) {
        // Asked before reading: what the writers left when they were done is then read for certain.
        last = writers.every((writer) => writer.isDone) || performance.now() > deadline
        const value = readCounter(machine)
        if (value > 0n) reads++
        sum += value
      }
      joinAll(writers, writes)
      machine.expect(sum, BigInt(THREADS * writes), 'sum of what was read')
      machine.note = `${THREADS * writes} writes, ${reads} reads`
    },
  }),
  epollCheck({
    id: 'eventfd.wake-storm-coalesce',
    statement:
      'However fast threads add, an edge-triggered wait wakes for the last one too, and never without something to read.',
    kind: 'race',
    source: 'mio waker; libuv async; polling notify',
    bugs: ['wasmerio/wasmer#6578: wakes were missed'],
    threads: THREADS,
    run(machine) {
      const storms = 100
      const writes = 40
      machine.run(eventfd('e'), epoll('ep'), add('ep', 'e', 'IN|ET'))
      machine.begin(
        `${storms} times, ${THREADS} threads add 1, ${writes} times each; epoll_wait and read in turn`,
      )
      const writers = acquireThreads(machine)
      let events = 0
      for (let storm = 0; storm < storms; storm++) events += weatherStorm(machine, writers, writes)
      machine.run(wait('ep', {}))
      machine.note = `${storms * THREADS * writes} wakes, ${events} events`
    },
  }),
]

/** Waits and reads until all that the threads add was read, and returns how many events that took. */
function weatherStorm(machine: Machine, writers: readonly WaiterThread[], writes: number): number {
  const buffer = new Memory(layouts.epoll_event.size)
  startWriters(machine, writers, writes)
  let left = BigInt(THREADS * writes)
  let events = 0
  while (left > 0n) {
    const n = machine.libc.fn.epoll_wait(machine.fd('ep'), buffer.address, 1, WOKEN.timeoutMs)
    if (n !== 1) throw new Failure('an event for every addition', `epoll_wait gives ${n} with ${left} left`)
    const value = readCounter(machine)
    if (value === 0n) throw new Failure('an event means a counter above 0', 'the counter is 0')
    events++
    left -= value
  }
  joinAll(writers, writes)
  machine.expect(left, 0n, 'additions that were not read')
  return events
}

const acquireThreads = (machine: Machine): WaiterThread[] =>
  Array.from({ length: THREADS }, () => machine.acquireThread())

/** Lets threads add 1 to the eventfd over and over. */
function startWriters(machine: Machine, writers: readonly WaiterThread[], writes: number): void {
  const one = new Memory(8, { shared: true })
  one.view.setBigUint64(0, 1n, true)
  machine.keep(one)
  const invocation = { fn: 'write', args: [machine.fd('e'), one.address, 8] } as const
  for (const writer of writers) writer.post({ calls: [{ ...invocation, accept: [8] }], rounds: writes })
}

/** Reads the eventfd; 0 if there is nothing to read. */
function readCounter(machine: Machine): bigint {
  const value = new Memory(8)
  const result = machine.libc.fn.read(machine.fd('e'), value.address, 8)
  if (result === 8) return value.view.getBigUint64(0, true)
  const text = result === -1 ? errnoName(machine.libc.errno()) : String(result)
  if (text !== 'EAGAIN') throw new Failure('read gives 8 or EAGAIN', `read gives ${text}`)
  return 0n
}
