import type { SavedReport } from '../saved/schema.ts'
import type { Difference } from './report.ts'

/** What is looked at in a report, and whether figures depend on it. */
interface Trait {
  readonly what: string
  /** Whether the same code may have other figures for it alone. */
  readonly doubtful: boolean | ((report: SavedReport) => boolean)
  readonly of: (report: SavedReport) => string
}

const traits: readonly Trait[] = [
  { what: 'operating system', doubtful: true, of: ({ environment }) => environment.platform.os },
  { what: 'architecture', doubtful: true, of: ({ environment }) => environment.platform.arch },
  { what: 'kernel', doubtful: true, of: ({ environment }) => environment.platform.kernel },
  { what: 'kernel build', doubtful: true, of: ({ environment }) => environment.platform.kernelVersion },
  { what: 'CPU', doubtful: true, of: ({ environment }) => known(environment.platform.cpus.model) },
  {
    what: 'CPUs',
    doubtful: true,
    of: ({ environment: { platform } }) => `${platform.cpus.usable} of ${platform.cpus.count} usable`,
  },
  {
    what: 'pinned to',
    doubtful: true,
    of: ({ settings: { cpus } }) => (cpus.length === 0 ? 'any CPU' : `CPU ${cpus.join(', ')}`),
  },
  { what: 'sandbox', doubtful: true, of: ({ environment }) => layers(environment) },
  {
    what: 'libc',
    doubtful: true,
    of: ({ environment: { platform } }) => `${platform.libc.name} ${platform.libc.version ?? ''}`.trim(),
  },
  { what: 'clock source', doubtful: true, of: ({ environment }) => known(environment.platform.clockSource) },
  // A wait with a timeout ends as late as this allows.
  { what: 'timer slack', doubtful: true, of: ({ timerSlackNs }) => `${timerSlackNs} ns` },
  {
    what: 'node',
    doubtful: callsFromNode,
    of: ({ environment }) => environment.platform.node,
  },
  { what: 'binding', doubtful: callsFromNode, of: ({ environment }) => environment.ffi.binding },
  // Mostly what the comparison is about.
  { what: 'library', doubtful: false, of: ({ environment }) => environment.ffi.library ?? 'none' },
  { what: 'preloaded', doubtful: false, of: ({ environment }) => list(environment.ffi.preloaded) },
  { what: 'evloop', doubtful: false, of: ({ tool }) => tool.version },
]

/** Whether any figure depends on Node and on how it calls native functions: replayed cycles run without them. */
function callsFromNode({ results }: SavedReport): boolean {
  return results.some(({ driver }) => driver === 'ffi')
}

/** In what two reports differ besides their figures: machine, sandbox, versions. */
export function differencesOf(base: SavedReport, other: SavedReport): Difference[] {
  return traits.flatMap(({ what, doubtful, of }) => {
    const [before, after] = [of(base), of(other)]
    if (before === after) return []
    const counts = typeof doubtful === 'boolean' ? doubtful : doubtful(base) || doubtful(other)
    return [{ what, base: before, other: after, doubtful: counts }]
  })
}

function layers({ sandbox }: SavedReport['environment']): string {
  return list([...new Set(sandbox.map(({ layer }) => layer))].toSorted())
}

function list(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.join(', ')
}

function known(value: string | null): string {
  return value ?? 'unknown'
}
