import { probe } from '../probe/index.ts'
import type { ProbeOptions } from '../probe/index.ts'
import type { ProbeReport } from '../probe/report.ts'

/** Has the machine looked at, by another process, while this one goes on. */
export function lookAtMachine(options: ProbeOptions): Promise<ProbeReport> {
  const probed = probe(options)
  // What is wrong with other options is said first, and then nobody waits for this.
  probed.catch(() => undefined)
  return probed
}
