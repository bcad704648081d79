/** What a machine has done: the four counters of the design that it follows, and those that explain the rest. */
export interface Counters {
  /** A producer had something to tell of a registration that wants to know. */
  enqueueAttempts: number
  /** And that was in the queue already. */
  dedupeHits: number
  /** An entry was taken whose registration was removed or replaced. */
  staleGenerationDrops: number
  /** An entry was taken, and there was nothing pending any more. */
  emptyDequeues: number
  /** An entry was taken, and what it told of was no longer so. */
  retracted: number
  /** A level-triggered entry went back into the queue when it was delivered. */
  requeues: number
  /** Bits came while an entry was being delivered, and it went back for them. */
  repairs: number
  delivered: number
}

export function noCounts(): Counters {
  return {
    enqueueAttempts: 0,
    dedupeHits: 0,
    staleGenerationDrops: 0,
    emptyDequeues: 0,
    retracted: 0,
    requeues: 0,
    repairs: 0,
    delivered: 0,
  }
}
