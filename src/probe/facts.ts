/** What only native calls can tell about this process. Each fact is found out in the child, like a feature. */
import { PR, RLIMIT_MEMLOCK, RLIMIT_NOFILE, SC } from '../libc/constants/linux.ts'
import { bindingInUse, originOf, readCString } from '../libc/libc.ts'
import type { Libc } from '../libc/libc.ts'
import { resourceLimit } from '../libc/limits.ts'
import { NULL } from '../libc/signatures.ts'
import type { FunctionName } from '../libc/signatures.ts'
import type { FfiReport, Limit, PlatformReport, RingReport } from './report.ts'
import { ringMatrix } from './ring-matrix.ts'

/** The numbers that name limits and questions are those of Linux. */
const isLinux = process.platform === 'linux'

export const facts = {
  binding: bindingInUse,
  libc: libcOf,
  pageSize: (libc: Libc): number | null => (isLinux ? libc.fn.sysconf(SC.PAGESIZE) : null),
  descriptorLimit: (libc: Libc): LimitPair | null => limitPair(libc, RLIMIT_NOFILE),
  lockedMemory: (libc: Libc): Limit | null => limitPair(libc, RLIMIT_MEMLOCK)?.soft ?? null,
  origins: originsOf,
  callNs: callCost,
  timerSlack: (libc: Libc): number | null => control(libc, PR.GET_TIMERSLACK),
  seccomp: (libc: Libc): number | null => control(libc, PR.GET_SECCOMP),
  ring: (libc: Libc): RingReport | null => (isLinux ? ringMatrix(libc) : null),
} as const satisfies Record<string, (libc: Libc) => unknown>

export type FactName = keyof typeof facts

/** The facts that could be found out. */
export type Facts = { readonly [N in FactName]?: ReturnType<(typeof facts)[N]> }

export interface LimitPair {
  readonly soft: Limit
  readonly hard: Limit
}

function limitPair(libc: Libc, resource: number): LimitPair | null {
  if (!isLinux) return null
  const { soft, hard } = resourceLimit(libc, resource)
  // JSON has no infinity.
  const plain = (value: number): Limit => (Number.isFinite(value) ? value : 'unlimited')
  return { soft: plain(soft), hard: plain(hard) }
}

function libcOf(libc: Libc): PlatformReport['libc'] {
  if (libc.has('gnu_get_libc_version')) {
    return { name: 'glibc', version: readCString(libc, libc.fn.gnu_get_libc_version()) }
  }
  const musl = originOf(libc, ANCHOR)?.includes('musl') === true
  return { name: musl ? 'musl' : 'unknown', version: null }
}

/** A function that no library in front of libc has reason to replace: where it is, libc is. */
const ANCHOR: FunctionName = 'sysconf'

type Origins = Readonly<Partial<Record<FunctionName | 'libc', string>>>

/** The functions by which it is told whose implementation of an interface is in use. */
const heads: readonly FunctionName[] = [
  'epoll_wait',
  'poll',
  'select',
  'eventfd',
  'timerfd_create',
  'signalfd',
  'inotify_init1',
  'kevent',
]

function originsOf(libc: Libc): Origins {
  const origins: Partial<Record<FunctionName | 'libc', string>> = {}
  for (const name of heads) {
    const origin = originOf(libc, name)
    if (origin !== undefined) origins[name] = origin
  }
  const anchor = originOf(libc, ANCHOR)
  if (anchor !== undefined) origins.libc = anchor
  return origins
}

/** A prctl that only asks; null where the kernel does not know the question. */
function control(libc: Libc, option: number): number | null {
  if (!isLinux || !libc.has('prctl')) return null
  const value = libc.fn.prctl(option, 0, 0, 0, 0)
  return value === -1 ? null : value
}

const BATCHES = 15
const CALLS_PER_BATCH = 100
const WARM_UP_CALLS = 500

/** The cost of a call, with the system call in it. The median of batches is not moved by a few interruptions. */
function callCost(libc: Libc): NonNullable<FfiReport['callNs']> {
  return {
    noArguments: medianBatch(() => libc.fn.getppid()),
    fourArguments: medianBatch(() => libc.fn.pread(-1, NULL, 0, 0)),
  }
}

function medianBatch(call: () => unknown): number {
  const perCall: number[] = []
  for (let i = 0; i < WARM_UP_CALLS; i++) call()
  for (let batch = 0; batch < BATCHES; batch++) {
    const start = process.hrtime.bigint()
    for (let i = 0; i < CALLS_PER_BATCH; i++) call()
    perCall.push(Number(process.hrtime.bigint() - start) / CALLS_PER_BATCH)
  }
  return Math.round(perCall.toSorted((a, b) => a - b)[Math.floor(BATCHES / 2)] ?? 0)
}
