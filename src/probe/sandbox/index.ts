import type { SandboxEvidence } from '../report.ts'
import type { Sources } from '../sources.ts'
import { chroot, seccomp, securityModule, userNamespace } from './confinement.ts'
import { containers } from './containers.ts'
import { gvisor, proot, qemuUser, rosetta, wsl } from './emulators.ts'
import type { Detector } from './evidence.ts'
import { hypervisors } from './hypervisors.ts'

/** From the program outwards: what translates it, confines it, contains it, and what the kernel runs on. */
const detectors: readonly Detector[] = [
  qemuUser,
  rosetta,
  proot,
  gvisor,
  wsl,
  securityModule,
  userNamespace,
  chroot,
  containers,
  hypervisors,
]

/**
 * All evidence of layers between this program and the hardware. There may be several at once, and several
 * pieces of evidence for one; none is suppressed for another. `seccompMode` is what prctl says, for a machine
 * without /proc.
 */
export function detectSandbox(sources: Sources, seccompMode: number | undefined): SandboxEvidence[] {
  return [...seccomp(sources, seccompMode), ...detectors.flatMap((detect) => detect(sources))]
}
