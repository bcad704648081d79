import { expect, it } from 'vitest'
import { closed } from '../../testing/closed-schema.ts'
import { benchReportOf, runEvloop } from '../../testing/run-evloop.ts'
import { backendWorkloadNames } from '../../workloads/index.ts'
import { whyNot } from './load.ts'
import { problemOf } from '../../saved/problem.ts'
import { benchSchema } from './schema.ts'

it('a report of every workload, as bench writes it, is a report as compare reads it, and has no other fields', async () => {
  const report = benchReportOf(await runEvloop(['bench', '--quick', '--fds', '10,100', '-f', 'json']))
  expect(new Set(report.results.map(({ workload }) => workload))).toEqual(new Set(backendWorkloadNames))
  expect(report.openLoop).not.toHaveLength(0)
  expect(report.control).not.toHaveLength(0)
  expect(whyNot(report)).toBeUndefined()
  expect(problemOf(closed(benchSchema), report)).toBeUndefined()
})
