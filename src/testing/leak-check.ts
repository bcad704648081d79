/** Fails every system test that leaves a descriptor open, where there is a list of them: on Linux. */
import { existsSync, readdirSync, readlinkSync } from 'node:fs'
import { afterEach, beforeEach, expect } from 'vitest'

/** How long descriptors that are closed asynchronously (pipes of a child, a worker's) may take. */
const PATIENCE_MS = 2000

const LIST = '/proc/self/fd'

let before: ReadonlyMap<string, string>

beforeEach(() => {
  before = descriptors()
})

afterEach(async () => {
  const deadline = performance.now() + PATIENCE_MS
  let left = leaked()
  while (left.length > 0 && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 10))
    left = leaked()
  }
  expect(left, 'descriptors that the test left open').toEqual([])
})

function leaked(): string[] {
  return [...descriptors()].filter(([fd]) => !before.has(fd)).map(([fd, target]) => `${fd} -> ${target}`)
}

/** Open descriptors and what they refer to, but for the one that lists them. */
function descriptors(): Map<string, string> {
  const open = new Map<string, string>()
  if (!existsSync(LIST)) return open
  for (const fd of readdirSync(LIST)) {
    try {
      open.set(fd, readlinkSync(`${LIST}/${fd}`))
    } catch {
      // It was the descriptor that readdir itself had open.
    }
  }
  return open
}
