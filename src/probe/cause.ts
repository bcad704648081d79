/**
 * Says why a try failed, and who is behind it. One errno has many causes: ENOSYS comes from an old kernel, from
 * one built without the feature, from gVisor, and from podman's seccomp filter; EPERM from a sysctl, from
 * Docker's filter, and from a missing capability. So the evidence decides, in a fixed order: what cannot be
 * there at all, then whoever stands in front of the kernel, then the kernel.
 */
import { LOCKED_MEMORY_HINT } from '../backends/io-uring/locked-memory.ts'
import { hasCapability } from './capabilities.ts'
import type { Feature } from './features/feature.ts'
import { isOlder, parseKernelVersion } from './kernel-version.ts'
import type { Failure, Outcome } from './outcome.ts'
import { sysctlForbidsIoUring } from './policy.ts'
import type { Policy } from './policy.ts'
import type { Cause, FeatureReport } from './report.ts'

/** What an outcome is judged by. */
export interface Circumstances {
  readonly feature: Omit<Feature, 'attempt'>
  readonly policy: Policy
  /** The library in front of libc that has its own version of the interface. */
  readonly library: string | undefined
}

type Verdict = Pick<FeatureReport, 'state' | 'reason' | 'cause'>

/** The report of a feature, from the outcome of its try. */
export function judge(outcome: Outcome, circumstances: Circumstances): FeatureReport {
  const { since } = circumstances.feature
  const origin = since === undefined ? {} : { since }
  if (outcome.ok) {
    return {
      state: 'usable',
      ...(typeof outcome.value === 'string' ? { note: outcome.value } : {}),
      ...origin,
    }
  }
  const { failure } = outcome
  return { ...verdictOn(failure, circumstances), ...traceOf(failure), ...origin }
}

/** What the system left to see of a failure: an errno, or a signal. */
function traceOf(failure: Failure): Pick<FeatureReport, 'errno' | 'signal'> {
  if (failure.kind === 'errno') return { errno: failure.errno }
  return failure.kind === 'death' && failure.signal !== undefined ? { signal: failure.signal } : {}
}

function verdictOn(failure: Failure, circumstances: Circumstances): Verdict {
  switch (failure.kind) {
    case 'errno':
      return verdictOnErrno(failure, circumstances)
    case 'symbol':
      return missing(failure.foreign ? 'library' : 'libc', failure.reason)
    case 'no-effect':
      return verdictOnNoEffect(failure.reason, circumstances)
    case 'misbehaviour':
      return broken(failure.reason, circumstances)
    case 'death':
      return failure.signal === 'SIGSYS'
        ? forbidden('seccomp', 'a seccomp filter kills the process that tries it')
        : broken(`the process that tried it died: ${failure.by}`, circumstances)
    case 'hang':
      return broken(`it had not returned after ${failure.ms} ms`, circumstances)
  }
}

type ErrnoFailure = Extract<Failure, { kind: 'errno' }>

function verdictOnErrno(failure: ErrnoFailure, circumstances: Circumstances): Verdict {
  const failed = `${failure.syscall} failed with ${failure.errno}`
  switch (failure.errno) {
    case 'ENOSYS':
      return verdictOnMissingCall(failure, failed, circumstances)
    case 'EPERM':
    case 'EACCES':
      return verdictOnRefusal(failure, failed, circumstances)
    case 'EINVAL':
    case 'ENOTTY':
    case 'EOPNOTSUPP':
      return absence(failed, circumstances)
    case 'ENOMEM':
      return isIoUring(failure)
        ? { state: 'broken', cause: 'limit', reason: `${failed}: ${LOCKED_MEMORY_HINT}` }
        : broken(failed, circumstances)
    case 'EMFILE':
      return {
        state: 'broken',
        cause: 'limit',
        reason: `${failed}: a limit of this process or user is reached`,
      }
    case 'ENFILE':
      return { state: 'broken', cause: 'sysctl', reason: `${failed}: fs.file-max is reached` }
    case 'ENOSPC':
      return { state: 'broken', cause: 'sysctl', reason: `${failed}: the user has no watches left` }
    default:
      return broken(failed, circumstances)
  }
}

