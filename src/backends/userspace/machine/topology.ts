/**
 * What instances may watch each other: no cycles, no chains of more than five, and not too many ways from one file up to
 * the instances that nobody watches (fs/eventpoll.c: EP_MAX_NESTS, path_limits).
 */
import { constants as osConstants } from 'node:os'
import { EpollState } from './epoll-state.ts'
import type { Watchable } from './watchable.ts'

const { EINVAL, ELOOP } = osConstants.errno

/** How many instances may stand above another one. */
const MAX_NESTS = 4

/** How many ways of each length may lead up from one file. Of the shortest there may be any number. */
const PATH_LIMITS = [Infinity, 500, 100, 50, 10] as const

/** Whether an instance may watch another one: 0, or -ELOOP. */
export function checkLoop(outer: EpollState, inner: EpollState): number {
  const below = levelsBelow(inner, outer, 0, new Map())
  return below > MAX_NESTS || below + 1 + levelsAbove(outer, 0, new Map()) > MAX_NESTS ? -ELOOP : 0
}

/**
 * How many instances stand below one, as far as it matters; too many where `outer` is among them. Each is visited once
 * (`loop_check_gen`), or a net of instances would take as long as there are ways through it.
 */
function levelsBelow(
  state: EpollState,
  outer: EpollState,
  depth: number,
  known: Map<EpollState, number>,
): number {
  const before = known.get(state)
  if (before !== undefined) return before
  let most = 0
  for (const { file } of state.subscriptions()) {
    if (!(file instanceof EpollState)) continue
    if (file === outer || depth > MAX_NESTS) return MAX_NESTS + 1
    most = Math.max(most, levelsBelow(file, outer, depth + 1, known) + 1)
  }
  known.set(state, most)
  return most
}

function levelsAbove(state: EpollState, depth: number, known: Map<EpollState, number>): number {
  const before = known.get(state)
  if (before !== undefined) return before
  if (depth > MAX_NESTS) return MAX_NESTS + 1
  let most = 0
  for (const { state: above } of state.watchers) {
    most = Math.max(most, levelsAbove(above, depth + 1, known) + 1)
  }
  known.set(state, most)
  return most
}

/** Whether too many ways lead up now from what an instance has just begun to watch: 0, or -EINVAL. */
export function checkPaths(outer: EpollState, added: Watchable): number {
  if (!(added instanceof EpollState) && outer.watchers.size === 0) return 0
  for (const file of filesBelow(added)) if (!countPaths(file, 0, [0, 0, 0, 0, 0])) return -EINVAL
  return 0
}

/** The files at the ends of what is watched, through whatever instances. */
function filesBelow(file: Watchable): Watchable[] {
  const seen = new Set([file])
  // What is added while it is gone through is gone through too.
  for (const one of seen) {
    if (one instanceof EpollState) for (const { file: below } of one.subscriptions()) seen.add(below)
  }
  return [...seen].filter((one) => !(one instanceof EpollState))
}

function countPaths(file: Watchable, depth: number, counts: number[]): boolean {
  for (const { state } of file.watchers) {
    if (state.watchers.size > 0) {
      if (!countPaths(state, depth + 1, counts)) return false
      continue
    }
    const count = (counts[depth] = (counts[depth] ?? 0) + 1)
    if (count > (PATH_LIMITS[depth] ?? 0)) return false
  }
  return true
}
