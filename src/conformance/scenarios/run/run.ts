import type { BackendName } from '../../../backends/index.ts'
import { UnsupportedError } from '../../../errors.ts'
import { probe } from '../../../probe/index.ts'
import { version } from '../../../version.ts'
import { languageOf, speaks } from '../language.ts'
import { loadScenario } from '../load.ts'
import type { Scenario } from '../schema.ts'
import { whyUnable } from './able.ts'
import { playIsolated } from './isolation.ts'
import type { Played, PlayOptions } from './isolation.ts'
import { judge } from './judge.ts'
import { summaryOf } from './report.ts'
import type { RunReport, ScenarioReport } from './report.ts'

export interface RunOptions extends PlayOptions {
  /** The scenarios, each a file. */
  readonly files: readonly string[]
  /** The backends to play them on. Default: those that the scenario names, else `candidates` and the model. */
  readonly backends?: readonly BackendName[] | undefined
  /** The backends that are here at all. */
  readonly candidates: readonly BackendName[]
  /** Called before each scenario, with how many are over. */
  readonly onProgress?: (done: number, total: number) => void
}

/**
 * Plays scenarios on backends side by side, each in a process of its own, and holds what each step gave against what it
 * must give. All files are read before the first is played. Throws `SavedFileError` for a bad one, `LibraryError`, and
 * `UnsupportedError` where no backend can play one of them.
 */
export async function runScenarios(options: RunOptions): Promise<RunReport> {
  const startedAt = new Date().toISOString()
  const start = performance.now()
  const { files, lib, onWarning, signal } = options
  const plan = files.map((file) => {
    const scenario = loadScenario(file)
    return { file, scenario, backends: chosenFor(scenario, options) }
  })
  const scenarios: ScenarioReport[] = []
  for (const { file, scenario, backends } of plan) {
    if (signal.aborted) break
    options.onProgress?.(scenarios.length, plan.length)
    const report = judge(file, scenario, await playOnAll(scenario, backends, options))
    if (!signal.aborted) assertPlayed(report)
    scenarios.push(report)
  }
  const environment = await probe({
    lib,
    backends: [...new Set(plan.flatMap(({ backends }) => backends))],
    onWarning,
  })
  return {
    schema: 'evloop/run@1',
    tool: { name: 'evloop', version: version() },
    environment,
    startedAt,
    durationMs: Math.round(performance.now() - start),
    scenarios,
    summary: summaryOf(scenarios),
    ...(signal.aborted ? { interrupted: true } : {}),
  }
}

/** Where somebody names backends, it is those, also such as can only say that they cannot. */
function chosenFor(scenario: Scenario, { backends, candidates }: RunOptions): readonly BackendName[] {
  const named = backends ?? scenario.backends
  if (named !== undefined) return [...new Set(named)]
  return [...new Set<BackendName>([...candidates, 'userspace'])].filter((name) =>
    speaks(name, languageOf(scenario)),
  )
}

async function playOnAll(
  scenario: Scenario,
  backends: readonly BackendName[],
  options: PlayOptions,
): Promise<ReadonlyMap<BackendName, Played>> {
  const played = await Promise.all(
    backends.map(async (backend): Promise<readonly [BackendName, Played]> => {
      const reason = whyUnable(backend, scenario)
      if (reason !== undefined) return [backend, { given: [], reason }]
      return [backend, await playIsolated(backend, scenario.steps, options)]
    }),
  )
  return new Map(played)
}

function assertPlayed({ file, columns }: ScenarioReport): void {
  if (columns.some(({ made, cause }) => made > 0 || cause !== undefined)) return
  const reasons = columns.map(({ backend, reason = 'it made no step' }) => `${backend}: ${reason}`)
  throw new UnsupportedError(`no backend can play ${file}`, reasons.join('; '))
}
