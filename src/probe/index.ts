import { realpathSync } from 'node:fs'
import { usualBackendNames } from '../backends/index.ts'
import type { BackendName } from '../backends/index.ts'
import { LibraryError } from '../errors.ts'
import { layouts } from '../libc/layouts.ts'
import { chosenBinding, USUAL_BINDING, usualBindingVersion } from '../libc/libc.ts'
import { version } from '../version.ts'
import type { Facts } from './facts.ts'
import { subjectsOf } from './features/index.ts'
import { findingsOf } from './findings/index.ts'
import { makeTries } from './isolation.ts'
import { limitsReport } from './limits.ts'
import { platformReport } from './platform.ts'
import { policyOf } from './policy.ts'
import { parsePreload } from './procfs.ts'
import type { FfiReport, ProbeReport } from './report.ts'
import { detectSandbox } from './sandbox/index.ts'
import { machineSources } from './sources.ts'
import type { Sources } from './sources.ts'
import { subjectReport } from './subject-report.ts'
import type { Results } from './subject-report.ts'
import { factsOf } from './tries.ts'

export type * from './report.ts'

export interface ProbeOptions {
  /** A library whose functions come before those of libc. */
  readonly lib?: string | undefined
  /** Default: all that are meant where nobody names one. */
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
  const names = options.backends ?? usualBackendNames
  const { outcomes, error } = await tryEverything(names, options)
  const facts = factsOf(outcomes)
  const sandbox = detectSandbox(machineSources, facts.seccomp ?? undefined)
  const results = { outcomes, facts, error, policy: policyOf(machineSources, facts, sandbox) }
  const subjects = subjectsOf(names)
  const report: Omit<ProbeReport, 'findings' | 'durationMs'> = {
    schema: 'evloop/probe@1',
    tool: { name: 'evloop', version: version() },
    startedAt: startedAt.toISOString(),
    platform: platformReport(machineSources, facts),
    limits: limitsReport(machineSources, facts, process.ppid),
    backends: subjects.backends.map((subject) => subjectReport(subject, results)),
    interfaces: subjects.interfaces.map((subject) => subjectReport(subject, results)),
    ring: facts.ring ?? null,
    structs: Object.fromEntries(Object.entries(layouts).map(([name, { size }]) => [name, size])),
    sandbox,
    ffi: ffiReport(machineSources, facts, options.lib, error),
  }
  const durationMs = Math.round(performance.now() - start)
  return { ...report, durationMs, findings: findingsOf({ ...report, durationMs }) }
}

/** A binding that is not there is a fact about the machine; a library that is not there is the user's mistake. */
async function tryEverything(
  backends: readonly BackendName[],
  options: ProbeOptions,
): Promise<Pick<Results, 'outcomes' | 'error'>> {
  try {
    const { lib } = options
    const onWarning = (message: string): void => options.onWarning(message)
    return { outcomes: await makeTries({ lib, backends, onWarning }), error: undefined }
  } catch (error) {
    if (!(error instanceof LibraryError) || error.library !== USUAL_BINDING) throw error
    return { outcomes: new Map(), error }
  }
}

function ffiReport(
  sources: Sources,
  { binding, callNs, origins }: Facts,
  lib: string | undefined,
  error: LibraryError | undefined,
): FfiReport {
  const name = binding?.name ?? chosenBinding() ?? USUAL_BINDING
  const version = binding?.version ?? (name === USUAL_BINDING ? usualBindingVersion() : undefined)
  const preloaded = parsePreload(sources.environment['LD_PRELOAD'], sources.text('/etc/ld.so.preload'))
  return {
    binding: name,
    version: version ?? null,
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
