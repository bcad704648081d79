import { CLOCK } from '../../../libc/constants/linux.ts'
import { layouts } from '../../../libc/layouts.ts'
import { sys } from '../../../libc/libc.ts'
import { Memory } from '../../../libc/memory.ts'
import { add, epoll, eventfd } from '../../build.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { counterOf } from '../../operations/events.ts'
import { WOKEN } from '../../patience.ts'
import { RacingWaiter, untilAsleep } from '../../threads/racing-waiter.ts'

/** How many waiters at once, and how often. 64, as elsewhere, would be 64 threads for this check alone. */
const SERIES = [
  { waiters: 1, rounds: 15 },
  { waiters: 8, rounds: 5 },
] as const

export const latency: Check = epollCheck({
  id: 'epoll.wake.latency',
  statement:
    'How long it takes from a write until 1 and until 8 sleeping waiters are back is told, and not judged.',
  level: 'quirk',
  kind: 'time',
  source: 'gvisor#9816; axboe/liburing#1105',
  bugs: ['gvisor#9816: waking a thread in epoll_wait took far longer than elsewhere'],
  threads: 8,
  run(machine) {
    const told = SERIES.map(({ waiters, rounds }) => {
      const micros = measure(machine, waiters, rounds).toSorted((a, b) => a - b)
      const at = (share: number): string =>
        `${Math.round(micros[Math.floor((micros.length - 1) * share)] ?? NaN)} us`
      return `${waiters} ${waiters === 1 ? 'waiter' : 'waiters'}: median ${at(0.5)}, at most ${at(1)}`
    })
    machine.note = told.join('; ')
  },
})

/** Microseconds from the write until a thread is back from epoll_wait and has asked for the time. */
function measure(machine: Machine, count: number, rounds: number): number[] {
  const { libc } = machine
  const [ep, e] = [`ep of ${count}`, `e of ${count}`]
  machine.run(eventfd(e), epoll(ep), add(ep, e, 'IN'))
  const clocks = Array.from({ length: count }, () => new Memory(layouts.timespec.size, { shared: true }))
  const waiters = clocks.map((clock) => {
    machine.keep(clock)
    return new RacingWaiter(machine, ep, WOKEN.timeoutMs, [
      { fn: 'clock_gettime', args: [CLOCK.MONOTONIC, clock.address], accept: [0] },
    ])
  })
  const [one, counter] = [counterOf(1n), counterOf(0n)]
  machine.begin(`${count} threads wait in ${ep}, and ${e} is written to`)
  const micros = Array.from({ length: rounds }, () => {
    for (const waiter of waiters) waiter.start()
    untilAsleep(waiters)
    const start = process.hrtime.bigint()
    sys(libc, 'write', machine.fd(e), one.address, 8)
    for (const waiter of waiters) {
      const { got } = waiter.end()
      if (got !== `${e} IN`) throw new Failure(`${e} IN`, got)
    }
    sys(libc, 'read', machine.fd(e), counter.address, 8)
    return clocks.map(({ view }) => {
      const ns = view.getBigInt64(0, true) * 1_000_000_000n + view.getBigInt64(8, true)
      return Number(ns - start) / 1000
    })
  }).flat()
  for (const { thread } of waiters) machine.giveThreadBack(thread)
  return micros
}
