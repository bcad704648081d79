import { F } from '../../libc/constants/linux.ts'
import { openDescriptors } from '../../libc/open-descriptors.ts'
import type { Libc } from '../../libc/libc.ts'
import { widenTable } from '../../libc/fd.ts'
import { descriptorsPerSource, Sources } from '../../workloads/sources.ts'
import type { SourceNeed } from '../../workloads/sources.ts'
import { withoutOutputs } from '../record/repeat.ts'
import type { Tape } from '../record/tape.ts'
import { recorderFor } from './record-case.ts'

/** More descriptors than a process has besides the sources: the other ends of these, Pollers, connections. */
export const MOST_OTHERS = 256

/** Sources that are open in this process, and what opened them. */
interface OpenSources {
  readonly libc: Libc
  readonly need: SourceNeed
  readonly sources: Sources
  /** Opens them in a child. */
  readonly opening: Tape
}

/**
 * The sources that cases are recorded with. Ten thousand of them take a tenth of a second to open and to close, so
 * the next case gets those of the one before where it needs the same. Only recordings use them: what is measured has
 * its own, in its child.
 */
export class KeptSources {
  #open: OpenSources | undefined

  /** Sources as a case needs them, with nothing signalled. Throws `SystemError` where they cannot be had. */
  take(libc: Libc, need: SourceNeed): OpenSources {
    const kept = this.#open
    if (kept !== undefined && kept.libc === libc && isSame(kept.need, need)) {
      kept.sources.clearAll(libc)
      return kept
    }
    this.close()
    widenTable(libc, need.count * descriptorsPerSource[need.kind])
    const recorder = recorderFor(libc, 1)
    const [lane] = recorder.lanes
    if (lane === undefined) throw new TypeError('a recorder has a lane')
    let sources: Sources | undefined
    const [opening] = recorder.record(() => {
      sources = new Sources(lane.libc, need)
    }, 'together')
    if (opening === undefined || sources === undefined) throw new TypeError('nothing was recorded')
    this.#open = { libc, need, sources, opening: withoutOutputs(opening) }
    return this.#open
  }

  /** The descriptors of this process that are none of theirs. Of numbers far above theirs nothing is said. */
  others(libc: Libc): ReadonlySet<number> {
    const kept = new Set(this.#open?.sources.descriptors)
    if (kept.size === 0) return openDescriptors(libc)
    // The kernel would list all of theirs, which takes longer than to ask for the few other numbers.
    const others = new Set<number>()
    const last = Math.max(...kept) + MOST_OTHERS
    for (let fd = 0; fd <= last; fd++) {
      if (!kept.has(fd) && libc.fn.fcntl(fd, F.GETFD, 0) !== -1) others.add(fd)
    }
    return others
  }

  close(): void {
    this.#open?.sources.close()
    this.#open = undefined
  }
}

function isSame(a: SourceNeed, b: SourceNeed): boolean {
  return a.kind === b.kind && a.count === b.count && a.bytes === b.bytes && a.semaphore === b.semaphore
}
