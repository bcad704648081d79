/**
 * The readiness matrix: a row is a way to bring a descriptor into a state, and what every interface must report
 * there. One check is made of each row; it runs the row from scratch once for each way of asking.
 */
import type { BackendName } from '../../../backends/index.ts'
import { blocked, closeAll, join, thread } from '../../build.ts'
import type { Check, Level } from '../../check.ts'
import type { MaskText } from '../../masks.ts'
import { WOKEN } from '../../patience.ts'
import type { Step } from '../../steps.ts'
import { inquiryOf } from './inquiry.ts'
import type { Inquiry, Readiness } from './inquiry.ts'

/** All that can be asked for. What is reported beyond it, ERR and HUP, needs no asking. */
const FULL_MASK = 'IN|OUT|PRI|RDHUP'

/** One direction alone: its own events, and no more than ERR and HUP of the other. */
const HALF_MASKS = ['IN', 'OUT']

/** What happens next, and the state after it. */
interface NextState extends Readiness {
  readonly steps: readonly Step[]
}

export interface ReadinessRow extends Readiness {
  readonly id: string
  readonly statement: string
  readonly source: string
  /** Default: contract. */
  readonly level?: Level
  /** Makes the descriptors. epoll gets them after this, or after the transition: both are tried. */
  readonly create: readonly Step[]
  /** Brings the descriptor into the state, unless it is there from the beginning. */
  readonly transition?: readonly Step[]
  /** Other ways into the same state; each is tried like the first. */
  readonly otherTransitions?: readonly (readonly Step[])[]
  /** States that come after it, or that another descriptor is in. */
  readonly also?: readonly NextState[]
  /** What is asked for in place of everything. */
  readonly mask?: MaskText
  /** Nothing is reported before the transition, and it must wake who waits, also who asks for nothing. */
  readonly wakes?: boolean
}

/** The check of a row, for every interface. */
export function readinessCheck(row: ReadinessRow): Check {
  return {
    id: row.id,
    statement: row.statement,
    level: row.level ?? 'contract',
    kind: row.wakes === true ? 'thread' : 'det',
    source: row.source,
    backends: ['epoll', 'poll', 'select'],
    ...(row.wakes === true ? { threads: 1 } : {}),
    steps: (backend) => runsOf(row, backend).flatMap((run) => [...run, closeAll()]),
  }
}

/** The row from scratch, once for every way into its state and every way to ask for it. */
function runsOf(row: ReadinessRow, backend: BackendName): (readonly Step[])[] {
  const fds = [...new Set([row, ...(row.also ?? [])].map(({ fd }) => fd))]
  return masksOf(row, backend).flatMap((mask) => {
    const inquiry = inquiryOf(backend, fds, mask)
    const late = transitionsOf(row).map((transition) => [
      ...row.create,
      ...transition,
      ...inquiry.watch,
      ...askAll(row, inquiry),
    ])
    const early = transitionsOf(row).map((transition) => [
      ...row.create,
      ...inquiry.watch,
      ...transition,
      ...askAll(row, inquiry),
    ])
    const watchesEarly = backend === 'epoll' && row.transition !== undefined
    // Who asks for one direction may not be concerned by what happens.
    const wakes = row.wakes === true && !HALF_MASKS.includes(mask)
    return [...late, ...(watchesEarly ? early : []), ...(wakes ? [wokenRun(row, inquiry)] : [])]
  })
}

/** What is asked for, one after the other. select is not asked for bits, so there is nothing to leave out. */
function masksOf(row: ReadinessRow, backend: BackendName): readonly MaskText[] {
  if (backend === 'select') return [FULL_MASK]
  return row.mask === undefined ? [FULL_MASK, ...HALF_MASKS, '0'] : [row.mask, '0']
}

const transitionsOf = (row: ReadinessRow): (readonly Step[])[] => [
  row.transition ?? [],
  ...(row.otherTransitions ?? []),
]

const askAll = (row: ReadinessRow, { ask }: Inquiry): Step[] => [
  ask(row),
  ...(row.also ?? []).flatMap((state) => [...state.steps, ask(state)]),
]

/** The row with a thread that waits for the state before it is reached. */
const wokenRun = (row: ReadinessRow, { watch, ask }: Inquiry): Step[] => [
  ...row.create,
  ...watch,
  thread('waiter', ask(row, WOKEN.timeoutMs)),
  blocked('waiter'),
  ...(row.transition ?? []),
  join('waiter'),
]
