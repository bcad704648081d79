import type { Player } from '../scenarios/player.ts'
import type { ScenarioStep } from '../scenarios/schema.ts'

/**
 * What Pollers watch. What a descriptor reports that was closed and not removed is not promised (`backends/backend.ts`),
 * and a request of io_uring keeps its file open, which others see too. So whatever a program closes is removed first.
 */
export class Watched {
  readonly #player: Player
  /** The numbers that each Poller watches, by whatever names. */
  readonly #numbers = new Map<string, Set<number>>()

  constructor(player: Player) {
    this.#player = player
  }

  /** What has to be done before a step. */
  before(step: ScenarioStep): ScenarioStep[] {
    const name = step.op === 'close' ? step.fd : step.op === 'dup2' ? step.to : undefined
    if (name === undefined || this.#numbers.size === 0) return []
    const number = this.#player.fd(name)
    return [...this.#numbers]
      .filter(([, numbers]) => numbers.has(number))
      .map(([poller]) => ({ op: 'remove', poller, fd: name }))
  }

  /** A step was taken. */
  after(step: ScenarioStep): void {
    if (step.op === 'add') {
      const numbers = this.#numbers.get(step.poller) ?? new Set()
      this.#numbers.set(step.poller, numbers.add(this.#player.fd(step.fd)))
    } else if (step.op === 'remove') {
      this.#numbers.get(step.poller)?.delete(this.#player.fd(step.fd))
    }
  }
}
