/** A wait allocates nothing per event: what it costs in memory must not depend on how many it reports. */
import { expect, test } from 'vitest'
import { moduleUrl, runScript } from '../testing/native.ts'
import { testedLibc, testedNames } from '../testing/backends.ts'

/** The smallest object of V8 is a number of 12 bytes or more; the heap's own figures are off by less. */
const SMALLEST_OBJECT_BYTES = 12

const EVENTS = 500
const WAITS = 400

/** Room for all garbage that a broken Poller would make, so that no collection hides it. */
const execArgv = ['--expose-gc', '--min-semi-space-size=256', '--max-semi-space-size=256']

test.each(testedNames)('%s allocates nothing per event', (name) => {
  const script = `
    import { getHeapStatistics } from 'node:v8'
    import { openLibc } from '${moduleUrl('libc/libc')}'
    import { openEventfd } from '${moduleUrl('libc/fd')}'
    import { backends } from '${moduleUrl('backends/index')}'
    import { Interest, ReadinessBatch } from '${moduleUrl('backends/backend')}'
    const libc = openLibc(${JSON.stringify(testedLibc.plan.lib === undefined ? {} : { lib: testedLibc.plan.lib })})
    const poller = backends['${name}'].open(libc)
    for (let i = 0; i < ${EVENTS}; i++) {
      poller.add(openEventfd(libc).release(), Interest.WRITE, 2n ** 64n - 1n - BigInt(i))
    }
    const allocatedBy = (batch) => {
      gc()
      const before = getHeapStatistics().used_heap_size
      for (let i = 0; i < ${WAITS}; i++) poller.wait(batch, 0)
      return getHeapStatistics().used_heap_size - before
    }
    const [one, all] = [new ReadinessBatch(1), new ReadinessBatch(${EVENTS})]
    // Once for the compiler, which makes garbage too.
    for (let i = 0; i < 5; i++) [one, all].map(allocatedBy)
    console.log(JSON.stringify({ events: poller.wait(all, 0), one: allocatedBy(one), all: allocatedBy(all) }))
  `
  const { events, one, all } = runScript(script, { execArgv }) as Record<'events' | 'one' | 'all', number>
  expect(events).toBe(EVENTS)
  expect(one).toBeGreaterThanOrEqual(0)
  expect((all - one) / (WAITS * (EVENTS - 1))).toBeLessThan(SMALLEST_OBJECT_BYTES / 4)
})
