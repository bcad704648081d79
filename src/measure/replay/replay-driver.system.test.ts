import { expect, test } from 'vitest'
import { backends } from '../../backends/index.ts'
import { openLibc } from '../../libc/libc.ts'
import { workloads } from '../../workloads/index.ts'
import { loadReplayer, measureClock } from './native.ts'
import { ReplayDriver } from './replay-driver.ts'

test('x', () => {
  const replayer = loadReplayer('/work/tmp/x/replay.so')
  const clock = measureClock(replayer)
  console.log(clock)
  const driver = new ReplayDriver(replayer, { clockNs: clock.costNs, callNs: 0 })
  const libc = openLibc()
  for (const fds of [1, 100, 10000])
    for (const workload of Object.values(workloads)) {
      for (const c of workload.cases({ fds, eventsPerWait: 1024, trigger: 'level', source: 'eventfd', writes: 100 })) {
        const t = performance.now()
        const opened = driver.open([backends.epoll, backends.poll, ...(fds < 1000 ? [backends.select] : [])], {
          libc,
          workload: workload.name,
          case: c,
          sources: 'eventfd',
          cpus: [],
        })
        const open = performance.now() - t
        const out = opened.map((o) => {
          if ('failure' in o) return o.failure
          const s = o.subject
          let line = ''
          try {
            const n = workload.name === 'dispatch' && fds > 1000 ? 3 : 1000
            if (!s.timesEach) line += (s.run(n, false).cycleNs / c.eventsPerCycle).toFixed(0)
            const timed = s.run(Math.min(n, s.mostTimed), true)
            line += ` ${(timed.cycleNs / c.eventsPerCycle).toFixed(0)} calls ${s.callsPerCycle} cpu ${(timed.cpuNs/timed.cycles/c.eventsPerCycle).toFixed(0)}`
          } catch (e) {
            line += String(e)
          }
          s.close()
          return `${o.backend.name}: ${line}`
        })
        console.log(workload.name, fds, `${open.toFixed(0)} ms`, out)
      }
    }
  expect(1).toBe(1)
})
