import type { Subscription } from './subscription.ts'
import type { WaitQueue } from './wait-queue.ts'

/** What can be watched: an open file, with its readiness and whom to ask to be told of changes. */
export interface Watchable {
  /** All readiness bits that hold now (the POLL bits), whatever anybody asks for. */
  readiness(): number
  /** The queues whose handlers are told of its changes: of most files one. */
  readonly queues: readonly WaitQueue[]
  /** The registrations that watch it, of all instances: what its last close removes. */
  readonly watchers: Set<Subscription>
}
