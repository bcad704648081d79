/** What /proc tells of the signals and the limits of this process. Pure: the texts are given. */
import { constants } from 'node:os'

/** Sets of signals, bit 0 for signal 1, as /proc/PID/status has them. */
export interface SignalState {
  /** Blocked in the main thread. */
  readonly blocked: bigint
  /** Pending in the main thread or in the process. */
  readonly pending: bigint
  readonly ignored: bigint
  readonly caught: bigint
}

/** The lines about signals, which stand together. To compare them is cheaper than to parse them. */
export function signalLines(status: string): string {
  const start = status.indexOf('SigPnd:')
  const last = status.indexOf('SigCgt:')
  return start === -1 || last === -1 ? '' : status.slice(start, status.indexOf('\n', last) + 1)
}

/** Undefined where the text does not have them all. */
export function parseSignals(status: string): SignalState | undefined {
  const set = (name: string): bigint | undefined => {
    const digits = new RegExp(`^${name}:\\t([0-9a-f]+)$`, 'm').exec(status)?.[1]
    return digits === undefined ? undefined : BigInt(`0x${digits}`)
  }
  const [blocked, ignored, caught] = [set('SigBlk'), set('SigIgn'), set('SigCgt')]
  const [thread, process] = [set('SigPnd'), set('ShdPnd')]
  if (blocked === undefined || ignored === undefined || caught === undefined) return undefined
  return { blocked, ignored, caught, pending: (thread ?? 0n) | (process ?? 0n) }
}

/** The names of the signals of a set: `SIGUSR1, signal 40`. */
export function signalNames(set: bigint): string {
  const names = new Map<number, string>(Object.entries(constants.signals).map(([name, n]) => [n, name]))
  return Array.from({ length: 64 }, (_, bit) => bit + 1)
    .filter((number) => ((set >> BigInt(number - 1)) & 1n) === 1n)
    .map((number) => names.get(number) ?? `signal ${number}`)
    .join(', ')
}

/** A limit, as /proc/PID/limits has it. Its place in the list is the number of its RLIMIT constant. */
export interface LimitLine {
  readonly name: string
  readonly soft: string
  readonly hard: string
}

/** The lines of /proc/PID/limits below its head. */
export function parseLimits(limits: string): LimitLine[] {
  return [...limits.matchAll(/^(Max .+?) {2,}(\S+) +(\S+)/gm)].map(([, name = '', soft = '', hard = '']) => ({
    name,
    soft,
    hard,
  }))
}

/** A limit as a number; `unlimited` is infinite. */
export function limitOf(text: string): number {
  return text === 'unlimited' ? Infinity : Number(text)
}
