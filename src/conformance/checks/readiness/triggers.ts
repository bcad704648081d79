/**
 * Level, edge and one-shot for every kind of descriptor: what repeats, what does not, and what disarms, after ADD
 * and after MOD, with a second epoll that watches the same descriptor, and after the close.
 */
import { add, close, del, epoll, mod, wait } from '../../build.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { ARRIVAL } from '../../patience.ts'
import type { ExpectedEvents, Step } from '../../steps.ts'
import { answerTo } from './inquiry.ts'
import { FULL_MASK } from './matrix.ts'
import type { ReadinessRow } from './matrix.ts'
import { inEveryState } from './truth.ts'

/** Every trigger does what it promises, in every state of a kind that is reported at all. */
export function triggersCheck(slug: string, kind: string, rows: readonly ReadinessRow[]): Check {
  const reported = rows.filter(isReported)
  return epollCheck({
    id: `emu.edge-becomes-level.${slug}`,
    statement: `Entries of ${kind} repeat where they are level-triggered, and neither edge-triggered nor one-shot, after ADD and MOD alike.`,
    source: 'epoll(7); mtcp-stack/mtcp#297; F-Stack/f-stack#115',
    bugs: [
      'mtcp-stack/mtcp#297: level-triggered entries were forgotten once they were reported',
      'F-Stack/f-stack#115: edge-triggered entries were reported on every wait',
    ],
    descriptors: 16,
    run(machine) {
      inEveryState(machine, reported, (row) => {
        for (const [how, steps] of phasesOf(row)) inPhase(machine, `${how}, in the state of ${row.id}`, steps)
      })
    },
  })
}

/** Whether a state is anything to report, and comes as one. */
function isReported(row: ReadinessRow): boolean {
  return answerTo(row.mask ?? FULL_MASK, row) !== '0' && row.arrives !== 'bit by bit'
}

/**
 * What the system brings about by itself, network and terminals, may wake its waiters again a moment after the
 * state is reached: an edge too many is none that is wrong. Of these, only what is quiet is held to its edges.
 */
function hasQuietEdges({ id }: ReadinessRow): boolean {
  return !/^ready\.(tcp|udp|netlink|pty)\./.test(id) || quiet.has(id)
}

const quiet = new Set([
  'ready.tcp.listener-pending',
  'ready.udp.fresh',
  'ready.netlink.fresh',
  'ready.pty.master-no-slave-yet',
])

/** What is done, in words, and what must come of it. */
type Phase = readonly [how: string, steps: readonly Step[]]

function phasesOf(row: ReadinessRow): Phase[] {
  const { fd, mask = FULL_MASK } = row
  const [edge, once] = [`${mask}|ET`, `${mask}|ONESHOT`]
  const is: ExpectedEvents = { [fd]: answerTo(mask, row) }
  const repeats = [wait('ep', is), wait('ep', is)]
  const comesOnce = [wait('ep', is), wait('ep', {})]
  const edges: readonly Phase[] = [
    ['modified to edge-triggered', [mod('ep', fd, edge), ...comesOnce]],
    ['modified to edge-triggered once more, with nothing changed', [mod('ep', fd, edge), ...comesOnce]],
    ['deleted, and added edge-triggered', [del('ep', fd), add('ep', fd, edge), ...comesOnce]],
    [
      'added to a second epoll edge-triggered, which is no edge to the first',
      [add('second', fd, edge), wait('second', is), wait('second', {}), wait('ep', {})],
    ],
    [
      'modified in the first of two epolls, which is no edge to the second',
      [
        mod('ep', fd, mask),
        ...repeats,
        wait('second', {}),
        del('second', fd),
        wait('second', {}),
        ...repeats,
      ],
    ],
  ]
  return [
    [
      'added level-triggered',
      [epoll('ep'), epoll('second'), add('ep', fd, mask), wait('ep', is, ARRIVAL), wait('ep', is)],
    ],
    ...(hasQuietEdges(row) ? edges : []),
    ['modified to level-triggered', [mod('ep', fd, mask), ...repeats]],
    ['modified to one-shot', [mod('ep', fd, once), ...comesOnce]],
    ['armed again as one-shot and edge-triggered', [mod('ep', fd, `${once}|ET`), ...comesOnce]],
    [
      'armed again as one-shot, and fetched with room for one',
      [mod('ep', fd, once), wait('ep', is, { max: 1 }), wait('ep', {}, { max: 1 })],
    ],
    ['deleted', [del('ep', fd), wait('ep', {})]],
    ['added one-shot', [add('ep', fd, once), ...comesOnce]],
    [
      'armed as one-shot in either of two epolls',
      [add('second', fd, once), mod('ep', fd, once), wait('second', is), wait('second', {}), ...comesOnce],
    ],
    [
      'deleted from the second of two epolls',
      [mod('ep', fd, mask), del('second', fd), wait('second', {}), ...repeats],
    ],
    ['watched by a second epoll that is closed', [add('second', fd, mask), close('second'), ...repeats]],
    // What is mapped of a ring keeps its file open.
    ...(row.id === 'ready.iouring' ? [] : [['closed', [close(fd), wait('ep', {})]] as const]),
  ]
}

/** Says in which phase a step failed: steps as such are all alike. */
function inPhase(machine: Machine, how: string, steps: readonly Step[]): void {
  try {
    machine.run(...steps)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    throw new Failure(`${how}: ${error.expected}`, error.actual)
  }
}
