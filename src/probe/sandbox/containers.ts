/** Container managers. A marker file may have survived in an image, so it proves little on its own. */
import type { SandboxEvidence } from '../report.ts'
import type { Sources } from '../sources.ts'
import { evidence, evidenceIf, matches } from './evidence.ts'
import type { Pattern } from './evidence.ts'

const cgroupPatterns: readonly Pattern[] = [
  { layer: 'kubernetes', pattern: /kubepods/, confidence: 'high' },
  { layer: 'docker', pattern: /\/docker[/-]|docker-[0-9a-f]{12}/, confidence: 'medium' },
  { layer: 'podman', pattern: /libpod/, confidence: 'medium' },
  { layer: 'containerd', pattern: /cri-containerd/, confidence: 'medium' },
  { layer: 'cri-o', pattern: /crio-/, confidence: 'medium' },
  { layer: 'lxc', pattern: /\/lxc[./]/, confidence: 'medium' },
]

const mountPatterns: readonly Pattern[] = [
  { layer: 'docker', pattern: /\/docker\/containers\//, confidence: 'high' },
  { layer: 'podman', pattern: /\/containers\/storage\//, confidence: 'medium' },
  { layer: 'kubernetes', pattern: /\/var\/lib\/kubelet\/pods\//, confidence: 'high' },
  { layer: 'containerd', pattern: /io\.containerd\./, confidence: 'medium' },
  { layer: 'lxc', pattern: / lxcfs /, confidence: 'high' },
]

const markers: readonly {
  readonly layer: string
  readonly path: string
  readonly confidence: 'high' | 'low'
}[] = [
  { layer: 'docker', path: '/.dockerenv', confidence: 'low' },
  { layer: 'podman', path: '/run/.containerenv', confidence: 'high' },
  { layer: 'kubernetes', path: '/var/run/secrets/kubernetes.io/serviceaccount', confidence: 'high' },
  { layer: 'lxc', path: '/dev/lxd/sock', confidence: 'high' },
  { layer: 'lxc', path: '/dev/incus/sock', confidence: 'high' },
]

/** Variables that a platform sets, and what it runs programs in. */
const variables: readonly { readonly layer: string; readonly name: string }[] = [
  { layer: 'kubernetes', name: 'KUBERNETES_SERVICE_HOST' },
  { layer: 'aws-lambda', name: 'AWS_LAMBDA_FUNCTION_NAME' },
  { layer: 'cloud-run', name: 'K_SERVICE' },
]

export function containers(sources: Sources): SandboxEvidence[] {
  const openVz = sources.exists('/proc/vz') && !sources.exists('/proc/bc')
  return [
    ...declared(sources),
    ...markers.flatMap(({ layer, path, confidence }) =>
      evidenceIf(sources.exists(path), layer, `${path} exists`, confidence),
    ),
    ...variables.flatMap(({ layer, name }) =>
      evidenceIf(sources.environment[name] !== undefined, layer, `${name} is set`, 'medium'),
    ),
    ...matches('/proc/self/cgroup', sources.text('/proc/self/cgroup'), cgroupPatterns),
    ...matches('/proc/self/mountinfo', sources.text('/proc/self/mountinfo'), mountPatterns),
    ...evidenceIf(openVz, 'openvz', '/proc/vz exists, and /proc/bc does not', 'high'),
    ...unnamed(sources),
  ]
}

/** Managers that keep to systemd's contract say their name. */
function declared(sources: Sources): SandboxEvidence[] {
  const named = (where: string, value: string | undefined): SandboxEvidence[] => {
    const name = value?.trim() ?? ''
    // "oci" stands for any runtime: it says that this is a container, and not which.
    return name === ''
      ? []
      : [evidence(name === 'oci' ? 'container' : name, `${where} says "${name}"`, 'high')]
  }
  return [
    ...named('/run/host/container-manager', sources.text('/run/host/container-manager')),
    ...named('/run/systemd/container', sources.text('/run/systemd/container')),
    ...named('the variable "container"', sources.environment['container']),
  ]
}

/** What programs that start a whole system are called; another first process is that of a container. */
const INIT = /^(systemd|init|launchd|openrc-init|runit|s6-svscan|dinit|linuxrc|procd|finit)$/

/** The first processes that only containers have. */
const CONTAINER_INIT = /^(tini|dumb-init|docker-init|catatonit|podman-init|pause)$/

function unnamed(sources: Sources): SandboxEvidence[] {
  const first = (sources.text('/proc/1/comm') ?? '').trim()
  const root = '/sys/fs/cgroup'
  const inner = sources.exists(`${root}/cgroup.events`) && sources.exists(`${root}/cgroup.type`)
  const confidence = CONTAINER_INIT.test(first) ? 'medium' : 'low'
  return [
    ...evidenceIf(inner, 'container', `${root} is not the root of the cgroups`, 'medium'),
    ...evidenceIf(first !== '' && !INIT.test(first), 'container', `process 1 is "${first}"`, confidence),
  ]
}
