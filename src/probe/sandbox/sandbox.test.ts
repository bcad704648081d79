import { describe, expect, test } from 'vitest'
import { fakeSources } from '../../testing/fake-sources.ts'
import type { FakeMachine } from '../../testing/fake-sources.ts'
import { detectSandbox } from './index.ts'

/** The layers that are found, with the confidence of each piece of evidence: `docker:low`. */
function layers(machine: FakeMachine, seccompMode?: number): string[] {
  return detectSandbox(fakeSources(machine), seccompMode).map(
    ({ layer, confidence }) => `${layer}:${confidence}`,
  )
}

const init = { '/proc/1/comm': 'systemd\n', '/proc/self/uid_map': '         0          0 4294967295\n' }
const intel = 'processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: fpu vme de\n'

test('a plain machine has no layers', () => {
  expect(layers({ files: { ...init, '/proc/cpuinfo': intel } })).toEqual([])
})

test('a machine that tells nothing has no layers', () => {
  expect(layers({ os: 'darwin', release: '23.1.0', version: 'Darwin Kernel Version 23.1.0' })).toEqual([])
})

describe('emulators', () => {
  test('gVisor is known by its build text alone, and by its boot line', () => {
    const machine = { release: '4.4.0', version: '#1 SMP Sun Jan 10 15:06:54 PST 2016' }
    expect(layers(machine)).toEqual(['gvisor:high'])
    const files = { ...init, '/proc/cmdline': 'BOOT_IMAGE=/vmlinuz-4.4.0-gvisor quiet\n' }
    expect(layers({ ...machine, files })).toEqual(['gvisor:high', 'gvisor:high'])
  })

  test('qemu-user is seen behind /proc/thread-self', () => {
    const machine: FakeMachine = {
      arch: 'arm64',
      files: { ...init, '/proc/cpuinfo': intel },
      links: { '/proc/thread-self/exe': '/usr/bin/qemu-aarch64' },
      directories: { '/proc/sys/fs/binfmt_misc': ['qemu-aarch64', 'register', 'status'] },
    }
    expect(layers(machine)).toEqual(['qemu-user:high', 'qemu-user:medium', 'qemu-user:medium'])
  })

  test('qemu-user is seen without /proc by the modalias of the processor', () => {
    const files = { '/sys/devices/system/cpu/modalias': 'cpu:type:x86,ven0002fam0019mod0011:feature:,0000' }
    expect(layers({ arch: 'arm64', files })).toEqual(['qemu-user:medium'])
  })

  test('handlers for other architectures say nothing about this program', () => {
    const directories = { '/proc/sys/fs/binfmt_misc': ['qemu-aarch64', 'qemu-riscv64'] }
    expect(layers({ files: init, directories })).toEqual([])
  })

  test('Rosetta is known by its processor, and is not taken for qemu-user', () => {
    const cpuinfo = 'processor\t: 0\nvendor_id\t: VirtualApple\nmodel name\t: VirtualApple @ 2.50GHz\n'
    expect(layers({ files: { ...init, '/proc/cpuinfo': cpuinfo } })).toEqual(['rosetta:high'])
    const arm = 'processor\t: 0\nCPU implementer\t: 0x61\n'
    const files = { ...init, '/proc/cpuinfo': arm, '/proc/sys/fs/binfmt_misc/rosetta': 'enabled' }
    expect(layers({ files })).toEqual(['rosetta:medium'])
  })

  test('WSL 1 and WSL 2 are told apart by the release', () => {
    expect(layers({ release: '4.4.0-19041-Microsoft' })).toEqual(['wsl1:high'])
    expect(layers({ release: '5.15.153.1-microsoft-standard-WSL2' })).toEqual(['wsl2:high'])
  })

  test('proot traces its programs', () => {
    const files = { '/proc/self/status': 'TracerPid:\t77\n', '/proc/77/comm': 'proot\n' }
    expect(layers({ files })).toEqual(['proot:high'])
    const debugged = { '/proc/self/status': 'TracerPid:\t77\n', '/proc/77/comm': 'gdb\n' }
    expect(layers({ files: debugged })).toEqual(['traced:high'])
  })
})

describe('containers', () => {
  test('a marker file alone proves little', () => {
    expect(layers({ files: { ...init, '/.dockerenv': '' } })).toEqual(['docker:low'])
  })

  test('Docker with cgroups of version 1', () => {
    const cgroup = '12:pids:/docker/4f9c2a81d7e3b6a09c5d1e2f3a4b5c6d7e8f90123456789abcdef0123456789a\n'
    const mounts =
      '560 547 8:1 /var/lib/docker/containers/4f9c/hosts /etc/hosts rw,relatime - ext4 /dev/sda1 rw\n'
    const files = {
      '/.dockerenv': '',
      '/proc/1/comm': 'tini\n',
      '/proc/self/cgroup': cgroup,
      '/proc/self/mountinfo': mounts,
    }
    expect(layers({ files })).toEqual(['docker:low', 'docker:medium', 'docker:high', 'container:medium'])
  })

  test('podman says so itself', () => {
    const files = { ...init, '/run/.containerenv': 'engine="podman-4.3.1"\n' }
    expect(layers({ files, environment: { container: 'podman' } })).toEqual(['podman:high', 'podman:high'])
  })

  test('the value oci names no manager', () => {
    expect(layers({ files: init, environment: { container: 'oci' } })).toEqual(['container:high'])
  })

  test('Kubernetes over containerd', () => {
    const cgroup =
      '0::/kubepods.slice/kubepods-burstable.slice/cri-containerd-0a1b2c3d4e5f60718293a4b5c6d7e8f9.scope\n'
    const files = {
      '/var/run/secrets/kubernetes.io/serviceaccount': '',
      '/proc/1/comm': 'pause\n',
      '/proc/self/cgroup': cgroup,
    }
    expect(layers({ files, environment: { KUBERNETES_SERVICE_HOST: '10.0.0.1' } })).toEqual([
      'kubernetes:high',
      'kubernetes:medium',
      'kubernetes:high',
      'containerd:medium',
      'container:medium',
    ])
  })

  test('an unknown container is known by its cgroup', () => {
    const files = {
      ...init,
      '/sys/fs/cgroup/cgroup.events': 'populated 1',
      '/sys/fs/cgroup/cgroup.type': 'domain',
    }
    expect(layers({ files })).toEqual(['container:medium'])
  })
})

