/** Parsers of the /proc files that tell about this process. Pure: they are given the text, or undefined. */
import type { Limit } from './report.ts'

export interface ProcessStatus {
  /** The seccomp mode: 0 none, 1 strict, 2 filter. Absent on kernels without seccomp. */
  readonly seccomp: number | undefined
  readonly seccompFilters: number | undefined
  /** The process that traces this one, or 0. */
  readonly tracer: number | undefined
  /** CapEff. */
  readonly capabilities: bigint | undefined
}

/** /proc/self/status. A kernel without a seccomp line has none. */
export function parseStatus(text: string | undefined): ProcessStatus | undefined {
  if (text === undefined || text === '') return undefined
  const field = (name: string): string | undefined => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(text)?.[1]
  const number = (name: string): number | undefined => {
    const value = field(name)
    return value === undefined ? undefined : Number(value)
  }
  const capabilities = field('CapEff')
  return {
    seccomp: number('Seccomp') ?? 0,
    seccompFilters: number('Seccomp_filters'),
    tracer: number('TracerPid'),
    capabilities: capabilities === undefined ? undefined : BigInt(`0x${capabilities}`),
  }
}

/** One line of /proc/PID/limits: `Max open files            1024                 524288               files`. */
export function parseLimit(
  text: string | undefined,
  name: string,
): { readonly soft: Limit; readonly hard: Limit } | undefined {
  const match = new RegExp(`^${name}\\s+(\\d+|unlimited)\\s+(\\d+|unlimited)`, 'm').exec(text ?? '')
  if (match === null) return undefined
  const limit = (value: string | undefined): Limit => (value === 'unlimited' ? value : Number(value))
  return { soft: limit(match[1]), hard: limit(match[2]) }
}

/** Whether /proc/self/uid_map maps every user to itself, as outside any user namespace. */
export function isIdentityMap(text: string): boolean {
  return /^\s*0\s+0\s+4294967295\s*$/.test(text)
}

/** A field of /proc/cpuinfo, of the first processor. */
export function cpuField(text: string | undefined, name: string): string | undefined {
  return new RegExp(`^${name}\\s*:\\s*(.*)$`, 'm').exec(text ?? '')?.[1]?.trim()
}

/** The arguments of /proc/PID/cmdline. */
export function parseArguments(text: string | undefined): string[] {
  return (text ?? '').split('\0').filter((argument) => argument !== '')
}

/** The libraries that LD_PRELOAD and /etc/ld.so.preload name: separated by spaces, colons or lines. */
export function parsePreload(variable: string | undefined, file: string | undefined): string[] {
  const withoutComments = (file ?? '').replaceAll(/#.*/g, '')
  return `${variable ?? ''} ${withoutComments}`.split(/[\s:]+/).filter((path) => path !== '')
}
