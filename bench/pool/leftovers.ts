import { existsSync, readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** How long the kernel may take to end a thread, and a library to close what it has. */
const PATIENCE_MS = 5000

const LISTS = { descriptors: '/proc/self/fd', threads: '/proc/self/task' } as const

/** What a process has more of than when this was made. Linux only: elsewhere it finds nothing. */
export class Leftovers {
  readonly #before = counts()

  /** One line for each kind of which some are left. */
  async find(): Promise<string[]> {
    const deadline = performance.now() + PATIENCE_MS
    for (;;) {
      const more = counts().map(({ kind, count }, i) => ({
        kind,
        more: count - (this.#before[i]?.count ?? 0),
      }))
      const left = more.filter(({ more: number }) => number > 0)
      if (left.length === 0 || performance.now() > deadline)
        return left.map(({ kind, more: number }) => `${number} ${kind} left`)
      await sleep(10)
    }
  }
}

function counts(): { readonly kind: string; readonly count: number }[] {
  return Object.entries(LISTS).map(([kind, path]) => ({
    kind,
    count: existsSync(path) ? readdirSync(path).length : 0,
  }))
}
