/** What limits this process without replacing anything: namespaces, filters, security modules. */
import { isIdentityMap, parseStatus } from '../procfs.ts'
import type { SandboxEvidence } from '../report.ts'
import type { Sources } from '../sources.ts'
import { evidence, evidenceIf } from './evidence.ts'

export function userNamespace(sources: Sources): SandboxEvidence[] {
  const map = sources.text('/proc/self/uid_map')
  const shown = map?.trim().replaceAll(/\s+/g, ' ') ?? ''
  const groups = sources.text('/proc/self/setgroups')?.trim()
  return [
    ...evidenceIf(
      map !== undefined && !isIdentityMap(map),
      'user-namespace',
      `/proc/self/uid_map is "${shown}"`,
      'high',
    ),
    ...evidenceIf(groups === 'deny', 'user-namespace', '/proc/self/setgroups is "deny"', 'high'),
  ]
}

/** The mode that the kernel tells without /proc is given by the caller. */
export function seccomp(sources: Sources, modeByCall: number | undefined): SandboxEvidence[] {
  const status = parseStatus(sources.text('/proc/self/status'))
  if (status === undefined) {
    return evidenceIf((modeByCall ?? 0) > 0, 'seccomp', `prctl says that the mode is ${modeByCall}`, 'high')
  }
  if (status.seccomp === undefined || status.seccomp === 0) return []
  const filters = status.seccompFilters === undefined ? '' : `, Seccomp_filters: ${status.seccompFilters}`
  return [evidence('seccomp', `/proc/self/status says Seccomp: ${status.seccomp}${filters}`, 'high')]
}

/** AppArmor names a profile and its mode, SELinux a context. */
export function securityModule(sources: Sources): SandboxEvidence[] {
  const path = '/proc/self/attr/current'
  const label = (sources.text(path) ?? '').replaceAll('\0', '').trim()
  if (/ \((enforce|complain|kill)\)$/.test(label))
    return [evidence('apparmor', `${path} is "${label}"`, 'high')]
  if (/^[^:]+:[^:]+:[^:]+/.test(label) && !label.includes(':unconfined_t')) {
    return [evidence('selinux', `${path} is "${label}"`, 'high')]
  }
  return []
}

export function chroot(sources: Sources): SandboxEvidence[] {
  return evidenceIf(sources.same('/proc/1/root', '/') === false, 'chroot', '/proc/1/root is not /', 'medium')
}
