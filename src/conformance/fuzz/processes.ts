import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import type { BackendName } from '../../backends/index.ts'
import { followChild, START_MS } from '../../child-process.ts'
import type { ChildEnd } from '../../child-process.ts'
import { Standstill } from '../standstill.ts'
import { Whereabouts } from '../whereabouts.ts'
import type { Place } from '../whereabouts.ts'
import type { FuzzMessage, FuzzOrder, FuzzTask } from './messages.ts'

/** The child processes that play programs on one backend, each of them watched. */
export class FuzzProcesses {
  readonly signal: AbortSignal
  readonly #backend: BackendName
  readonly #lib: string | undefined
  readonly #directory: string

  /** `directory`: where each has one of its own. `signal`: ends them all. */
  constructor(
    directory: string,
    {
      backend,
      lib,
      signal,
    }: { readonly backend: BackendName; readonly lib: string | undefined; readonly signal: AbortSignal },
  ) {
    this.#directory = directory
    this.#backend = backend
    this.#lib = lib
    this.signal = signal
  }

  /** Starts a child, and watches that it gets on from step to step. */
  async run(
    task: FuzzTask,
    { stepMs, signal }: { readonly stepMs: number; readonly signal?: AbortSignal },
    onMessage: (message: FuzzMessage) => void,
  ): Promise<{ readonly end: ChildEnd; readonly place: Place | undefined }> {
    const whereabouts = Whereabouts.open()
    try {
      const standstill = new Standstill(stepMs)
      const directory = mkdtempSync(join(this.#directory, 'child-'))
      const end = await followChild<FuzzMessage>({
        program: 'src/conformance/fuzz/child',
        order: {
          ...task,
          backend: this.#backend,
          lib: this.#lib,
          directory,
          hasWhereabouts: whereabouts !== undefined,
        } satisfies FuzzOrder,
        // It tells by its whereabouts that it gets on.
        silenceMs: whereabouts === undefined ? START_MS : Infinity,
        signal: signal === undefined ? this.signal : AbortSignal.any([signal, this.signal]),
        shared: whereabouts?.fd,
        isStuck() {
          // Before its first step it has a limit of its own.
          const place = whereabouts?.read()
          return place !== undefined && standstill.isStuckIn(place)
        },
        onMessage,
      })
      if (end.library !== undefined) throw end.library
      return { end, place: whereabouts?.read() }
    } finally {
      whereabouts?.close()
    }
  }
}