/** ENOSYS: nobody there knows the call. */
function verdictOnMissingCall(failure: ErrnoFailure, failed: string, circumstances: Circumstances): Verdict {
  const { feature, policy, library } = circumstances
  if (library !== undefined) return missing('library', `${failed}: ${library} answers`)
  if (policy.emulator !== undefined) {
    return missing('emulator', `${failed}: ${policy.emulator} does not have it`)
  }
  const old = tooOld(circumstances)
  if (old !== undefined) return missing('kernel', `${failed}: ${old}`)
  // Present only where io_uring is built in: then it is not the kernel that does not know it.
  if (isIoUring(failure) && policy.ioUringDisabled !== undefined && policy.seccomp !== 'none') {
    return forbidden('seccomp', `${failed}, though the kernel has io_uring: a seccomp filter answers`)
  }
  if (policy.seccomp === 'filter') {
    return forbidden('seccomp', `${failed}, and a seccomp filter is in force`)
  }
  if (feature.option !== undefined || policy.kernel === undefined) {
    const without = feature.option === undefined ? '' : `: the kernel may be built without ${feature.option}`
    return missing('kernel', `${failed}${without}`)
  }
  return policy.seccomp === 'unknown'
    ? forbidden('seccomp', `${failed}, though this kernel has it: probably a seccomp filter answers`)
    : missing('emulator', `${failed}, though this kernel has it and no seccomp filter is in force`)
}

/** EPERM: somebody knows the call, and refuses it. Old container runtimes say so of calls they do not know. */
function verdictOnRefusal(failure: ErrnoFailure, failed: string, circumstances: Circumstances): Verdict {
  const { policy, library } = circumstances
  if (library !== undefined) return forbidden('library', `${failed}: ${library} answers`)
  const old = tooOld(circumstances)
  if (old !== undefined) return missing('kernel', `${failed}: ${old}`)
  if (isIoUring(failure) && sysctlForbidsIoUring(policy)) {
    return forbidden('sysctl', `${failed}: the sysctl kernel.io_uring_disabled is ${policy.ioUringDisabled}`)
  }
  if (policy.seccomp === 'filter') {
    return forbidden('seccomp', `${failed}, and a seccomp filter is in force`)
  }
  if (policy.emulator !== undefined) return forbidden('emulator', `${failed}: ${policy.emulator} refuses it`)
  if (policy.seccomp === 'unknown') {
    return { state: 'forbidden', reason: `${failed}; without /proc it cannot be told by whom` }
  }
  return forbidden('privilege', `${failed}: a capability is missing, or a security module refuses it`)
}

/** A flag or a command that is refused as unknown. */
function absence(what: string, circumstances: Circumstances): Verdict {
  const { policy, library } = circumstances
  if (library === undefined && policy.emulator !== undefined) {
    return missing('emulator', `${what}: ${policy.emulator} does not know it`)
  }
  return verdictOnNoEffect(what, circumstances)
}

/** A flag that is accepted and ignored. An emulator that only translates passes it on, to a kernel that does. */
function verdictOnNoEffect(what: string, circumstances: Circumstances): Verdict {
  const { feature, policy, library } = circumstances
  if (feature.capability !== undefined && lacks(policy, feature.capability)) {
    return forbidden('privilege', `${what}: this process lacks ${feature.capability}`)
  }
  if (library !== undefined) return missing('library', `${what}: ${library} answers`)
  if (policy.emulator !== undefined && policy.kernel === undefined) {
    return missing('emulator', `${what}: ${policy.emulator} does not know it`)
  }
  const old = tooOld(circumstances)
  if (old !== undefined) return missing('kernel', `${what}: ${old}`)
  if (feature.option !== undefined) {
    return missing('kernel', `${what}: the kernel may be built without ${feature.option}`)
  }
  return broken(what, circumstances)
}

function lacks(policy: Policy, capability: NonNullable<Feature['capability']>): boolean {
  return policy.capabilities !== undefined && !hasCapability(policy.capabilities, capability)
}

function isIoUring(failure: ErrnoFailure): boolean {
  return failure.syscall.startsWith('io_uring_')
}

/** `Linux 5.4 is older than 5.11, which brought it`, or undefined. */
function tooOld({ feature, policy }: Circumstances): string | undefined {
  const since = feature.since === undefined ? undefined : parseKernelVersion(feature.since)
  if (since === undefined || policy.kernel === undefined || !isOlder(policy.kernel, since)) return undefined
  return `Linux ${policy.kernel.join('.')} is older than ${feature.since}, which brought it`
}

function missing(cause: Cause, reason: string): Verdict {
  return { state: 'missing', cause, reason }
}

function forbidden(cause: Cause, reason: string): Verdict {
  return { state: 'forbidden', cause, reason }
}

/** Whoever implements the interface here is to blame. */
function broken(reason: string, { library, policy }: Circumstances): Verdict {
  if (library !== undefined) return { state: 'broken', cause: 'library', reason }
  return { state: 'broken', cause: policy.emulator === undefined ? 'kernel' : 'emulator', reason }
}
