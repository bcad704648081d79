/** Virtual machines, and who runs them. */
import { cpuField } from '../procfs.ts'
import type { SandboxEvidence } from '../report.ts'
import type { Sources } from '../sources.ts'
import { evidence, evidenceIf, matches } from './evidence.ts'

/** How the firmware's tables begin where a hypervisor wrote them. */
const vendors: readonly { readonly prefix: string; readonly layer: string }[] = [
  { prefix: 'KVM', layer: 'kvm' },
  { prefix: 'OpenStack', layer: 'kvm' },
  { prefix: 'KubeVirt', layer: 'kvm' },
  { prefix: 'Amazon EC2', layer: 'amazon-ec2' },
  { prefix: 'QEMU', layer: 'qemu' },
  { prefix: 'VMware', layer: 'vmware' },
  { prefix: 'VMW', layer: 'vmware' },
  { prefix: 'innotek GmbH', layer: 'virtualbox' },
  { prefix: 'VirtualBox', layer: 'virtualbox' },
  { prefix: 'Xen', layer: 'xen' },
  { prefix: 'Bochs', layer: 'bochs' },
  { prefix: 'Parallels', layer: 'parallels' },
  { prefix: 'BHYVE', layer: 'bhyve' },
  { prefix: 'Hyper-V', layer: 'hyper-v' },
  { prefix: 'Microsoft Corporation', layer: 'hyper-v' },
  { prefix: 'Apple Virtualization', layer: 'apple-virtualization' },
  { prefix: 'Google Compute Engine', layer: 'google-compute-engine' },
]

const firmwareFields = ['product_name', 'sys_vendor', 'board_vendor', 'bios_vendor', 'product_version']

export function hypervisors(sources: Sources): SandboxEvidence[] {
  const cpuinfo = sources.text('/proc/cpuinfo')
  const flags = (cpuField(cpuinfo, 'flags') ?? '').split(' ')
  const vendor = cpuField(cpuinfo, 'vendor_id')
  const type = sources.text('/sys/hypervisor/type')?.trim() ?? ''
  const tree = sources.text('/proc/device-tree/hypervisor/compatible')?.replaceAll('\0', ' ').trim() ?? ''
  return [
    ...firmware(sources),
    ...firecracker(sources),
    ...evidenceIf(
      flags.includes('hypervisor'),
      'virtual-machine',
      '/proc/cpuinfo has the flag "hypervisor"',
      'high',
    ),
    ...evidenceIf(vendor === 'User Mode Linux', 'user-mode-linux', `/proc/cpuinfo has "${vendor}"`, 'high'),
    ...evidenceIf(type !== '', type, `/sys/hypervisor/type is "${type}"`, 'high'),
    ...evidenceIf(tree !== '', 'virtual-machine', `the device tree has the hypervisor "${tree}"`, 'high'),
    ...matches('/proc/cmdline', sources.text('/proc/cmdline'), [
      { layer: 'kata', pattern: /\bagent\.(log|debug_console)\S*/, confidence: 'low' },
    ]),
  ]
}

function firmware(sources: Sources): SandboxEvidence[] {
  return firmwareFields.flatMap((field) => {
    const path = `/sys/class/dmi/id/${field}`
    const value = sources.text(path)?.trim() ?? ''
    const found = vendors.find(({ prefix }) => value.startsWith(prefix))
    // EC2 names itself on its bare machines too, and Microsoft on its computers.
    if (found === undefined || isHardware(sources, found.layer)) return []
    return [evidence(found.layer, `${path} is "${value}"`, 'high')]
  })
}

function isHardware(sources: Sources, layer: string): boolean {
  const product = sources.text('/sys/class/dmi/id/product_name')?.trim() ?? ''
  if (layer === 'amazon-ec2') return product.endsWith('.metal')
  return layer === 'hyper-v' && !product.startsWith('Virtual Machine')
}

/** Where an ACPI table has the name of who made it. */
const OEM_ID = { start: 10, end: 16 } as const

/** Firecracker writes its name into the ACPI tables, which only root may read; its boot line is typical too. */
function firecracker(sources: Sources): SandboxEvidence[] {
  const table = '/sys/firmware/acpi/tables/FACP'
  const maker = sources.text(table)?.slice(OEM_ID.start, OEM_ID.end)
  const arguments_ = (sources.text('/proc/cmdline') ?? '').trim().split(/\s+/)
  const typical = ['reboot=k', 'panic=1', 'nomodule', 'pci=off'].filter((word) => arguments_.includes(word))
  return [
    ...evidenceIf(maker === 'FIRECK', 'firecracker', `${table} was made by ${maker}`, 'high'),
    ...evidenceIf(typical.length >= 3, 'firecracker', `/proc/cmdline has ${typical.join(' ')}`, 'medium'),
  ]
}
