/** The scenarios that are worth reading: each is as it says, on every backend that is here, and says so that it can fail. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { BackendName } from '../../backends/index.ts'
import { packageRoot } from '../../package-root.ts'
import { testedLibc, testedNames } from '../../testing/backends.ts'
import { temporaryDirectory } from '../../testing/temporary-directory.ts'
import { loadScenario } from './load.ts'
import type { Observation } from './observation.ts'
import { whyUnable } from './run/able.ts'
import { judge } from './run/judge.ts'
import { playOn } from './run/play.ts'
import { summaryOf } from './run/report.ts'
import type { ScenarioReport } from './run/report.ts'
import type { ExpectedGiven, Scenario, ScenarioStep } from './schema.ts'

const folder = join(packageRoot(), 'fixtures', 'scenarios')
const directory = temporaryDirectory()
const names: readonly BackendName[] = [...testedNames, 'userspace']

const cases = readdirSync(folder).flatMap((file) => {
  const scenario = loadScenario(join(folder, file))
  return names
    .filter((name) => whyUnable(name, scenario) === undefined)
    .map((backend) => ({ file, scenario, backend }))
})

describe.each(cases)('$file on $backend', ({ file, scenario, backend }) => {
  const given: Observation[] = []
  const judged = (steps: readonly ScenarioStep[] = scenario.steps): ScenarioReport =>
    judge(file, { ...scenario, steps }, new Map([[backend, { given }]]))

  it('is as expected', ({ skip }) => {
    let reason: string | undefined
    playOn(testedLibc, backend, scenario.steps, directory, {
      onUnavailable: (why) => (reason = why),
      onReady: () => undefined,
      onGiven: (observation) => given.push(observation),
    })
    skip(reason !== undefined, reason)
    expect(judged().steps.filter(({ on }) => on[backend]?.outcome === 'unmet')).toEqual([])
    expect(summaryOf([judged()]).met).toBeGreaterThan(scenario.steps.length / 2)
  })

  it('is not as expected where any one of its expectations is another', ({ skip }) => {
    skip(given.length === 0, 'the backend is not here')
    for (const [i, step] of scenario.steps.entries()) {
      const expected = step.expectOn?.[backend] ?? step.expect
      if (expected === undefined) continue
      const { expectOn: _, ...rest } = step
      const changed = { ...rest, expect: otherThan(expected) } as ScenarioStep
      const { steps } = judged(scenario.steps.with(i, changed))
      const unmet = steps.flatMap(({ on }, at) => (on[backend]?.outcome === 'unmet' ? [at] : []))
      expect(unmet).toEqual([i])
    }
  })
})

describe('the scenarios', () => {
  const scenarios = readdirSync(folder).map((file) => loadScenario(join(folder, file)))

  it('say what they are, where it is said, and what every wait gives', () => {
    const silent = (scenario: Scenario): boolean =>
      scenario.description === undefined ||
      scenario.source === undefined ||
      scenario.steps.every(({ note }) => note === undefined) ||
      scenario.steps.some(
        ({ op, expect: wanted }) => (op === 'wait' || op === 'epoll_wait') && wanted === undefined,
      )
    expect(scenarios.filter(silent).map(({ name }) => name)).toEqual([])
    expect(new Set(scenarios.map(({ name }) => name)).size).toBe(scenarios.length)
  })
})

/** What no step gives that gives this. */
function otherThan(expected: ExpectedGiven): ExpectedGiven {
  if (typeof expected === 'number') return expected + 1
  if (expected === 'ok') return 'EXDEV'
  if (typeof expected === 'string') return `${expected}X`
  const [first, ...others] = Object.entries(expected)
  if (first === undefined) return { 'data 0x1': 'IN' }
  return Object.fromEntries([[first[0], first[1] === 'IN' ? 'OUT' : 'IN'], ...others])
}
