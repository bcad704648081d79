import type { Backend } from '../../../backends/backend.ts'
import { backends } from '../../../backends/index.ts'
import type { BackendName } from '../../../backends/index.ts'
import type { Libc } from '../../../libc/libc.ts'
import type { Observation } from '../observation.ts'
import { whyUnavailable } from '../../unavailable.ts'
import { Player } from '../player.ts'
import type { ScenarioStep } from '../schema.ts'

/** Who is told what happens, as it happens. */
export interface PlayObserver {
  readonly onUnavailable: (reason: string) => void
  readonly onReady: () => void
  readonly onGiven: (observation: Observation) => void
}

/**
 * Plays steps on one backend, in this process: in the backend's own world where it has one, and else on the machine.
 * Afterwards nothing is open that the steps have opened.
 */
export function playOn(
  libc: Libc,
  name: BackendName,
  steps: readonly ScenarioStep[],
  directory: string,
  observer: PlayObserver,
): void {
  const backend: Backend = backends[name]
  // One that is there and does not work is played: that is what it gives.
  const reason = whyUnavailable(libc, name)
  if (reason !== undefined) {
    observer.onUnavailable(reason)
    return
  }
  const player = new Player(backend.world?.(libc) ?? libc, backend, directory)
  observer.onReady()
  try {
    for (const step of steps) observer.onGiven(player.step(step))
  } finally {
    player.end()
  }
}
