import type { Check, Family } from '../../check.ts'
import { readinessCheck } from './matrix.ts'
import type { ReadinessRow } from './matrix.ts'
import { pipeSpace } from './pipe-space.ts'
import { pipeRows } from './pipe.ts'
import { sourceRows } from './sources.ts'
import { tcpRows } from './tcp.ts'
import { unixDgramRows } from './unix-dgram.ts'
import { unixSeqpacketRows, unixStreamRows } from './unix-stream.ts'
import { wakingChecks } from './waking.ts'

/** The rows of one kind of descriptor. */
interface Kind {
  readonly name: string
  readonly title: string
  readonly rows: readonly ReadinessRow[]
  /** Checks of the same kind that are no rows. */
  readonly others?: readonly Check[]
}

const kinds: readonly Kind[] = [
  { name: 'ready.pipe', title: 'readiness of pipes', rows: pipeRows, others: [pipeSpace] },
  { name: 'ready.unix-stream', title: 'readiness of unix stream sockets', rows: unixStreamRows },
  { name: 'ready.unix-seqpacket', title: 'readiness of unix seqpacket sockets', rows: unixSeqpacketRows },
  { name: 'ready.unix-dgram', title: 'readiness of unix datagram sockets', rows: unixDgramRows },
  { name: 'ready.tcp', title: 'readiness of TCP sockets', rows: tcpRows },
  { name: 'ready.sources', title: 'readiness of timers, signals, processes and inotify', rows: sourceRows },
]

/** What every interface reports of a descriptor, state by state, and whom it wakes when the state changes. */
export const readiness: readonly Family[] = [
  ...kinds.map(({ name, title, rows, others = [] }) => ({
    name,
    title,
    why: 'Programs take the exact bits for what happened: one too few is a hang, one too many a spin or a lost connection.',
    checks: [...rows.map(readinessCheck), ...others],
  })),
  {
    name: 'ready.transition-woken',
    title: 'waiters that a change of readiness wakes',
    why: 'An event loop sleeps when the change comes. A state that only a later wait reports is a hang until then.',
    checks: kinds.flatMap(({ rows }) => rows.flatMap(wakingChecks)),
  },
]
