/** Rules about limits. */
import type { Finding } from '../report.ts'
import type { Evidence } from './rule.ts'

/** Below this many descriptors, the usual sizes of benchmarks and servers do not fit. */
const FEW_DESCRIPTORS = 4096

/** How many descriptors a Poller, its waker and a few sources need. */
const SPARE_DESCRIPTORS = 32

export function descriptorLimits({ limits }: Evidence): Finding[] {
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

export function watchLimit({ limits }: Evidence): Finding[] {
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
