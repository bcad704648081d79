import type { BackendName } from '../../backends/index.ts'
import { loadDocument, whyNotOf } from '../../saved/document.ts'
import type { DocumentType } from '../../saved/document.ts'
import { languageOf, speaks } from './language.ts'
import { namesMadeBy, namesUsedBy } from './names.ts'
import { epollSteps, portableSteps } from './language.ts'
import { SCENARIO_SCHEMA } from './limits.ts'
import { headSchema } from './schema.ts'
import type { Scenario, ScenarioStep, StepName } from './schema.ts'
import { problemOfExpectations, problemOfOperation, problemOfStep } from './steps.ts'

const scenarioType: DocumentType = {
  kind: 'scenario',
  name: SCENARIO_SCHEMA,
  schema: headSchema,
  contradictionOf: (document) => problemOfScenario(document as Scenario),
}

/** A scenario from a file. Throws `SavedFileError`, with the first thing that is wrong in it, and where. */
export function loadScenario(file: string): Scenario {
  return loadDocument(file, scenarioType) as Scenario
}

/** Why something is no scenario, or undefined if it is one. */
export function whyNotScenario(document: unknown): string | undefined {
  return whyNotOf(document, scenarioType)
}

function problemOfScenario(scenario: Scenario): string | undefined {
  const { steps, backends = [] } = scenario
  const made = new Map<string, Maker>()
  const labels = new Set<string>()
  const languages = new Map<readonly StepName[], number>()
  for (const [index, step] of steps.entries()) {
    const unknown = problemOfOperation(step)
    if (unknown !== undefined) return `steps[${index}]: ${unknown}`
    const problem = problemOfStep(step) ?? problemOfNames(step, made) ?? problemOfExpectations(step, labels)
    if (problem !== undefined) return `steps[${index}] (${step.op}): ${problem}`
    for (const name of namesMadeBy(step)) made.set(name, { index, op: step.op })
    if (step.op === 'epoll_ctl' || step.op === 'add' || step.op === 'modify')
      labels.add(step.label ?? String(step.fd))
    const language = [epollSteps, portableSteps].find((ops) => ops.includes(step.op))
    if (language === undefined || languages.has(language)) continue
    languages.set(language, index)
    const other = languages.get(language === epollSteps ? portableSteps : epollSteps)
    if (other === undefined) continue
    return (
      `steps[${index}] (${step.op}): steps[${other}] is ${steps[other]?.op}; expected one language: that of epoll ` +
      `(${epollSteps.join(', ')}), or that of every backend (${portableSteps.join(', ')})`
    )
  }
  return problemOfBackends(backends, scenario)
}

function problemOfBackends(
  backends: Scenario['backends'] & {},
  { steps }: Pick<Scenario, 'steps'>,
): string | undefined {
  const language = languageOf({ steps })
  const deaf = backends.findIndex((name) => !speaks(name, language))
  if (deaf !== -1)
    return `backends[${deaf}] is ${JSON.stringify(backends[deaf])}; expected one that speaks epoll, as the steps do`
  for (const [index, { op, expectOn = {} }] of steps.entries()) {
    for (const name of Object.keys(expectOn) as BackendName[]) {
      if (!speaks(name, language))
        return `steps[${index}] (${op}): expectOn.${name}: ${name} does not speak epoll, as the steps do`
    }
  }
  return undefined
}

/** The step that has made something. */
interface Maker {
  readonly index: number
  readonly op: StepName
}

function problemOfNames(step: ScenarioStep, made: ReadonlyMap<string, Maker>): string | undefined {
  for (const [field, name] of namesUsedBy(step)) {
    const maker = made.get(name)
    const wanted = field === 'poller'
    if (maker !== undefined && (maker.op === 'poller') === wanted) continue
    const known = [...made].filter(([, { op }]) => (op === 'poller') === wanted).map(([one]) => one)
    const choice = known.length === 0 ? 'a step before it that makes one' : `one of ${known.join(', ')}`
    const why =
      maker === undefined
        ? 'which no step before it makes'
        : `which steps[${maker.index}] makes, and which is ${wanted ? 'a descriptor and no Poller' : 'a Poller and no descriptor'}`
    return `${field} is ${JSON.stringify(name)}, ${why}; expected ${choice}`
  }
  const names = namesMadeBy(step)
  for (const [i, name] of names.entries()) {
    const before = made.get(name)
    if (before !== undefined)
      return `${JSON.stringify(name)} is made by steps[${before.index}] already; expected a new name`
    if (names.indexOf(name) !== i)
      return `${JSON.stringify(name)} is two of what it makes; expected two names`
  }
  return undefined
}
