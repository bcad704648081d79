import { availableParallelism, cpus, endianness } from 'node:os'
import type { Facts } from './facts.ts'
import type { PlatformReport } from './report.ts'
import { numberIn } from './sources.ts'
import type { Sources } from './sources.ts'

const CLOCK_SOURCE = '/sys/devices/system/clocksource/clocksource0/current_clocksource'

/** The machine, from what Node, /proc and /sys tell, and the facts that need native calls. */
export function platformReport(sources: Sources, facts: Facts): PlatformReport {
  const processors = cpus()
  const usable = availableParallelism()
  const model = processors[0]?.model.trim() ?? ''
  return {
    os: sources.os,
    arch: sources.arch,
    kernel: sources.release,
    kernelVersion: sources.version,
    libc: facts.libc ?? { name: 'unknown', version: null },
    node: process.versions.node,
    libuv: process.versions.uv,
    cpus: {
      model: model === '' || model === 'unknown' ? null : model,
      // Without /proc Node finds none, though it runs on one.
      count: Math.max(processors.length, usable),
      usable,
    },
    clockSource: sources.text(CLOCK_SOURCE)?.trim() ?? null,
    timerSlackNs: numberIn(sources, '/proc/self/timerslack_ns') ?? facts.timerSlack ?? null,
    pageSize: facts.pageSize ?? null,
    endianness: endianness(),
  }
}
