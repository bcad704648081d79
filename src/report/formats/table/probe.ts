import type {
  FeatureReport,
  FeatureState,
  Finding,
  Limit,
  ProbeReport,
  SubjectReport,
} from '../../../probe/report.ts'
import type { FormatOptions } from '../../format.ts'
import type { Style } from '../../style.ts'
import { formatNs, printable } from '../../text.ts'
import { layOut, machineLine, wrapList } from './layout.ts'

/** How wide a list of features may get. */
const FEATURES_WIDTH = 72

export function probeTable(report: ProbeReport, { style, verbose }: FormatOptions): string {
  const subjects = [...report.backends, ...report.interfaces]
  const rows = subjects.map((subject) => [
    subject.name,
    subject.available ? style.good('usable') : paintState(style, worstState(subject)),
    wrapList(usableFeatures(subject), FEATURES_WIDTH),
  ])
  const obstacles = subjects.flatMap((subject) => obstaclesOf(subject, style, verbose))
  const sections = [
    style.strong(machineLine('probe', report)),
    layOut(['', '', 'features that were really used'], rows, []),
    ...(obstacles.length === 0 ? [] : [style.strong('Not usable'), ...obstacles]),
    ...facts(report, style, verbose),
    ...findings(report.findings, style),
  ]
  return `${sections.join('\n')}\n`
}

function usableFeatures({ features }: SubjectReport<string>): string[] {
  return Object.entries(features)
    .filter(([, { state }]) => state === 'usable')
    .map(([name]) => name)
}

/** What to call a subject that is not available: by the first of its features that is not. */
function worstState({ features }: SubjectReport<string>): FeatureState {
  return Object.values(features).find(({ state }) => state !== 'usable')?.state ?? 'broken'
}

function paintState(style: Style, state: FeatureState): string {
  switch (state) {
    case 'usable':
      return style.good(state)
    case 'missing':
      return style.dim(state)
    case 'forbidden':
      return style.warn(state)
    case 'broken':
      return style.bad(state)
  }
}

/** A line for each feature that is not usable; what was not even tried says nothing new, unless asked for. */
function obstaclesOf(subject: SubjectReport<string>, style: Style, verbose: boolean): string[] {
  return Object.entries(subject.features)
    .filter(([, { state, untried }]) => state !== 'usable' && (verbose || untried === undefined))
    .map(([name, feature]) => `  ${subject.name} ${name}: ${describe(feature, style)}`)
}

function describe({ state, reason, cause }: FeatureReport, style: Style): string {
  const by = cause === undefined ? '' : ` (${cause})`
  return `${paintState(style, state)}${by}${reason === undefined ? '' : `: ${printable(reason)}`}`
}

function facts(report: ProbeReport, style: Style, verbose: boolean): string[] {
  const { platform, limits, ffi } = report
  const { descriptors } = limits
  const lines: [string, string][] = [
    [
      'processor',
      `${platform.cpus.model ?? 'unknown'}, ${platform.cpus.count} online, ${platform.cpus.usable} usable`,
    ],
    [
      'descriptors',
      `soft ${limitText(descriptors.soft)}, hard ${limitText(descriptors.hard)}, open ${limitText(descriptors.open)}; nr_open ${limitText(limits.nrOpen)}, file-max ${limitText(limits.fileMax)}`,
    ],
    ['watches', `max_user_watches ${limitText(limits.maxUserWatches)}`],
    [
      'clock',
      `${platform.clockSource ?? 'unknown'}, timer slack ${platform.timerSlackNs === null ? 'unknown' : formatNs(platform.timerSlackNs)}`,
    ],
    ['node', `${platform.node}, libuv ${platform.libuv}`],
    [
      'structs',
      `epoll_event ${report.structs['epoll_event'] ?? '?'} bytes, pollfd ${report.structs['pollfd'] ?? '?'}, fd_set ${report.structs['fd_set'] ?? '?'}`,
    ],
    ['ffi', ffiText(ffi)],
    ...ringLines(report, verbose),
    ...layers(report, verbose),
  ]
  return lines.map(([name, text]) => `${style.dim(name.padEnd(12))}${printable(text)}`)
}

/** The operations, setup flags and features of io_uring: those that are missing, and all on request. */
function ringLines({ ring }: ProbeReport, verbose: boolean): [string, string][] {
  if (ring === null) return []
  const line = (
    title: string,
    { usable, missing }: NonNullable<typeof ring>['features'],
  ): [string, string] => {
    const count = `${usable.length} of ${usable.length + missing.length}`
    const names = verbose ? `: ${usable.join(' ')}` : ''
    const without = missing.length === 0 ? '' : `; not ${missing.join(' ')}`
    return ['io_uring', `${title} ${count}${names}${without}`]
  }
  return [
    line('operations', ring.operations),
    line('setup flags', ring.setupFlags),
    line('features', ring.features),
  ]
}

function limitText(limit: Limit | null): string {
  return limit === null ? 'unknown' : String(limit)
}

function ffiText({
  binding,
  version,
  callNs,
  library,
  origins,
  preloaded,
  error,
}: ProbeReport['ffi']): string {
  if (error !== undefined) return error
  const cost =
    callNs === null
      ? ''
      : `, a call costs ${formatNs(callNs.noArguments)} without arguments, ${formatNs(callNs.fourArguments)} with four`
  const front = [...(library === undefined ? [] : [library]), ...preloaded]
  const from =
    front.length === 0
      ? ''
      : `, behind ${front.join(' and ')}; epoll_wait is from ${origins.epoll_wait ?? 'nowhere'}`
  return `${binding} ${version ?? ''}${cost}${from}`
}

/** One line a layer; the weak evidence only on request, because it is wrong often enough. */
function layers({ sandbox }: ProbeReport, verbose: boolean): [string, string][] {
  return sandbox
    .filter(({ confidence }) => verbose || confidence !== 'low')
    .map(({ layer, evidence, confidence }) => ['layer', `${layer} (${confidence}): ${evidence}`])
}

function findings(all: readonly Finding[], style: Style): string[] {
  if (all.length === 0) return [style.good('Nothing stands in the way.')]
  const paint = { error: style.bad, warning: style.warn, advice: style.strong }
  return all.flatMap(({ severity, title, detail, advice }) => [
    `${paint[severity](severity)}: ${printable(title)}`,
    `  ${printable(detail)}`,
    `  ${style.dim('advice')} ${printable(advice)}`,
  ])
}