describe('confinement', () => {
  test('a user namespace is known by its map', () => {
    const files = {
      '/proc/self/uid_map': '         0          0          1\n',
      '/proc/self/setgroups': 'deny\n',
    }
    expect(layers({ files })).toEqual(['user-namespace:high', 'user-namespace:high'])
  })

  test('a seccomp filter is told by /proc, or by prctl without it', () => {
    expect(layers({ files: { '/proc/self/status': 'Seccomp:\t2\nSeccomp_filters:\t1\n' } })).toEqual([
      'seccomp:high',
    ])
    expect(layers({ files: { '/proc/self/status': 'Seccomp:\t0\n' } })).toEqual([])
    expect(layers({}, 2)).toEqual(['seccomp:high'])
    expect(layers({}, 0)).toEqual([])
  })

  test('security modules are known by their labels', () => {
    const label = (text: string): string[] => layers({ files: { '/proc/self/attr/current': text } })
    expect(label('docker-default (enforce)\n')).toEqual(['apparmor:high'])
    expect(label('system_u:system_r:container_t:s0:c57,c92\0')).toEqual(['selinux:high'])
    expect(label('unconfined_u:unconfined_r:unconfined_t:s0-s0:c0.c1023\0')).toEqual([])
    expect(label('unconfined\n')).toEqual([])
  })

  test('a chroot has another root than the first process', () => {
    expect(layers({ sameRoot: false })).toEqual(['chroot:medium'])
    expect(layers({ sameRoot: true })).toEqual([])
  })
})

describe('virtual machines', () => {
  const cpuinfo = 'processor\t: 0\nvendor_id\t: AuthenticAMD\nflags\t\t: fpu hypervisor lahf_lm\n'
  const guest = { ...init, '/proc/cpuinfo': cpuinfo }

  test('Firecracker signs the ACPI tables, and has a typical boot line', () => {
    const files = {
      ...guest,
      '/sys/firmware/acpi/tables/FACP': 'FACP\x14\x01\0\0\x06fFIRECKFCVMFADT\0\0\0\0FCAT$',
      '/proc/cmdline': 'console=ttyS0 reboot=k panic=1 nomodule pci=off virtio_mmio.device=4K@0xd0000000:5\n',
    }
    expect(layers({ files })).toEqual(['firecracker:high', 'firecracker:medium', 'virtual-machine:high'])
  })

  test('the firmware names the hypervisor', () => {
    const firmware = (field: string, value: string): string[] =>
      layers({ files: { ...init, [`/sys/class/dmi/id/${field}`]: `${value}\n` } })
    expect(firmware('sys_vendor', 'QEMU')).toEqual(['qemu:high'])
    expect(firmware('product_name', 'VMware Virtual Platform')).toEqual(['vmware:high'])
    expect(firmware('product_name', 'Google Compute Engine')).toEqual(['google-compute-engine:high'])
    expect(firmware('sys_vendor', 'LENOVO')).toEqual([])
  })

  test('the hardware of Amazon and Microsoft is not taken for a guest', () => {
    const machine = (vendor: string, product: string): string[] =>
      layers({
        files: { ...init, '/sys/class/dmi/id/sys_vendor': vendor, '/sys/class/dmi/id/product_name': product },
      })
    expect(machine('Amazon EC2', 'm5.large')).toEqual(['amazon-ec2:high'])
    expect(machine('Amazon EC2', 'm5.metal')).toEqual([])
    expect(machine('Microsoft Corporation', 'Virtual Machine')).toEqual(['hyper-v:high'])
    expect(machine('Microsoft Corporation', 'Surface Laptop 4')).toEqual([])
  })
})

test('several layers are reported at once, from the program outwards', () => {
  const files = {
    '/proc/self/status': 'Seccomp:\t2\n',
    '/proc/self/uid_map': '0 100000 65536\n',
    '/run/.containerenv': '',
    '/proc/cpuinfo': 'flags\t: hypervisor\n',
  }
  expect(layers({ files })).toEqual([
    'seccomp:high',
    'user-namespace:high',
    'podman:high',
    'virtual-machine:high',
  ])
})

test('what was read is quoted without control characters, and cut short', () => {
  const first = `a\x1b[31mb${'c'.repeat(500)}\n`
  const [{ evidence } = { evidence: '' }] = detectSandbox(
    fakeSources({ files: { '/proc/1/comm': first } }),
    0,
  )
  expect(evidence).toMatch(/^process 1 is "a \[31mbc+\.\.\.$/)
  expect(evidence.length).toBeLessThan(200)
})
