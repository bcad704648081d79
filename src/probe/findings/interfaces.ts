/** Rules about what can and cannot be used. */
import type { Finding } from '../report.ts'
import { remedy } from './rule.ts'
import type { Evidence } from './rule.ts'

export function unusableBinding({ ffi }: Evidence): Finding[] {
  if (ffi.error === undefined) return []
  return [
    {
      severity: 'error',
      title: 'native functions cannot be called',
      detail: `${ffi.binding} cannot be loaded: ${ffi.error}`,
      advice:
        'install the package again with its optional dependencies, or, where there is no binary for the platform, koffi beside it: npm install koffi',
    },
  ]
}

/** What many kernels and policies do without on purpose: no error where it cannot be used. */
const OPTIONAL = 'io_uring'

/** What no library has is not missed: a platform has its own backends. */
export function unusableBackends({ backends, ffi }: Evidence): Finding[] {
  if (ffi.error !== undefined) return []
  return backends
    .filter(({ name, available, cause }) => !available && cause !== 'libc' && name !== OPTIONAL)
    .map(({ name, reason, cause }) => ({
      severity: 'error',
      title: `${name} cannot be used`,
      detail: reason ?? 'it does not say why',
      advice: remedy(cause),
    }))
}

export function brokenFeatures({ backends }: Evidence): Finding[] {
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
export function killingFilter({ backends, interfaces }: Evidence): Finding[] {
  const killed = [...backends, ...interfaces].flatMap(({ name, features }) =>
    Object.entries(features)
      .filter(([, { signal }]) => signal === 'SIGSYS')
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

export function coarseTimeouts({ backends }: Evidence): Finding[] {
  const epoll = backends.find(({ name }) => name === 'epoll')
  const feature = epoll?.features['epoll_pwait2']
  if (epoll?.available !== true || feature === undefined || feature.state === 'usable') return []
  return [
    {
      severity: 'advice',
      title: 'timeouts of epoll are rounded up to milliseconds',
      detail: `epoll_pwait2 is ${feature.state}: ${feature.reason ?? 'it does not say why'}`,
      advice: `for finer timeouts use poll or a timerfd here, or ${remedy(feature.cause)}`,
    },
  ]
}

/** What policy withholds, and io_uring wherever it cannot be used, because many ask why. */
export function withheldInterfaces({ backends, interfaces, ffi }: Evidence): Finding[] {
  if (ffi.error !== undefined) return []
  const optional = [...backends.filter(({ name }) => name === OPTIONAL), ...interfaces]
  return optional.flatMap(({ name, available, reason = 'it does not say why', cause, features }) => {
    const forbidden = Object.values(features).some(({ state }) => state === 'forbidden')
    if (available || (!forbidden && name !== OPTIONAL)) return []
    const by = cause === undefined ? '' : ` (${cause})`
    return [
      {
        severity: 'advice' as const,
        title: forbidden ? `${name} is forbidden${by}` : `${name} cannot be used${by}`,
        detail: reason,
        advice: remedy(cause),
      },
    ]
  })
}

export function replacedFunctions({ ffi }: Evidence): Finding[] {
  const { libc, ...used } = ffi.origins
  if (libc === null) return []
  return Object.entries(used)
    .filter(([, origin]) => origin !== null && origin !== libc && origin !== ffi.library)
    .map(([name, origin]) => ({
      severity: 'warning',
      title: `a preloaded library provides ${name}`,
      detail: `it comes from ${origin}, and the C library is ${libc}`,
      advice: 'take it out of LD_PRELOAD to learn about the kernel; leave it in to learn about the library',
    }))
}
