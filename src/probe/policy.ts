/** What the machine says about who may refuse a system call, gathered before anybody is blamed. */
import { hasCapability } from './capabilities.ts'
import type { Facts } from './facts.ts'
import { parseKernelVersion } from './kernel-version.ts'
import type { KernelVersion } from './kernel-version.ts'
import { isIdentityMap, parseStatus } from './procfs.ts'
import type { SandboxEvidence } from './report.ts'
import { numberIn } from './sources.ts'
import type { Sources } from './sources.ts'

export interface Policy {
  /** The version of Linux, where there is one and it is the kernel's own: not what an emulator claims. */
  readonly kernel: KernelVersion | undefined
  /** The layer that stands in for the kernel, if there is evidence of one. */
  readonly emulator: string | undefined
  /** Whether a seccomp filter is in force. */
  readonly seccomp: 'none' | 'filter' | 'unknown'
  /** kernel.io_uring_disabled: 0, 1 (only the privileged may) or 2. Present since 6.6, if io_uring is built in. */
  readonly ioUringDisabled: number | undefined
  /** Whether this process is in kernel.io_uring_group, whose members may where the former is 1. */
  readonly inIoUringGroup: boolean
  /** The capabilities of this process that count everywhere, and not only in a user namespace of its own. */
  readonly capabilities: bigint | undefined
}

/** Layers that answer system calls themselves. Where the kernel version is invented, it proves nothing. */
const emulators: Readonly<Record<string, { readonly title: string; readonly inventsVersion: boolean }>> = {
  gvisor: { title: 'gVisor', inventsVersion: true },
  wsl1: { title: 'WSL 1', inventsVersion: true },
  'qemu-user': { title: 'qemu-user', inventsVersion: false },
  rosetta: { title: 'Rosetta', inventsVersion: false },
}

/** What stands in for the kernel, by name, if there is evidence of it. */
export function emulatorOf(sandbox: readonly SandboxEvidence[]): string | undefined {
  const found = sandbox.find(({ layer, confidence }) => layer in emulators && confidence !== 'low')
  return found === undefined ? undefined : emulators[found.layer]?.title
}

/** Everything that says who may have refused something. */
export function policyOf(sources: Sources, facts: Facts, sandbox: readonly SandboxEvidence[]): Policy {
  const emulator = emulatorOf(sandbox)
  const invented = Object.values(emulators).some(
    ({ title, inventsVersion }) => title === emulator && inventsVersion,
  )
  const status = parseStatus(sources.text('/proc/self/status'))
  const userMap = sources.text('/proc/self/uid_map')
  return {
    kernel: sources.os === 'linux' && !invented ? parseKernelVersion(sources.release) : undefined,
    emulator,
    seccomp: seccompOf(status?.seccomp ?? facts.seccomp ?? undefined),
    ioUringDisabled: numberIn(sources, '/proc/sys/kernel/io_uring_disabled'),
    inIoUringGroup: sources.groups.includes(numberIn(sources, '/proc/sys/kernel/io_uring_group') ?? -1),
    capabilities: userMap !== undefined && !isIdentityMap(userMap) ? 0n : status?.capabilities,
  }
}

function seccompOf(mode: number | undefined): Policy['seccomp'] {
  if (mode === undefined) return 'unknown'
  return mode === 0 ? 'none' : 'filter'
}

/** Whether kernel.io_uring_disabled keeps this process, with its groups and capabilities, from io_uring. */
export function sysctlForbidsIoUring(policy: Policy): boolean {
  if (policy.ioUringDisabled === 2) return true
  if (policy.ioUringDisabled !== 1 || policy.inIoUringGroup) return false
  return policy.capabilities === undefined || !hasCapability(policy.capabilities, 'CAP_SYS_ADMIN')
}
