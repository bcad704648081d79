import { describe, expect, it } from 'vitest'
import { parsePressure, parseSteal, parseThrottling, throttlingPaths } from './parse.ts'

describe('parsePressure', () => {
  it('reads the total of `some`', () => {
    const text = `some avg10=42.93 avg60=44.70 avg300=21.42 total=4910696551
full avg10=0.00 avg60=0.00 avg300=0.00 total=0
`
    expect(parsePressure(text)).toBe(4_910_696_551)
  })

  it.each(['', 'full avg10=0.00 avg60=0.00 avg300=0.00 total=7\n', 'some avg10=0.00\n'])(
    'finds none in %j',
    (text) => {
      expect(parsePressure(text)).toBeUndefined()
    },
  )
})

describe('parseSteal', () => {
  it('takes the sum of all processors, in milliseconds', () => {
    const text = `cpu  1002787 63507 173650 1457339 1141 0 1954 1652 91 0
cpu0 497672 30432 88929 731953 213 0 830 810 63 0
`
    expect(parseSteal(text)).toBe(16_520)
  })

  it('knows none where nothing is counted, as in gVisor', () => {
    expect(parseSteal('cpu  0 0 0 0 0 0 0 0 0 0\ncpu0 0 0 0 0 0 0 0 0 0 0\nintr 0\n')).toBeUndefined()
  })

  it('knows none on kernels before 2.6.11, and without a text', () => {
    expect(parseSteal('cpu  120 0 80 4000 12 0 1\n')).toBeUndefined()
    expect(parseSteal('')).toBeUndefined()
  })
})

describe('parseThrottling', () => {
  it('reads version 2', () => {
    const text = `usage_usec 12418994634
user_usec 10662946131
system_usec 1756048503
nice_usec 635074791
core_sched.force_idle_usec 0
nr_periods 412
nr_throttled 37
throttled_usec 1850500
nr_bursts 0
burst_usec 0
`
    expect(parseThrottling(text)).toEqual({ times: 37, ms: 1850.5 })
  })

  it('reads version 1, which counts nanoseconds', () => {
    const text = `nr_periods 90
nr_throttled 3
throttled_time 120500000
nr_bursts 0
burst_time 0
`
    expect(parseThrottling(text)).toEqual({ times: 3, ms: 120.5 })
  })

  it('finds none in a group that has no quota, as the root of version 2', () => {
    expect(parseThrottling('usage_usec 1\nuser_usec 1\nsystem_usec 0\n')).toBeUndefined()
    expect(parseThrottling('')).toBeUndefined()
  })
})

describe('throttlingPaths', () => {
  it('goes from the own group upwards (systemd, version 2)', () => {
    const mountinfo = `23 28 0:21 / /proc rw,nosuid,nodev,noexec,relatime shared:12 - proc proc rw
30 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:4 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot
`
    expect(throttlingPaths('0::/user.slice/user-1000.slice/session-2.scope\n', mountinfo)).toEqual([
      [
        '/sys/fs/cgroup/user.slice/user-1000.slice/session-2.scope/cpu.stat',
        '/sys/fs/cgroup/user.slice/user-1000.slice/cpu.stat',
        '/sys/fs/cgroup/user.slice/cpu.stat',
        '/sys/fs/cgroup/cpu.stat',
      ],
    ])
  })

  it('has one group in a container with a namespace of its own', () => {
    const mountinfo = `1024 1020 0:30 / /sys/fs/cgroup ro,nosuid,nodev,noexec,relatime - cgroup2 cgroup rw,nsdelegate\n`
    expect(throttlingPaths('0::/\n', mountinfo)).toEqual([['/sys/fs/cgroup/cpu.stat']])
  })

  it('takes off what the mount leaves out (docker, version 1, the namespace of the host)', () => {
    const cgroup = `12:cpu,cpuacct:/docker/4f1d
5:memory:/docker/4f1d
1:name=systemd:/docker/4f1d
`
    const mountinfo = `733 731 0:29 /docker/4f1d /sys/fs/cgroup/systemd ro,nosuid - cgroup cgroup rw,xattr,name=systemd
740 731 0:36 /docker/4f1d /sys/fs/cgroup/cpu,cpuacct ro,nosuid,nodev master:18 - cgroup cgroup rw,cpu,cpuacct
`
    expect(throttlingPaths(cgroup, mountinfo)).toEqual([['/sys/fs/cgroup/cpu,cpuacct/cpu.stat']])
  })

  it('tries version 2 before version 1 where both are mounted, and does not take cpuacct or cpuset for cpu', () => {
    const cgroup = `9:name=systemd:/
4:memory:/process_api/0855
3:cpuset:/
2:cpuacct:/
1:cpu:/jobs
0::/
`
    const mountinfo = `33 31 0:30 / /sys/fs/cgroup/cpuacct rw,relatime - cgroup cgroup rw,cpuacct
34 31 0:31 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset
32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
`
    expect(throttlingPaths(cgroup, mountinfo)).toEqual([
      ['/sys/fs/cgroup/unified/cpu.stat'],
      ['/sys/fs/cgroup/cpu/jobs/cpu.stat', '/sys/fs/cgroup/cpu/cpu.stat'],
    ])
  })

  it('sees nothing of a group outside of the mount or the namespace, and blanks in paths', () => {
    const mountinfo = String.raw`30 23 0:26 / /my\040groups rw - cgroup2 cgroup2 rw` + '\n'
    expect(throttlingPaths('0::/../../other\n', mountinfo)).toEqual([
      ['/my groups/other/cpu.stat', '/my groups/cpu.stat'],
    ])
    const deeper = '30 23 0:26 /inner /groups rw - cgroup2 cgroup2 rw\n'
    expect(throttlingPaths('0::/innermost\n', deeper)).toEqual([['/groups/cpu.stat']])
  })

  it('finds nothing without either text', () => {
    expect(throttlingPaths('', '')).toEqual([])
    expect(throttlingPaths('0::/\n', '')).toEqual([])
  })
})
