/** Rules about what lies under the backends: the kernel, its clock, and what stands in for it. */
import { isBetween, parseKernelVersion } from '../kernel-version.ts'
import { emulatorOf } from '../policy.ts'
import type { Finding } from '../report.ts'
import type { Evidence } from './rule.ts'

export function emulation({ sandbox }: Evidence): Finding[] {
  const emulator = emulatorOf(sandbox)
  if (emulator === undefined) return []
  return [
    {
      severity: 'warning',
      title: `${emulator} stands between this program and the kernel`,
      detail: 'what is found, and every figure, is that of the emulation and not of the host',
      advice: 'do not compare results with those of other machines; run on the host to learn about the host',
    },
  ]
}

export function noProc({ platform, limits }: Evidence): Finding[] {
  if (platform.os !== 'linux' || limits.descriptors.open !== null) return []
  return [
    {
      severity: 'warning',
      title: '/proc is not there',
      detail: 'limits, sandboxes and the causes of refusals are known in part only',
      advice: 'mount /proc',
    },
  ]
}

/** Clocks that are read without entering the kernel. */
const FAST_CLOCKS =
  /^(tsc|kvm-clock|arch_sys_counter|hyperv_clocksource_tsc_page|timebase|riscv_clocksource|tod|stick)$/

export function clockSource({ platform }: Evidence): Finding[] {
  const { clockSource: clock } = platform
  if (clock === null || FAST_CLOCKS.test(clock)) return []
  return [
    {
      severity: 'warning',
      title: `the clock source is ${clock}`,
      detail: 'each look at the clock is a system call or worse, which is in every figure',
      advice: "find out from the kernel log why the processor's counter was given up",
    },
  ]
}

/** What Linux gives every thread. */
const USUAL_SLACK_NS = 50_000

export function timerSlack({ platform }: Evidence): Finding[] {
  const slack = platform.timerSlackNs
  if (slack === null || slack <= USUAL_SLACK_NS) return []
  return [
    {
      severity: 'advice',
      title: 'timeouts may be late',
      detail: `the timer slack is ${slack} ns, where ${USUAL_SLACK_NS} are usual`,
      advice: 'set PR_SET_TIMERSLACK, or TimerSlackNSec= of the service',
    },
  ]
}

/** Versions of Linux with a known mistake in an event backend. Distributions may have mended theirs. */
const kernelBugList: readonly { readonly first: string; readonly last: string; readonly what: string }[] = [
  {
    first: '5.5',
    last: '5.13.999',
    what: 'an edge-triggered pipe may not report new data until it was drained',
  },
  { first: '5.3', last: '5.6.999', what: 'epoll may lose an event while a registration is modified' },
  { first: '6.14.4', last: '6.14.7', what: 'epoll may spin after a timeout shorter than a millisecond' },
]

export function kernelBugs({ platform, sandbox }: Evidence): Finding[] {
  const version = parseKernelVersion(platform.kernel)
  if (platform.os !== 'linux' || version === undefined || emulatorOf(sandbox) !== undefined) return []
  return kernelBugList
    .filter(({ first, last }) => isBetween(version, first, last))
    .map(({ first, last, what }) => ({
      severity: 'warning',
      title: 'this version of Linux had a mistake',
      detail: `${what} (Linux ${first} to ${last.replace('.999', '')})`,
      advice: 'evloop verify shows whether it is still there; a newer kernel has it mended',
    }))
}
