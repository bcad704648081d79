import { describe, expect, test } from 'vitest'
import { fakeSources } from '../testing/fake-sources.ts'
import { emulatorOf, policyOf } from './policy.ts'

const root = 'CapEff:\t000001ffffffffff\nSeccomp:\t0\n'
const everybody = '         0          0 4294967295\n'

describe('policyOf', () => {
  test('reads the sysctl, the filter and the capabilities', () => {
    const sources = fakeSources({
      release: '6.6.9',
      groups: [1000, 27],
      files: {
        '/proc/self/status': 'CapEff:\t0000000000000000\nSeccomp:\t2\n',
        '/proc/self/uid_map': everybody,
        '/proc/sys/kernel/io_uring_disabled': '1\n',
        '/proc/sys/kernel/io_uring_group': '27\n',
      },
    })
    expect(policyOf(sources, {}, [])).toEqual({
      kernel: [6, 6, 9],
      emulator: undefined,
      seccomp: 'filter',
      ioUringDisabled: 1,
      inIoUringGroup: true,
      capabilities: 0n,
    })
  })

  test('does not count the capabilities of a user namespace', () => {
    const inner = { '/proc/self/status': root, '/proc/self/uid_map': '0 100000 65536\n' }
    expect(policyOf(fakeSources({ files: inner }), {}, []).capabilities).toBe(0n)
    const outer = { '/proc/self/status': root, '/proc/self/uid_map': everybody }
    expect(policyOf(fakeSources({ files: outer }), {}, []).capabilities).toBe(0x1ffffffffffn)
  })

  test('asks prctl where there is no /proc, and knows nothing where that is silent', () => {
    expect(policyOf(fakeSources(), { seccomp: 2 }, []).seccomp).toBe('filter')
    expect(policyOf(fakeSources(), { seccomp: 0 }, []).seccomp).toBe('none')
    expect(policyOf(fakeSources(), { seccomp: null }, []).seccomp).toBe('unknown')
  })

  test('does not believe the version of a kernel that is not Linux', () => {
    const gvisor = [{ layer: 'gvisor', evidence: 'uname', confidence: 'high' }] as const
    const qemu = [{ layer: 'qemu-user', evidence: 'the executable', confidence: 'high' }] as const
    expect(policyOf(fakeSources({ release: '4.4.0' }), {}, gvisor).kernel).toBeUndefined()
    expect(policyOf(fakeSources({ release: '6.1.0' }), {}, qemu).kernel).toEqual([6, 1, 0])
    expect(policyOf(fakeSources({ os: 'darwin', release: '23.1.0' }), {}, []).kernel).toBeUndefined()
  })
})

test('weak evidence makes no emulator', () => {
  expect(emulatorOf([{ layer: 'rosetta', evidence: 'a handler', confidence: 'low' }])).toBeUndefined()
  expect(emulatorOf([{ layer: 'docker', evidence: 'a file', confidence: 'high' }])).toBeUndefined()
  expect(emulatorOf([{ layer: 'wsl1', evidence: 'uname', confidence: 'high' }])).toBe('WSL 1')
})
