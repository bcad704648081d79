/** What a batch has shown. */
export interface Figure {
  /** Per cycle, or per event where a cycle has several. */
  readonly ns: number
  /** Whether other programs took the processor away meanwhile. */
  readonly disturbed: boolean
}

/** One of the two programs that are held against each other: it runs batches of the same cycles. */
export interface Side {
  /** The most cycles that a batch may have. */
  readonly mostCycles: number
  /** Runs some cycles untimed, and then `cycles` that are timed. */
  run(cycles: number): Figure | Promise<Figure>
  close(): void | Promise<void>
}

/** What both of them do. */
export interface SideOptions {
  readonly workload: string
  readonly backend: string
  readonly fds: number
  /** The processors to run on, one for each thread in turn; none: any. */
  readonly cpus: readonly number[]
}

/** Starts a side, set up and ready for its first batch. */
export type OpenSide = (options: SideOptions) => Side | Promise<Side>

/** Workloads that evloop and the reference both have. */
export const comparedWorkloads = [
  'wake',
  'wake-thread',
  'idle',
  'ready',
  'dispatch',
  'register',
  'rearm',
] as const

export type ComparedWorkload = (typeof comparedWorkloads)[number]

/** Backends that the reference is written for. */
export const comparedBackends = ['epoll', 'io_uring', 'poll'] as const

/** Whether the reference has a workload on a backend: two threads are not written for io_uring. */
export function hasReference(workload: string, backend: string): boolean {
  return workload !== 'wake-thread' || backend !== 'io_uring'
}
