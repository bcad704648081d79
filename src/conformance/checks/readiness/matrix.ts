/**
 * The readiness matrix: a row is a way to bring a descriptor into a state, and what every interface must report
 * before and after. A row is data; this file makes the check of it. `waking.ts` makes another, in which threads
 * already wait.
 */
import type { BackendName } from '../../../backends/index.ts'
import { closeAll } from '../../build.ts'
import type { Check, Level } from '../../check.ts'
import type { MaskText } from '../../masks.ts'
import type { Name, Step } from '../../steps.ts'
import { askable, inquiryOf } from './inquiry.ts'
import type { Inquiry, Readiness, State } from './inquiry.ts'

/** All that can be asked for. What is reported beyond it, ERR and HUP, needs no asking. */
export const FULL_MASK = 'IN|OUT|PRI|RDHUP'

/** One bit alone: who asks for it gets it and no other, but for ERR and HUP. */
const SINGLE_BITS = ['IN', 'OUT', 'PRI', 'RDHUP']

/** What a row needs at the most: a dozen epolls, and what they watch. */
const DESCRIPTORS = 16

/** What happens next, and the state after it. */
interface NextState extends Readiness {
  readonly steps: readonly Step[]
}

export interface ReadinessRow extends Readiness, Pick<Check, 'why' | 'bugs' | 'differs'> {
  readonly id: string
  readonly statement: string
  readonly source: string
  /** Default: contract. */
  readonly level?: Level
  /** Makes the descriptors. epoll gets them after this, or after the transition: both are tried. */
  readonly create: readonly Step[]
  /** The state that `create` leaves the descriptor in, where a transition follows. */
  readonly before?: State
  /** Brings the descriptor into the state, unless it is there from the beginning. */
  readonly transition?: readonly Step[]
  /** Other ways into the same state; each is tried like the first. */
  readonly otherTransitions?: readonly (readonly Step[])[]
  /** States that come after it, or that another descriptor is in. */
  readonly also?: readonly NextState[]
  /**
   * `bit by bit`: whoever waits for several bits may get the first of them alone. `for this thread`: others do not
   * see it.
   */
  readonly arrives?: 'bit by bit' | 'for this thread'
  /**
   * What the kernel says to those that it wakes, where that is not the state: a part of both is what polls of a ring
   * complete with that waited for it, because they are not looked at again.
   */
  readonly wake?: MaskText
  /** IN or HUP although a read finds nothing, which Linux says of some states. */
  readonly reads?: 'nothing'
  /** What is asked for in place of everything. */
  readonly mask?: MaskText
}

/** The check of a row, for every interface. */
export function readinessCheck(row: ReadinessRow): Check {
  const { id, statement, source, level = 'contract', why, bugs, differs } = row
  return {
    id,
    statement,
    level,
    kind: 'det',
    source,
    backends: askable,
    descriptors: DESCRIPTORS,
    ...(why === undefined ? {} : { why }),
    ...(bugs === undefined ? {} : { bugs }),
    ...(differs === undefined ? {} : { differs }),
    steps: (backend) => runsOf(row, backend).flatMap((run) => [...run, closeAll()]),
  }
}

/** The row from scratch, once for every way into its state; with epoll also once for either order. */
function runsOf(row: ReadinessRow, backend: BackendName): (readonly Step[])[] {
  const inquiries = inquiriesOf(row, backend)
  const watch = inquiries.flatMap((inquiry) => inquiry.watch)
  const transitions = [row.transition ?? [], ...(row.otherTransitions ?? [])]
  return transitions.flatMap((transition) => {
    const asksBefore = row.before === undefined ? [] : ask(inquiries, { ...row, ...row.before })
    const early = [...row.create, ...watch, ...asksBefore, ...transition, ...askAll(row, inquiries)]
    const late = [...row.create, ...transition, ...watch, ...askAll(row, inquiries)]
    // Only epoll knows of a descriptor before it is asked for it.
    return backend === 'epoll' && row.transition !== undefined ? [late, early] : [early]
  })
}

/** An inquiry, and the descriptors that it is for. */
interface Questions extends Inquiry {
  readonly fds: readonly Name[]
}

/** Everything that is asked: of the row's own descriptor with each mask, of others with all and with nothing. */
function inquiriesOf(row: ReadinessRow, backend: BackendName): Questions[] {
  const others = [...new Set((row.also ?? []).map(({ fd }) => fd))].filter((fd) => fd !== row.fd)
  const full = row.mask ?? FULL_MASK
  const singles = row.mask === undefined ? SINGLE_BITS : []
  // select is not asked for bits that have no set.
  const masks = backend === 'select' ? [FULL_MASK, 'IN', 'OUT', 'PRI'] : [full, ...singles, '0']
  return masks.map((mask) => {
    const fds = singles.includes(mask) ? [row.fd] : [row.fd, ...others]
    return { fds, ...inquiryOf(backend, fds, mask) }
  })
}

const ask = (inquiries: readonly Questions[], state: Readiness): Step[] =>
  inquiries.filter(({ fds }) => fds.includes(state.fd)).map((inquiry) => inquiry.ask(state))

const askAll = (row: ReadinessRow, inquiries: readonly Questions[]): Step[] => [
  ...ask(inquiries, row),
  ...(row.also ?? []).flatMap((state) => [...state.steps, ...ask(inquiries, state)]),
]
