/** What the kernel tells of a child. */
import { readFileSync } from 'node:fs'
import { constants as osConstants } from 'node:os'

/** How a process ended, from the status that waitpid(2) gives. */
export function endOf(status: number): string {
  // <sys/wait.h>: the low seven bits are the signal, the next byte is the exit code.
  const signal = status & 0x7f
  if (signal === 0) return `exit code ${(status >> 8) & 0xff}`
  const name = Object.entries(osConstants.signals).find(([, number]) => number === signal)?.[0]
  return name ?? `signal ${signal}`
}

/**
 * How long a process's first thread was ready to run and had no processor, in nanoseconds (proc(5), schedstat);
 * undefined where the kernel does not tell.
 */
export function runDelayNs(pid: number): number | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')
    const delay = Number(fields[1])
    return fields.length < 3 || Number.isNaN(delay) ? undefined : delay
  } catch {
    return undefined
  }
}
