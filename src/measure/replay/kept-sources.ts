import { openDescriptors } from '../../libc/open-descriptors.ts'
import type { Libc } from '../../libc/libc.ts'
import { Sources } from '../../workloads/sources.ts'
import type { SourceNeed } from '../../workloads/sources.ts'
import { withoutOutputs } from '../record/repeat.ts'
import type { Tape } from '../record/tape.ts'
import { recorderFor } from './record-case.ts'

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

  /** The descriptors of this process that are none of theirs. */
  others(libc: Libc): ReadonlySet<number> {
    return openDescriptors(libc, new Set(this.#open?.sources.descriptors))
  }

  close(): void {
    this.#open?.sources.close()
    this.#open = undefined
  }
}

function isSame(a: SourceNeed, b: SourceNeed): boolean {
  return a.kind === b.kind && a.count === b.count && a.bytes === b.bytes && a.semaphore === b.semaphore
}
