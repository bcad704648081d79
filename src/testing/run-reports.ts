/** Reports of `run` made by hand, for tests of what is made of them. */
import { judge } from '../conformance/scenarios/run/judge.ts'
import { summaryOf } from '../conformance/scenarios/run/report.ts'
import type { RunReport, ScenarioReport } from '../conformance/scenarios/run/report.ts'
import type { Scenario } from '../conformance/scenarios/schema.ts'
import { environment } from './reports.ts'

const scenario: Scenario = {
  schema: 'evloop/scenario@1',
  name: 'a pipe',
  description: 'Everything that a step may come to.',
  source: 'pipe(7)',
  steps: [
    { op: 'pipe', read: 'r', write: 'w' },
    { op: 'poller', as: 'p', expect: 'ok' },
    { op: 'add', poller: 'p', fd: 'r', interest: 'READ', expect: 'ok', note: 'Level-triggered.' },
    { op: 'write', fd: 'w', bytes: 1 },
    { op: 'wait', poller: 'p', expect: { r: 'READABLE' }, expectOn: { select: {} } },
    { op: 'wait', poller: 'p' },
    { op: 'close', fd: 'r', expect: 0 },
  ],
}

/** A scenario on backends that did well, ended early, crashed, and were not there. */
export const scenarioReport: ScenarioReport = judge(
  'pipe.json',
  scenario,
  new Map([
    ['epoll', { given: ['#0 #1', 'ok', 'ok', '1', wait('READABLE'), wait('READABLE'), '0'] }],
    ['poll', { given: ['#0 #1', 'ok', 'ok', '1', wait('HANGUP'), { events: [] }, '0'], cause: 'SIGABRT' }],
    ['select', { given: ['#0 #1', 'ok', 'ok', '1'], cause: 'SIGSEGV' }],
    ['kqueue', { given: [], reason: 'there is none' }],
  ]),
)

export function runReport(scenarios: readonly ScenarioReport[], over: Partial<RunReport> = {}): RunReport {
  return {
    schema: 'evloop/run@1',
    tool: { name: 'evloop', version: '1.2.3' },
    environment,
    startedAt: '2026-01-02T03:04:05.678Z',
    durationMs: 1234,
    scenarios,
    summary: summaryOf(scenarios),
    ...over,
  }
}

function wait(mask: string): { readonly events: readonly (readonly [string, string])[] } {
  return { events: [['r', mask]] }
}
