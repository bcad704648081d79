/** A Linux version, as far as features depend on it: 6.18.44 is [6, 18, 44]. */
export type KernelVersion = readonly [number, number, number]

/** The version at the start of a release (`6.1.0-13-amd64`), or undefined where there is none. */
export function parseKernelVersion(release: string): KernelVersion | undefined {
  const match = /^(\d+)\.(\d+)(?:\.(\d+))?/.exec(release)
  return match === null ? undefined : [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)]
}

/** Whether one version came before another. */
export function isOlder(version: KernelVersion, than: KernelVersion): boolean {
  for (const [i, part] of version.entries()) {
    const other = than[i] ?? 0
    if (part !== other) return part < other
  }
  return false
}

/** Whether a release lies in a range of versions, both ends included. */
export function isBetween(version: KernelVersion, first: string, last: string): boolean {
  const [from, to] = [parseKernelVersion(first), parseKernelVersion(last)]
  return from !== undefined && to !== undefined && !isOlder(version, from) && !isOlder(to, version)
}
