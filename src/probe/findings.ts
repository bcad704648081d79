/** What a user should know about the machine. Each rule looks at the report and finds something, or nothing. */
import { isBetween, parseKernelVersion } from './kernel-version.ts'
import { emulatorOf } from './policy.ts'
import type { Cause, FeatureReport, Finding, ProbeReport } from './report.ts'

type Report = Omit<ProbeReport, 'findings'>
type Rule = (report: Report) => readonly Finding[]

const rules: readonly Rule[] = [
  unusableBinding,
  unusableBackends,
  brokenFeatures,
  killingFilter,
  emulation,
  replacedFunctions,
  noProc,
  descriptorLimits,
  watchLimit,
  clockSource,
  timerSlack,
  coarseTimeouts,
  ioUring,
  kernelBugs,
]

/** All findings, the worst first. */
export function findingsOf(report: Report): Finding[] {
  const order: readonly Finding['severity'][] = ['error', 'warning', 'advice']
  const found = rules.flatMap((rule) => rule(report))
  return order.flatMap((severity) => found.filter((finding) => finding.severity === severity))
}

/** What can be done about a feature that somebody withholds. */
const remedies: Readonly<Record<Cause, string>> = {
  kernel: 'use a newer kernel, or one that is built with it',
  libc: 'use a newer C library',
  sysctl: 'ask the administrator to change the sysctl',
  seccomp: 'run with a seccomp profile that allows it, for example one of a newer container runtime',
  emulator: 'run on the machine itself, or in a virtual machine',
  privilege: 'run with the capability that it needs, or with a policy that allows it',
  library: 'run without the library, or ask its authors for it',
}

function remedy(feature: Pick<FeatureReport, 'cause'>): string {
  return feature.cause === undefined ? 'find out who refuses it' : remedies[feature.cause]
}

function unusableBinding({ ffi }: Report): Finding[] {
  if (ffi.error === undefined) return []
  return [
    {
      severity: 'error',
      title: 'native functions cannot be called',
      detail: `${ffi.binding} cannot be loaded: ${ffi.error}`,
      advice:
        'run on a platform that it has a binary for, or install the package again with its optional dependencies',
    },
  ]
}

function unusableBackends({ backends, ffi }: Report): Finding[] {
  if (ffi.error !== undefined) return []
  return backends
    .filter(({ available }) => !available)
    .map(({ name, reason, cause }) => ({
      severity: 'error',
      title: `${name} cannot be used`,
      detail: reason ?? 'it does not say why',
      advice: remedy(cause === undefined ? {} : { cause }),
    }))
}

function brokenFeatures({ backends }: Report): Finding[] {
  return backends
    .filter(({ available }) => available)
    .flatMap(({ name, features }) =>
      Object.entries(features)
        .filter(([, { state }]) => state === 'broken')
        .map(([feature, { reason }]) => ({
          severity: 'error' as const,
          title: `${name}: ${feature} does not work`,
          detail: reason ?? 'it does not say why',
          advice: `do not rely on it here; evloop verify --backend ${name} says more`,
        })),
    )
}

/** A program that tries a newer call, to fall back if it is not there, does not survive that here. */
function killingFilter({ backends, interfaces }: Report): Finding[] {
  const killed = [...backends, ...interfaces].flatMap(({ name, features }) =>
    Object.entries(features)
      .filter(
        ([, { state, cause, errno, untried }]) =>
          state === 'forbidden' && cause === 'seccomp' && errno === undefined && untried === undefined,
      )
      .map(([feature]) => `${name} ${feature}`),
  )
  if (killed.length === 0) return []
  return [
    {
      severity: 'warning',
      title: 'a seccomp filter kills processes instead of refusing a call',
      detail: `killed for trying: ${killed.join(', ')}`,
      advice: 'let the filter answer ENOSYS: programs then fall back to what is allowed',
    },
  ]
}

