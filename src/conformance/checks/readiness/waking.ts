/**
 * The rows of the matrix once more, for those who wait already: the transition must wake every waiter whom it
 * concerns, whatever that one asks for.
 */
import type { BackendName } from '../../../backends/index.ts'
import { blocked, join, thread } from '../../build.ts'
import type { Check } from '../../check.ts'
import { formatMask, parseMask } from '../../masks.ts'
import type { MaskText } from '../../masks.ts'
import { WOKEN } from '../../patience.ts'
import type { Step } from '../../steps.ts'
import { answerOf, askable, inquiryOf, isWoken } from './inquiry.ts'
import type { Readiness, State } from './inquiry.ts'
import { FULL_MASK } from './matrix.ts'
import type { ReadinessRow } from './matrix.ts'

const PREFIX = 'ready.'

/** The check of a row with waiters; none where the transition concerns nobody who can wait before it. */
export function wakingChecks(row: ReadinessRow): Check[] {
  const threads = Math.max(...askable.map((backend) => waitersOf(row, backend).length))
  if (threads === 0) return []
  return [
    {
      id: `ready.transition-woken.${row.id.slice(PREFIX.length)}`,
      statement: `What leads to ${row.id} wakes every blocked waiter that asks for some of it.`,
      level: row.level ?? 'contract',
      kind: 'thread',
      source: row.source,
      backends: askable.filter((backend) => waitersOf(row, backend).length > 0),
      threads,
      steps: (backend) => wakingRun(row, backend),
    },
  ]
}

/** The row with threads that wait for the state before it is reached. */
function wakingRun(row: ReadinessRow, backend: BackendName): Step[] {
  const masks = waitersOf(row, backend)
  const inquiries = masks.map((mask) => inquiryOf(backend, [row.fd], mask))
  const inPart = row.arrives === 'bit by bit' || (backend === 'io_uring' && row.wake !== undefined)
  const names = masks.map((mask) => `waiter for ${mask}`)
  // Asked by nobody else while they wait: another look at the descriptor could do what a wake-up fails to.
  return [
    ...row.create,
    ...inquiries.flatMap(({ watch }) => watch),
    ...inquiries.map(({ ask }, i) =>
      thread(names[i] ?? '', ask(seenByWaiters(row, backend), { ...WOKEN, inPart })),
    ),
    ...names.map((name) => blocked(name)),
    ...(row.transition ?? []),
    ...names.map((name) => join(name)),
    ...inquiries.map(({ ask }) => ask(row)),
  ]
}

/**
 * What waiters ask for: all that is not there yet, single bits, and nothing. Whoever would get an answer before
 * the transition cannot wait for it, and whoever gets none after it is not concerned.
 */
function waitersOf(row: ReadinessRow, backend: BackendName): readonly MaskText[] {
  const { before, transition, arrives } = row
  if (before === undefined || transition === undefined || arrives === 'for this thread') return []
  const isSilent = (mask: MaskText, state: State): boolean =>
    ['0', ''].includes(answerOf(backend, mask, state))
  const isNew = (bit: MaskText): boolean => (parseMask(bit) & parseMask(row.revents)) !== 0
  const masks = [absentFrom(before), 'IN', ...['PRI', 'RDHUP'].filter(isNew), '0']
  const concerned = masks.filter((mask) => isSilent(mask, before) && isWoken(backend, mask, row))
  return [...new Set(concerned)]
}

/** A poll of a ring completes with what woke it, and is not looked at again. */
function seenByWaiters(row: ReadinessRow, backend: BackendName): Readiness {
  if (backend !== 'io_uring' || row.wake === undefined) return row
  return { ...row, revents: formatMask(parseMask(row.revents) | parseMask(row.wake)) }
}

const absentFrom = (state: State): MaskText => formatMask(parseMask(FULL_MASK) & ~parseMask(state.revents))
