import { realpathSync } from 'node:fs'
import { backendNames } from '../backends/index.ts'
import type { BackendName } from '../backends/index.ts'
import { LibraryError } from '../errors.ts'
import { layouts } from '../libc/layouts.ts'
import { BINDING, bindingVersion } from '../libc/libc.ts'
import { tool } from '../tool.ts'
import { judge } from './cause.ts'
import type { Facts } from './facts.ts'
import { subjectsOf } from './features/index.ts'
import type { Feature, Subject } from './features/feature.ts'
import { findingsOf } from './findings.ts'
import { makeTries } from './isolation.ts'
import { limitsReport } from './limits.ts'
import type { Outcome } from './outcome.ts'
import { platformReport } from './platform.ts'
import { policyOf } from './policy.ts'
import type { Policy } from './policy.ts'
import { parsePreload } from './procfs.ts'
import type { FeatureReport, FfiReport, ProbeReport, SubjectReport } from './report.ts'
import { detectSandbox } from './sandbox/index.ts'
import { machineSources } from './sources.ts'
import type { Sources } from './sources.ts'
import { factsOf, featureId } from './tries.ts'

export type * from './report.ts'

export interface ProbeOptions {
  /** A library whose functions come before those of libc. */
  readonly lib?: string | undefined
  /** Default: all. */
  readonly backends?: readonly BackendName[]
  /** Called with what limits the probe itself. */
  onWarning(message: string): void
}

/**
 * Finds out what of the event backends is here, whether this process may use it, and who says no if not.
 * Whatever is missing or forbidden is a result. Throws `LibraryError` where `lib` cannot be loaded.
 */
export async function probe(options: ProbeOptions): Promise<ProbeReport> {
  const startedAt = new Date()
  const start = performance.now()
  const names = options.backends ?? backendNames
  const { outcomes, error } = await tryEverything(names, options)
  const facts = factsOf(outcomes)
  const sandbox = detectSandbox(machineSources, facts.seccomp ?? undefined)
  const judgement = { outcomes, facts, error, policy: policyOf(machineSources, facts, sandbox) }
  const subjects = subjectsOf(names)
  const report: Omit<ProbeReport, 'findings' | 'durationMs'> = {
    schema: 'evloop/probe@1',
    tool,
    startedAt: startedAt.toISOString(),
    platform: platformReport(machineSources, facts),
    limits: limitsReport(machineSources, facts, process.ppid),
    backends: subjects.backends.map((subject) => subjectReport(subject, judgement)),
    interfaces: subjects.interfaces.map((subject) => subjectReport(subject, judgement)),
    structs: Object.fromEntries(Object.entries(layouts).map(([name, { size }]) => [name, size])),
    sandbox,
    ffi: ffiReport(machineSources, facts, options.lib, error),
  }
  const durationMs = Math.round(performance.now() - start)
  return { ...report, durationMs, findings: findingsOf({ ...report, durationMs }) }
}

interface Attempts {
  readonly outcomes: ReadonlyMap<string, Outcome>
  /** Why nothing native can be tried at all. */
  readonly error: LibraryError | undefined
}

/** A binding that is not there is a fact about the machine; a library that is not there is the user's mistake. */
async function tryEverything(backends: readonly BackendName[], options: ProbeOptions): Promise<Attempts> {
  try {
    const { lib } = options
    const onWarning = (message: string): void => options.onWarning(message)
    return { outcomes: await makeTries({ lib, backends, onWarning }), error: undefined }
  } catch (error) {
    if (!(error instanceof LibraryError) || error.library !== BINDING) throw error
    return { outcomes: new Map(), error }
  }
}

interface Judgement extends Attempts {
  readonly facts: Facts
  readonly policy: Policy
}

function subjectReport<Name extends string>(
  subject: Subject<Name>,
  judgement: Judgement,
): SubjectReport<Name> {
  const { facts, outcomes, error, policy } = judgement
  const library = replacementOf(subject, facts)
  const [gate = ''] = Object.keys(subject.features)
  const features: Record<string, FeatureReport> = {}
  for (const [name, feature] of Object.entries<Feature>(subject.features)) {
    const outcome = outcomes.get(featureId(subject, name))
    if (outcome !== undefined) features[name] = judge(outcome, { feature, policy, library })
    else if (error !== undefined)
      features[name] = { state: 'missing', cause: 'library', reason: error.message }
    else features[name] = notTried(gate, features[gate])
  }
  const lacking = subject.required
    .map((name) => features[name])
    .find((feature) => feature?.state !== 'usable')
  const { reason, errno, cause } = lacking ?? {}
  return {
    name: subject.name,
    available: lacking === undefined,
    ...(reason === undefined ? {} : { reason }),
    ...(errno === undefined ? {} : { errno }),
    ...(cause === undefined ? {} : { cause }),
    features,
  }
}

/** A feature whose gate has failed shares the gate's fate. */
function notTried(gate: string, fate: FeatureReport | undefined): FeatureReport {
  return {
    state: fate?.state ?? 'broken',
    reason: `not tried without ${gate}`,
    untried: true,
    ...(fate?.cause === undefined ? {} : { cause: fate.cause }),
  }
}

/** The library in front of libc that has its own version of an interface. */
function replacementOf(subject: Subject, { origins }: Facts): string | undefined {
  const origin = subject.head === undefined ? undefined : origins?.[subject.head]
  return origins?.libc === undefined || origin === origins.libc ? undefined : origin
}

function ffiReport(
  sources: Sources,
  { callNs, origins }: Facts,
  lib: string | undefined,
  error: LibraryError | undefined,
): FfiReport {
  const preloaded = parsePreload(sources.environment['LD_PRELOAD'], sources.text('/etc/ld.so.preload'))
  return {
    binding: BINDING,
    version: bindingVersion() ?? null,
    ...(error === undefined ? {} : { error: error.reason }),
    callNs: callNs ?? null,
    ...(lib === undefined ? {} : { library: realpathSync(lib) }),
    origins: {
      epoll_wait: origins?.epoll_wait ?? null,
      poll: origins?.poll ?? null,
      select: origins?.select ?? null,
      libc: origins?.libc ?? null,
    },
    preloaded,
  }
}
