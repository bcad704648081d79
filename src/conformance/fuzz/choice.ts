import { Instance } from '../../backends/userspace/files/instance.ts'
import type { EpollState } from '../../backends/userspace/machine/epoll-state.ts'
import type { Subscription } from '../../backends/userspace/machine/subscription.ts'
import type { World } from '../../backends/userspace/world.ts'
import { formatMask } from '../masks.ts'
import { isWait } from '../scenarios/observation.ts'
import type { ObservedEvent, Observation, WaitObservation } from '../scenarios/observation.ts'
import type { Player } from '../scenarios/player.ts'
import type { ScenarioStep, ScenarioStepOf } from '../scenarios/schema.ts'

/** The descriptor word of a waker's entry: no real descriptor is negative. */
const WAKER = -1

type WaitStep = ScenarioStepOf<'wait'> | ScenarioStepOf<'epoll_wait'>

/**
 * What is open in a wait, and how a backend chose: the order of events is not promised, nor which of them come where
 * there is not room for all. The model is made to choose the same, as far as it could. What is promised is that they
 * take turns (epoll_wait(2), NOTES): who has been told of twice, while another one was waiting, is out of turn.
 */
export class Choice {
  readonly #model: Player
  readonly #world: World
  /** The instances behind Pollers, by name. */
  readonly #states = new Map<string, EpollState>()
  /** Those that were waiting when the last wait began, and those that it told of. */
  #waiting: readonly Subscription[] = []
  #reported: readonly Subscription[] = []
  #wasFull = false
  /** What the model would have told of, in its own order. */
  #inTurn: readonly ObservedEvent[] = []
  /** Those who wait, and who has been told of since they began to. */
  readonly #passedBy = new Map<Subscription, Set<Subscription>>()

  /** Whether the backend has chosen otherwise than the model would have, in the step that was followed last. */
  isOwn = false

  constructor(model: Player, world: World) {
    this.#model = model
    this.#world = world
  }

  /** Has the model take a step, with the choices that a backend has made in it. */
  follow(step: ScenarioStep, actual: Observation): Observation {
    this.#waiting = []
    this.isOwn = false
    if (step.op === 'poller') return this.#open(step)
    if ((step.op !== 'wait' && step.op !== 'epoll_wait') || !isWait(actual)) return this.#model.step(step)
    return step.op === 'wait' ? this.#wait(step, actual) : this.#epollWait(step, actual)
  }

  /** A Poller of the model is an instance like others, with a number that only it knows. */
  #open(step: ScenarioStepOf<'poller'>): Observation {
    const { kernel } = this.#world
    const before = new Set(kernel.openNumbers)
    const opened = this.#model.step(step)
    for (const fd of kernel.openNumbers) {
      const file = before.has(fd) ? undefined : kernel.file(fd)
      if (file instanceof Instance) this.#states.set(step.as, file.state)
    }
    return opened
  }

  /**
   * A wait of a Poller. Where the backend's was full, the model has only as much room as it takes for those of its
   * events that the model knows of: the others may be what a rule explains, and have taken room.
   */
  #wait(step: ScenarioStepOf<'wait'>, actual: WaitObservation): Observation {
    const state = this.#states.get(step.poller)
    if (state === undefined) return this.#model.step(step)
    const labels = this.#model.pollers.get(step.poller)?.labels
    const places = new Map(actual.events.map(([label], i) => [labels?.get(label) ?? WAKER, i]))
    const known = this.#prefer(state, step, actual, (one) => places.get(one.dataLow))
    if (actual.events.length !== step.capacity) return this.#model.step(step)
    return known === 0 ? { events: [] } : this.#model.step({ ...step, capacity: known })
  }

  #epollWait(step: ScenarioStepOf<'epoll_wait'>, actual: WaitObservation): Observation {
    const file = this.#world.kernel.file(this.#model.fd(step.ep))
    if (file instanceof Instance) {
      const places = new Map(actual.events.map(([label], i) => [this.#model.labels.data(label), i]))
      this.#prefer(file.state, step, actual, (one) => places.get(dataOf(one)))
    }
    return this.#model.step(step)
  }

  /** Returns how many of the backend's events the model would give as well. */
  #prefer(
    state: EpollState,
    step: WaitStep,
    { events }: WaitObservation,
    rank: (subscription: Subscription) => number | undefined,
  ): number {
    this.#waiting = state.waiting()
    this.#reported = this.#waiting.filter((one) => rank(one) !== undefined)
    this.#wasFull = events.length === (step.op === 'wait' ? step.capacity : step.max)
    if (this.#wasFull) this.#inTurn = this.#waiting.map((one) => [this.#labelOf(one), formatMask(one.ready)])
    this.isOwn = this.#reported.some(
      (one, i) => one !== this.#waiting[i] || (i > 0 && before(rank, one, this.#reported[i - 1])),
    )
    state.prefer(rank)
    return this.#reported.length
  }

  /** Who was out of turn in the step that the model has followed, and what would have been right. */
  unfairness(actual: Observation): { readonly why: string; readonly expected: WaitObservation } | undefined {
    if (!isWait(actual) || this.#waiting.length === 0) return undefined
    let why: string | undefined
    for (const one of this.#waiting) {
      if (this.#reported.includes(one)) {
        this.#passedBy.delete(one)
        continue
      }
      if (!this.#wasFull) continue
      const passed = this.#passedBy.get(one) ?? new Set()
      this.#passedBy.set(one, passed)
      for (const other of this.#reported) {
        if (passed.has(other)) why ??= `${this.#labelOf(one)} waits, and ${this.#labelOf(other)} comes again`
        passed.add(other)
      }
    }
    // Who is no longer waiting begins anew.
    for (const one of this.#passedBy.keys()) {
      if (one.state === this.#waiting[0]?.state && !this.#waiting.includes(one)) this.#passedBy.delete(one)
    }
    if (why === undefined) return undefined
    const events = this.#inTurn.slice(0, actual.events.length)
    return { why, expected: { events } }
  }

  #labelOf(subscription: Subscription): string {
    return this.#model.labels.label(dataOf(subscription))
  }
}

const dataOf = ({ dataLow, dataHigh }: Subscription): bigint =>
  (BigInt.asUintN(32, BigInt(dataHigh)) << 32n) | BigInt.asUintN(32, BigInt(dataLow))

/** Whether one was chosen before another one. */
function before(
  rank: (subscription: Subscription) => number | undefined,
  one: Subscription,
  other: Subscription | undefined,
): boolean {
  return other !== undefined && (rank(one) ?? 0) < (rank(other) ?? 0)
}
