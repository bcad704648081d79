/**
 * What is reported must be true: what is said to be readable can be read, what is said to be writable can be
 * written to. And every interface must say the same.
 */
import { UnsupportedError } from '../../../errors.ts'
import { POLL } from '../../../libc/constants/linux.ts'
import { Memory } from '../../../libc/memory.ts'
import { closeAll } from '../../build.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { epollCheck, classicCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { formatMask, parseMask } from '../../masks.ts'
import { resultOf } from '../../native-call.ts'
import { askable } from './inquiry.ts'
import { FULL_MASK } from './matrix.ts'
import type { ReadinessRow } from './matrix.ts'
import { observe, setsForEvents } from './observe.ts'

const READ_BYTES = 4096

/** No descriptor of a kind is said to be readable, or hung up, whose read would wait. */
export function readableCheck(slug: string, kind: string, rows: readonly ReadinessRow[]): Check {
  return classicCheck({
    id: `ready.in-implies-no-block.${slug}`,
    statement: `A read finds something, if only an end or an error, where ${kind} are reported as readable or hung up.`,
    source: 'poll(2); google/gvisor; microsoft/mystikos#308',
    bugs: ['microsoft/mystikos#308: descriptors were reported as ready that were not'],
    backends: askable,
    run(machine) {
      const buffer = new Memory(READ_BYTES)
      inEveryState(machine, rows, (row) => {
        if (row.reads === 'nothing') return
        const reported = observe(machine, machine.backend, row.fd, POLL.IN)
        if ((reported & (POLL.IN | POLL.HUP)) === 0) return
        const result = resultOf(machine.libc, 'read', machine.fd(row.fd), buffer.address, READ_BYTES)
        if (result !== 'EAGAIN') return
        throw new Failure(
          `after ${formatMask(reported)} in the state of ${row.id} a read does not wait`,
          'read gives EAGAIN',
        )
      })
    },
  })
}

/** poll, epoll, select and polls of a ring say the same of every state of a kind. */
export function agreementCheck(slug: string, kind: string, rows: readonly ReadinessRow[]): Check {
  return epollCheck({
    id: `poll-vs-epoll.agreement.${slug}`,
    statement: `The same is said of ${kind} by poll, epoll, select and polls of io_uring, in every state of their matrix.`,
    source: 'liburing poll-v-poll; measured',
    differs: 'Polls of io_uring say RDHUP also to who has not asked for it.',
    backends: ['epoll', 'io_uring'],
    run(machine) {
      inEveryState(machine, rows, (row) => {
        const against = machine.backend === 'io_uring' ? compareRing : compare
        for (const mask of [FULL_MASK, 'IN', 'OUT', '0']) against(machine, row, parseMask(mask))
      })
    },
  })
}

function compare(machine: Machine, row: ReadinessRow, mask: number): void {
  const [poll, epoll, select] = (['poll', 'epoll', 'select'] as const).map((backend) =>
    observe(machine, backend, row.fd, mask),
  )
  if (poll === undefined || epoll === undefined || select === undefined) return
  const where = `in the state of ${row.id}, asked for ${formatMask(mask)}`
  if (poll !== epoll) {
    throw new Failure(
      `${where}: poll and epoll report the same`,
      `poll reports ${formatMask(poll)}, epoll ${formatMask(epoll)}`,
    )
  }
  const sets = setsForEvents(poll) & mask
  if (select !== sets) {
    throw new Failure(
      `${where}: select reports ${setNames(sets)} for what is ${formatMask(poll)} to poll and epoll`,
      `select reports ${setNames(select)}`,
    )
  }
}

/** What a poll of a ring adds to who has not asked for it must be true, and everything else the same. */
function compareRing(machine: Machine, row: ReadinessRow, mask: number): void {
  const poll = observe(machine, 'poll', row.fd, mask)
  const rdhup = observe(machine, 'poll', row.fd, POLL.RDHUP) & POLL.RDHUP
  const ring = observe(machine, 'io_uring', row.fd, mask)
  if (ring === (poll | rdhup)) return
  throw new Failure(
    `in the state of ${row.id}, asked for ${formatMask(mask)}: a poll of the ring completes with ${formatMask(poll | rdhup)}`,
    `it completes with ${formatMask(ring)}`,
  )
}

const setNames = (bits: number): string =>
  [
    [POLL.IN, 'r'],
    [POLL.OUT, 'w'],
    [POLL.PRI, 'x'],
  ]
    .filter(([bit = 0]) => (bits & Number(bit)) !== 0)
    .map(([, name]) => name)
    .join('') || 'nothing'

/** Brings a descriptor into each state, one after another. What is not there here is passed over. */
export function inEveryState(
  machine: Machine,
  rows: readonly ReadinessRow[],
  look: (row: ReadinessRow) => void,
): void {
  let reached = 0
  let lacking: UnsupportedError | undefined
  for (const row of rows) {
    try {
      machine.run(...row.create, ...(row.transition ?? []))
      machine.begin(`look at ${row.fd} in the state of ${row.id}`)
      look(row)
      reached++
    } catch (error) {
      if (!(error instanceof UnsupportedError)) throw error
      lacking = error
    }
    machine.run(closeAll())
  }
  if (reached === 0 && lacking !== undefined) throw lacking
}
