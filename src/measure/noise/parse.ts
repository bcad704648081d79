/** Parsers of what the kernel tells about disturbances. Pure; undefined for what a text does not tell. */

/** Microseconds for which at least one task waited, of /proc/pressure/cpu (Documentation/accounting/psi.rst). */
export function parsePressure(text: string): number | undefined {
  const total = /^some .*\btotal=(\d+)/m.exec(text)?.[1]
  return total === undefined ? undefined : Number(total)
}

/** Linux counts in clock ticks of 1/100 s for programs (USER_HZ), however fast its own ticks are (time(7)). */
const MS_PER_TICK = 10

/** The place of `steal` in the first line of /proc/stat (proc_stat(5)), which older kernels end before. */
const STEAL = 7

/** Milliseconds that the hypervisor kept from all processors together. A kernel that counts nothing has zeros only. */
export function parseSteal(text: string): number | undefined {
  const ticks = /^cpu +(.*)$/m.exec(text)?.[1]?.split(' ').map(Number)
  const steal = ticks?.[STEAL]
  return steal === undefined || ticks?.every((count) => count === 0) === true
    ? undefined
    : steal * MS_PER_TICK
}

export interface Throttling {
  readonly times: number
  readonly ms: number
}

/** cpu.stat of a control group, of version 2 (microseconds) or 1 (nanoseconds). A group without a quota has none. */
export function parseThrottling(text: string): Throttling | undefined {
  const field = (name: string): number | undefined => {
    const value = new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]
    return value === undefined ? undefined : Number(value)
  }
  const times = field('nr_throttled')
  const microseconds = field('throttled_usec') ?? divided(field('throttled_time'), 1000)
  return times === undefined || microseconds === undefined ? undefined : { times, ms: microseconds / 1000 }
}

function divided(value: number | undefined, by: number): number | undefined {
  return value === undefined ? undefined : value / by
}

/**
 * Where cpu.stat of this process's control group, and of those above it, can be: of version 2 first. Throttling
 * of a group above stops this process as well. From /proc/self/cgroup and /proc/self/mountinfo (cgroups(7),
 * proc_pid_mountinfo(5)).
 */
export function throttlingPaths(cgroup: string, mountinfo: string): readonly (readonly string[])[] {
  const groups = cgroup.split('\n').map((line) => /^\d+:([^:]*):(\/.*)$/.exec(line))
  const mounts = mountinfo.split('\n').map((line) => MOUNT.exec(line))
  const pathsOf = (type: string, has: (controllers: string) => boolean): string[] => {
    const group = groups.find((match) => match !== null && has(match[1] ?? ''))?.[2]
    const mount = mounts.find((match) => match?.[3] === type && (type === 'cgroup2' || has(match[4] ?? '')))
    if (group === undefined || mount === undefined || mount === null) return []
    return upwards(unescaped(mount[2] ?? ''), below(group, unescaped(mount[1] ?? '')))
  }
  const version2 = pathsOf('cgroup2', (controllers) => controllers === '')
  const version1 = pathsOf('cgroup', (controllers) => controllers.split(',').includes('cpu'))
  return [version2, version1].filter((paths) => paths.length > 0)
}

/** Root and mount point; after the separator, type and options of the file system. */
const MOUNT = /^\d+ \d+ \S+ (\S+) (\S+) .*? - (\S+) \S+ (\S+)/

/** Blanks in paths are written as octal escapes. */
function unescaped(path: string): string {
  return path.replaceAll(/\\(\d{3})/g, (_, octal: string) => String.fromCodePoint(Number.parseInt(octal, 8)))
}

/** A group's path below what is mounted; what lies outside of that cannot be seen. */
function below(group: string, root: string): string {
  if (root === '/') return group
  if (group === root) return '/'
  return group.startsWith(`${root}/`) ? group.slice(root.length) : '/'
}

/** `/a/b` below a mount point: the files of `/a/b`, `/a` and `/`. */
function upwards(mount: string, group: string): string[] {
  const names = group.split('/').filter((name) => name !== '' && name !== '..')
  return [...names.keys(), names.length]
    .map((length) => [mount, ...names.slice(0, length), 'cpu.stat'].join('/'))
    .toReversed()
}
