import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** How long processors are watched. Their times are counted in hundredths of a second (proc(5)). */
const WATCH_MS = 50

/**
 * The processor that was idle for the longest part of the last moments. Two programs that are compared must run
 * on the same one: two processors of a virtual machine, with neighbours of their own, can differ by a fifth.
 */
export async function idlestProcessor(): Promise<number> {
  const before = idleTicks()
  await sleep(WATCH_MS)
  const idle = [...idleTicks()].map(([cpu, ticks]) => [cpu, ticks - (before.get(cpu) ?? 0)] as const)
  const [best = [0, 0] as const] = idle.toSorted(([, a], [, b]) => b - a)
  return best[0]
}

/** The idle time of each processor, from /proc/stat. */
function idleTicks(): ReadonlyMap<number, number> {
  const lines = readFileSync('/proc/stat', 'utf8').matchAll(/^cpu(\d+) \d+ \d+ \d+ (\d+)/gm)
  return new Map([...lines].map(([, cpu, ticks]) => [Number(cpu), Number(ticks)]))
}
