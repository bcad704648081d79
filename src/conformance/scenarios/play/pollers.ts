/** Steps that speak the portable contract of a Poller, and run on every backend. */
import { Interest, INTERRUPTED, Readiness, ReadinessBatch } from '../../../backends/backend.ts'
import type { Observation, ObservedEvent } from '../observation.ts'
import type { Player } from '../player.ts'
import { MOST_EVENTS } from '../limits.ts'
import type { ScenarioStepOf } from '../schema.ts'
import type { Steps } from './index.ts'
import { orErrno } from './or-errno.ts'

const NS_PER_MS = 1e6

/** A wait may end before its time, for something that concerns nobody any more. */
const MOST_INTERRUPTIONS = 3

const batches = new Map<number, ReadinessBatch>()

export const pollerSteps: Steps<'poller' | 'add' | 'modify' | 'remove' | 'wake' | 'wait'> = {
  poller(player, { as }) {
    return orErrno(() => {
      const retire = player.retired.taker(player.libc)
      player.pollers.set(as, { poller: player.backend.open(player.libc, { retire }), labels: new Map() })
      return 'ok'
    })
  },
  add: (player, step) => register(player, step),
  modify: (player, step) => register(player, step),
  remove(player, { poller, fd }) {
    return orErrno(() => {
      player.poller(poller).poller.remove(player.fd(fd))
      return 'ok'
    })
  },
  wake(player, { poller }) {
    return orErrno(() => {
      player.poller(poller).poller.wake()
      return 'ok'
    })
  },
  wait(player, { poller: name, capacity = MOST_EVENTS, timeoutMs = 0 }) {
    return orErrno(() => {
      const { poller } = player.poller(name)
      const batch = batchOf(capacity)
      let count = INTERRUPTED
      for (let left = MOST_INTERRUPTIONS; left > 0 && count === INTERRUPTED; left--) {
        count = poller.wait(batch, Math.round(timeoutMs * NS_PER_MS))
      }
      return reported(player, batch, count)
    })
  },
}

function register(player: Player, step: ScenarioStepOf<'add'> | ScenarioStepOf<'modify'>): Observation {
  const { op, poller: name, fd, interest, trigger = 'level', label = String(fd) } = step
  return orErrno(() => {
    const { poller, labels } = player.poller(name)
    const number = player.fd(fd)
    poller[op](number, bitsOf(interest), player.labels.data(label), { trigger })
    labels.set(label, number)
    return 'ok'
  })
}

function reported(player: Player, batch: ReadinessBatch, count: number): Observation {
  const events: ObservedEvent[] = []
  for (let i = 0; i < count; i++) {
    const flags = batch.flags[i] ?? 0
    const label = (flags & Readiness.WAKE) === 0 ? player.labels.label(batch.token(i)) : 'waker'
    events.push([label, namesOf(flags)])
  }
  return { events }
}

function batchOf(capacity: number): ReadinessBatch {
  let batch = batches.get(capacity)
  if (batch === undefined) batches.set(capacity, (batch = new ReadinessBatch(capacity)))
  return batch
}

const bitsOf = (interest: string): number =>
  interest.split('|').reduce((bits, name) => bits | Interest[name as keyof typeof Interest], 0)

const namesOf = (flags: number): string =>
  Object.entries(Readiness)
    .filter(([, bit]) => (flags & bit) !== 0)
    .map(([name]) => name)
    .join('|')
