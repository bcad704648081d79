/**
 * What a check may change for those that come after it: the descriptors, signals and limits of its process, and
 * the processes that it started. All of it is looked at after every check, so it has to be cheap: a few reads from
 * /proc and one call. Where there is no /proc, less is seen.
 */
import { SIG_SETMASK } from '../../libc/constants/linux.ts'
import { layouts } from '../../libc/layouts.ts'
import type { Libc } from '../../libc/libc.ts'
import { setResourceLimit } from '../../libc/limits.ts'
import { Memory } from '../../libc/memory.ts'
import { DescriptorList } from '../../libc/open-descriptors.ts'
import { NULL } from '../../libc/signatures.ts'
import { ringNumbers } from '../kept-rings.ts'
import { sleepSync } from '../../sleep.ts'
import { childrenOf, describeChild, endChild } from './children.ts'
import { ProcText } from './proc-text.ts'
import { limitOf, parseLimits, parseSignals, signalLines, signalNames } from './status.ts'
import type { SignalState } from './status.ts'

/** One thing that is not as it was, in the words of a failed expectation. */
export interface Difference {
  readonly expected: string
  readonly actual: string
}

interface State {
  readonly descriptors: ReadonlySet<number>
  /** The lines about signals of /proc/self/status. */
  readonly signals: string
  /** The text of /proc/self/limits. */
  readonly limits: string
  readonly children: readonly number[]
}

/** Watches what a process has from one check to the next. */
export class Surroundings implements Disposable {
  readonly #libc: Libc
  readonly #status = new ProcText('/proc/self/status')
  readonly #limits = new ProcText('/proc/self/limits')
  readonly #descriptors: DescriptorList
  readonly #settleMs: number
  #last: State

  /**
   * `settleMs`: how long what closes descriptors by and by is given for it. A kqueue that is a library has a thread of
   * its own that notices when its descriptor is closed, and closes others then.
   */
  constructor(libc: Libc, { settleMs = 0 }: { readonly settleMs?: number } = {}) {
    this.#libc = libc
    this.#descriptors = new DescriptorList(libc)
    this.#settleMs = settleMs
    this.#last = this.#look()
    this.#settle((now, before) => isSameSet(now, before))
  }

  /** How many descriptors were open when it looked last. */
  get openDescriptors(): number {
    return this.#last.descriptors.size + ringNumbers().size
  }

  /**
   * What is different from when it looked last. What can be put right, for the sake of the checks that follow, is
   * put right: the signal mask and the limits are as they were, and processes that were left are ended.
   */
  compare(): Difference[] {
    const before = this.#last
    const after = this.#settle((now) => isSameSet(now, before))
    const differences = [
      ...descriptorDifferences(before, after),
      ...signalDifferences(before, after),
      ...limitDifferences(before, after),
      ...newChildren(before, after).map((pid) => ({
        expected: 'no process is left',
        actual: `left: ${describeChild(this.#libc, pid)}`,
      })),
    ]
    if (differences.length > 0) this.#restore(before, after)
    this.#last = differences.length > 0 ? this.#look() : after
    return differences
  }

  /** Looks until the descriptors are as they must be, given those of now and of a moment ago, or its time is over. */
  #settle(isSettled: (now: State, before: State) => boolean): State {
    const end = performance.now() + this.#settleMs
    let now = this.#look()
    let before = this.#last
    while (!isSettled(now, before) && performance.now() < end) {
      sleepSync(SETTLE_STEP_MS)
      before = now
      now = this.#look()
    }
    return (this.#last = now)
  }

  [Symbol.dispose](): void {
    this.#status.close()
    this.#limits.close()
    this.#descriptors.close()
  }