function emulation({ sandbox }: Report): Finding[] {
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

function replacedFunctions({ ffi, backends }: Report): Finding[] {
  const { libc } = ffi.origins
  if (libc === null) return []
  const used = { epoll: 'epoll_wait', poll: 'poll', select: 'select' } as const
  return backends.flatMap(({ name }) => {
    const origin = ffi.origins[used[name]]
    if (origin === null || origin === libc || origin === ffi.library) return []
    return [
      {
        severity: 'warning' as const,
        title: `a preloaded library provides ${used[name]}`,
        detail: `it comes from ${origin}, and the C library is ${libc}`,
        advice: 'take it out of LD_PRELOAD to learn about the kernel; leave it in to learn about the library',
      },
    ]
  })
}

function noProc({ platform, limits }: Report): Finding[] {
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

/** Below this many descriptors, the usual sizes of benchmarks and servers do not fit. */
const FEW_DESCRIPTORS = 4096

/** How many descriptors a Poller, its waker and a few sources need. */
const SPARE_DESCRIPTORS = 32

function descriptorLimits({ limits }: Report): Finding[] {
  const { soft, hard, inherited, open } = limits.descriptors
  const found: Finding[] = []
  if (typeof soft === 'number' && open !== null && soft - open < SPARE_DESCRIPTORS) {
    found.push({
      severity: 'warning',
      title: 'hardly any descriptors are left',
      detail: `${open} of ${soft} are open`,
      advice: 'raise the limit, or start evloop with fewer open descriptors',
    })
  }
  if (typeof hard === 'number' && hard < FEW_DESCRIPTORS) {
    found.push({
      severity: 'warning',
      title: 'the hard descriptor limit is small',
      detail: `a process may have ${hard} descriptors and not more`,
      advice:
        'raise it: LimitNOFILE= of the service, --ulimit nofile= of the container, limits.conf of the login',
    })
  }
  const start = inherited ?? soft
  if (typeof start === 'number' && (hard === 'unlimited' || (hard !== null && start < hard))) {
    found.push({
      severity: 'advice',
      title: 'the soft descriptor limit is below the hard one',
      detail: `programs start with ${start} descriptors and may raise that to ${hard}; Node does so by itself`,
      advice: 'raise it with ulimit -n before starting programs that do not',
    })
  }
  return found
}

/** Where a watch takes 160 bytes, this is little more than a megabyte. */
const FEW_WATCHES = 8192

function watchLimit({ limits }: Report): Finding[] {
  const watches = limits.maxUserWatches
  if (watches === null || watches >= FEW_WATCHES) return []
  return [
    {
      severity: 'warning',
      title: 'few descriptors can be registered with epoll',
      detail: `fs.epoll.max_user_watches is ${watches}, for all epoll instances of a user together`,
      advice: 'raise fs.epoll.max_user_watches',
    },
  ]
}

/** Clocks that are read without entering the kernel. */
const FAST_CLOCKS =
  /^(tsc|kvm-clock|arch_sys_counter|hyperv_clocksource_tsc_page|timebase|riscv_clocksource|tod|stick)$/

function clockSource({ platform }: Report): Finding[] {
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

function timerSlack({ platform }: Report): Finding[] {
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

function coarseTimeouts({ backends }: Report): Finding[] {
  const epoll = backends.find(({ name }) => name === 'epoll')
  const feature = epoll?.features['epoll_pwait2']
  if (epoll?.available !== true || feature === undefined || feature.state === 'usable') return []
  return [
    {
      severity: 'advice',
      title: 'timeouts of epoll are rounded up to milliseconds',
      detail: `epoll_pwait2 is ${feature.state}: ${feature.reason ?? 'it does not say why'}`,
      advice: `for finer timeouts use poll or a timerfd here, or ${remedy(feature)}`,
    },
  ]
}

function ioUring({ interfaces }: Report): Finding[] {
  const ring = interfaces.find(({ name }) => name === 'io_uring')
  if (ring === undefined || ring.available || ring.reason === undefined) return []
  const blamed = ring.cause === undefined ? '' : ` (${ring.cause})`
  const forbidden = Object.values(ring.features).some(({ state }) => state === 'forbidden')
  return [
    {
      severity: 'advice',
      title: forbidden ? `io_uring is forbidden${blamed}` : `io_uring cannot be used${blamed}`,
      detail: ring.reason,
      advice: remedy(ring.cause === undefined ? {} : { cause: ring.cause }),
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

function kernelBugs({ platform, sandbox }: Report): Finding[] {
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
