/** Layers that answer system calls in place of the kernel, or translate the program's instructions. */
import { basename } from 'node:path'
import { cpuField, parseArguments } from '../procfs.ts'
import type { SandboxEvidence } from '../report.ts'
import type { Sources } from '../sources.ts'
import { evidence, evidenceIf, matches } from './evidence.ts'

/** gVisor has given this build text since its beginning, whatever version it claims. */
const GVISOR_BUILD = '#1 SMP Sun Jan 10 15:06:54 PST 2016'

export function gvisor(sources: Sources): SandboxEvidence[] {
  const marker = '/proc/gvisor/kernel_is_gvisor'
  return [
    ...evidenceIf(sources.version === GVISOR_BUILD, 'gvisor', `uname says "${sources.version}"`, 'high'),
    ...evidenceIf(sources.release.endsWith('-gvisor'), 'gvisor', `uname says "${sources.release}"`, 'high'),
    ...evidenceIf(sources.exists(marker), 'gvisor', `${marker} exists`, 'high'),
    ...matches('/proc/cmdline', sources.text('/proc/cmdline'), [
      { layer: 'gvisor', pattern: /BOOT_IMAGE=\S*-gvisor/, confidence: 'high' },
    ]),
  ]
}

export function wsl(sources: Sources): SandboxEvidence[] {
  const { release, environment } = sources
  const first = release.endsWith('-Microsoft')
  const second = /microsoft-standard|WSL2/i.test(release)
  const distribution = environment['WSL_DISTRO_NAME']
  return [
    ...evidenceIf(first, 'wsl1', `uname says "${release}"`, 'high'),
    ...evidenceIf(second, 'wsl2', `uname says "${release}"`, 'high'),
    ...evidenceIf(distribution !== undefined && !first, 'wsl2', 'WSL_DISTRO_NAME is set', 'medium'),
  ]
}

/** The name of the program of qemu-user, with or without its path. */
const QEMU_USER = /^qemu-[a-z0-9_]+(-static)?$/

/** How qemu names the architectures that Node names so. */
const qemuArch: Readonly<Record<string, string>> = { arm64: 'aarch64', x64: 'x86_64' }

/**
 * qemu-user shows the program its own files in /proc/self, but not those in /proc/thread-self: there it is
 * seen itself.
 */
export function qemuUser(sources: Sources): SandboxEvidence[] {
  const self = '/proc/thread-self/exe'
  const executable = sources.link(self) ?? ''
  const first = parseArguments(sources.text('/proc/1/cmdline'))[0] ?? ''
  const handler = `qemu-${qemuArch[sources.arch] ?? sources.arch}`
  const binfmt = '/proc/sys/fs/binfmt_misc'
  const foreign = foreignProcessor(sources)
  return [
    ...evidenceIf(QEMU_USER.test(basename(executable)), 'qemu-user', `${self} is ${executable}`, 'high'),
    ...evidenceIf(QEMU_USER.test(basename(first)), 'qemu-user', `process 1 is ${first}`, 'high'),
    ...evidenceIf(
      sources.names(binfmt).includes(handler),
      'qemu-user',
      `${binfmt}/${handler} exists`,
      'medium',
    ),
    ...evidenceIf(foreign !== undefined && !isRosetta(sources), 'qemu-user', foreign ?? '', 'medium'),
  ]
}

export function rosetta(sources: Sources): SandboxEvidence[] {
  const model = cpuField(sources.text('/proc/cpuinfo'), 'model name') ?? ''
  const handler = '/proc/sys/fs/binfmt_misc/rosetta'
  const translated = sources.arch === 'x64' && sources.exists(handler)
  return [
    ...evidenceIf(model.startsWith('VirtualApple'), 'rosetta', `/proc/cpuinfo has "${model}"`, 'high'),
    ...evidenceIf(translated, 'rosetta', `${handler} exists, and this is an x64 program`, 'medium'),
  ]
}

function isRosetta(sources: Sources): boolean {
  return rosetta(sources).length > 0
}

/** What says that the processor is not of the architecture that this program was compiled for. */
function foreignProcessor(sources: Sources): string | undefined {
  const cpuinfo = sources.text('/proc/cpuinfo')
  const modalias = sources.text('/sys/devices/system/cpu/modalias') ?? ''
  if (sources.arch === 'arm64') {
    if (cpuField(cpuinfo, 'vendor_id') !== undefined)
      return '/proc/cpuinfo is of an x86, and this is an arm64 program'
    if (modalias.startsWith('cpu:type:x86'))
      return 'the cpu modalias is of an x86, and this is an arm64 program'
  }
  if (sources.arch === 'x64' && cpuField(cpuinfo, 'CPU implementer') !== undefined) {
    return '/proc/cpuinfo is of an ARM, and this is an x64 program'
  }
  return undefined
}

/** proot traces the program and changes its system calls. */
export function proot(sources: Sources): SandboxEvidence[] {
  const tracer = /^TracerPid:\s*([1-9]\d*)/m.exec(sources.text('/proc/self/status') ?? '')?.[1]
  if (tracer === undefined) return []
  const name = (sources.text(`/proc/${tracer}/comm`) ?? '').trim()
  return name.startsWith('proot')
    ? [evidence('proot', `process ${tracer}, ${name}, traces this one`, 'high')]
    : [evidence('traced', `process ${tracer} traces this one${name === '' ? '' : `: ${name}`}`, 'high')]
}