  #look(): State {
    return {
      descriptors: withoutRings(this.#descriptors.read()),
      signals: signalLines(this.#status.read()),
      limits: this.#limits.read(),
      children: childrenOf(this.#libc),
    }
  }

  #restore(before: State, after: State): void {
    const blocked = parseSignals(before.signals)?.blocked
    if (blocked !== undefined && blocked !== parseSignals(after.signals)?.blocked) {
      const mask = new Memory(layouts.sigset.size)
      mask.view.setBigUint64(0, blocked, true)
      this.#libc.fn.pthread_sigmask(SIG_SETMASK, mask.address, NULL)
    }
    const limits = parseLimits(after.limits)
    for (const [resource, { soft }] of parseLimits(before.limits).entries()) {
      const now = limits[resource]
      if (now === undefined || now.soft === soft) continue
      // The hard limit cannot be raised again, and the soft one no further than that.
      const hard = limitOf(now.hard)
      setResourceLimit(this.#libc, resource, { soft: Math.min(limitOf(soft), hard), hard })
    }
    for (const pid of newChildren(before, after)) endChild(this.#libc, pid)
  }
}

/** How long to wait between two looks. */
const SETTLE_STEP_MS = 2

function isSameSet(a: State, b: State): boolean {
  return a.descriptors.size === b.descriptors.size && [...a.descriptors].every((fd) => b.descriptors.has(fd))
}

/** Rings stay open from one check to another; see `kept-rings.ts`. */
function withoutRings(descriptors: ReadonlySet<number>): ReadonlySet<number> {
  const rings = ringNumbers()
  return rings.size === 0 ? descriptors : new Set([...descriptors].filter((fd) => !rings.has(fd)))
}

function descriptorDifferences(before: State, after: State): Difference[] {
  const left = [...after.descriptors].filter((fd) => !before.descriptors.has(fd))
  const gone = [...before.descriptors].filter((fd) => !after.descriptors.has(fd))
  return [
    ...differenceIf(left.length > 0, 'no descriptor is left open', `left open: ${listed(left)}`),
    ...differenceIf(gone.length > 0, 'only its own descriptors are closed', `closed: ${listed(gone)}`),
  ]
}

/** A list that is longer is cut off: a check may leave thousands. */
const MOST_NUMBERS = 20

function listed(numbers: readonly number[]): string {
  const rest = numbers.length - MOST_NUMBERS
  return `${numbers.slice(0, MOST_NUMBERS).join(', ')}${rest > 0 ? `, and ${rest} more` : ''}`
}

/** SIGCHLD is the affair of Node, which handles it while it has child processes. */
const OTHERS = ~(1n << 16n)

function signalDifferences(earlier: State, later: State): Difference[] {
  if (earlier.signals === later.signals) return []
  const [before, after] = [parseSignals(earlier.signals), parseSignals(later.signals)]
  if (before === undefined || after === undefined) return []
  const changed = (set: keyof SignalState, what: string): Difference[] => {
    const more = after[set] & ~before[set] & OTHERS
    const less = before[set] & ~after[set] & OTHERS
    return [
      ...differenceIf(more !== 0n, `the ${what} signals are as before`, `${what} now: ${signalNames(more)}`),
      ...differenceIf(
        less !== 0n,
        `the ${what} signals are as before`,
        `no longer ${what}: ${signalNames(less)}`,
      ),
    ]
  }
  return [
    ...changed('blocked', 'blocked'),
    ...changed('pending', 'pending'),
    ...changed('ignored', 'ignored'),
    ...changed('caught', 'caught'),
  ]
}

function limitDifferences(before: State, after: State): Difference[] {
  if (before.limits === after.limits) return []
  const now = parseLimits(after.limits)
  return parseLimits(before.limits).flatMap(({ name, soft, hard }, i) =>
    differenceIf(
      now[i] !== undefined && (now[i].soft !== soft || now[i].hard !== hard),
      `${name}: ${soft}, at most ${hard}`,
      `${name}: ${now[i]?.soft}, at most ${now[i]?.hard}`,
    ),
  )
}

function newChildren(before: State, after: State): number[] {
  return after.children.filter((pid) => !before.children.includes(pid))
}

function differenceIf(condition: boolean, expected: string, actual: string): Difference[] {
  return condition ? [{ expected, actual }] : []
}
