/** Faults that the machine could have: what the explorer must find, or it would not find those that nobody seeded. */
import {
  DeliveredAfterRemoval,
  DisarmedLate,
  DroppedModification,
  EnqueuedClearedEarly,
  ForgottenInHand,
  ForgottenTold,
  KeptToItself,
  SkippedRepair,
  TakenAgain,
  TakenLate,
} from './faulty-consumers.ts'
import {
  DroppedDedupe,
  LostPermit,
  NobodyWoken,
  NotPrimed,
  QueuedBeforeBits,
  ReusedGenerations,
  ToldOnce,
  UntoldModification,
  WokenEarly,
} from './faulty-producers.ts'
import type { MakeState } from './run.ts'

export interface Fault {
  readonly name: string
  readonly about: string
  readonly makeState: MakeState
}

export const faults: readonly Fault[] = [
  {
    name: 'skip-repair',
    about: 'a drain does not look for what came meanwhile',
    makeState: (onStale) => new SkippedRepair(onStale),
  },
  {
    name: 'clear-enqueued-early',
    about: '`enqueued` is cleared before the entry is out of the queue',
    makeState: (onStale) => new EnqueuedClearedEarly(onStale),
  },
  {
    name: 'reuse-generations',
    about: 'generations begin again with every ADD',
    makeState: (onStale) => new ReusedGenerations(onStale),
  },
  {
    name: 'drop-dedupe',
    about: 'a registration is queued however often it is told of',
    makeState: (onStale) => new DroppedDedupe(onStale),
  },
  {
    name: 'keep-to-itself',
    about: 'who leaves entries in the queue wakes nobody for them',
    makeState: (onStale) => new KeptToItself(onStale),
  },
  {
    name: 'skip-priming',
    about: 'what holds at ADD and MOD is not looked at',
    makeState: (onStale) => new NotPrimed(onStale),
  },
  {
    name: 'drop-modified',
    about: 'what was taken of a registration that is modified meanwhile is not given back',
    makeState: (onStale) => new DroppedModification(onStale),
  },
  {
    name: 'forget-in-hand',
    about: 'an instance that watches this one does not see an entry that will go back into the queue',
    makeState: (onStale) => new ForgottenInHand(onStale),
  },
  {
    name: 'forget-told-in-hand',
    about: 'nor one that will go back for an edge that came meanwhile',
    makeState: (onStale) => new ForgottenTold(onStale),
  },
  {
    name: 'lose-permit',
    about: 'a wake that finds nobody asleep is not kept for who is about to sleep',
    makeState: (onStale) => new LostPermit(onStale),
  },
  {
    name: 'queue-before-bits',
    about: 'the entry is queued before its bits are set',
    makeState: (onStale) => new QueuedBeforeBits(onStale),
  },
  {
    name: 'wake-early',
    about: 'who waits is woken before the entry is in the queue',
    makeState: (onStale) => new WokenEarly(onStale),
  },
  {
    name: 'tell-outer-once',
    about: 'what is told of an entry in the queue is not told to an outer instance',
    makeState: (onStale) => new ToldOnce(onStale),
  },
  {
    name: 'modify-untold',
    about: 'a modification leaves the entry to who has it in hand, and does not tell the outer instance',
    makeState: (onStale) => new UntoldModification(onStale),
  },
  {
    name: 'take-late',
    about: 'the bits are taken after the file was looked at',
    makeState: (onStale) => new TakenLate(onStale),
  },
  {
    name: 'disarm-late',
    about: 'a oneshot is disarmed in a step after its delivery',
    makeState: (onStale) => new DisarmedLate(onStale),
  },
  {
    name: 'deliver-removed',
    about: 'what was taken of a registration that is removed meanwhile is delivered all the same',
    makeState: (onStale) => new DeliveredAfterRemoval(onStale),
  },
  {
    name: 'take-again',
    about: 'a wait does not know what it has put back itself',
    makeState: (onStale) => new TakenAgain(onStale),
  },
  {
    name: 'satisfied-by-nobody',
    about: 'an exclusive handler that has woken nobody is enough',
    makeState: (onStale) => new NobodyWoken(onStale),
  },
]
