/** What a world tells of its descriptors: proc(5), `/proc/PID/fdinfo`, and what its instances have counted. */
import { O } from '../../libc/constants/linux.ts'
import { Instance } from './files/instance.ts'
import type { Kernel } from './kernel.ts'

/**
 * The text of `/proc/self/fdinfo/FD`. An instance has a line for each of its entries, as on Linux, and then what no
 * kernel tells: its counters, one a line (`enqueue-attempts`, `dedupe-hits`, `stale-generation-drops`,
 * `empty-dequeues` …). Undefined where there is no such descriptor.
 */
export function fdinfoOf(kernel: Kernel, fd: number): string | undefined {
  const descriptor = kernel.descriptor(fd)
  if (descriptor === undefined) return undefined
  const { file, closeOnExec } = descriptor
  const flags = file.accessMode | (file.nonblocking ? O.NONBLOCK : 0) | (closeOnExec ? O.CLOEXEC : 0)
  const lines = ['pos:\t0', `flags:\t0${flags.toString(8)}`]
  if (file instanceof Instance) lines.push(...entriesOf(file), ...countersOf(file))
  return `${lines.join('\n')}\n`
}

function entriesOf({ state }: Instance): string[] {
  const hex = (value: number | bigint, width: number): string => value.toString(16).padStart(width)
  return Array.from(state.subscriptions(), ({ fd, mask, dataLow, dataHigh }) => {
    const data = (BigInt(dataHigh >>> 0) << 32n) | BigInt(dataLow >>> 0)
    return `tfd: ${String(fd).padStart(8)} events: ${hex(mask >>> 0, 8)} data: ${hex(data, 16)}`
  })
}

function countersOf({ state }: Instance): string[] {
  return Object.entries(state.counters).map(
    ([name, count]) => `${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}:\t${count}`,
  )
}
