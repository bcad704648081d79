import type { Check, Family } from '../../check.ts'
import { fifoRows } from './fifo.ts'
import { epollfdRows, eventfdRows, ringRows } from './kernel-objects.ts'
import { readinessCheck } from './matrix.ts'
import type { ReadinessRow } from './matrix.ts'
import { pipeSpace } from './pipe-space.ts'
import { pipeRows } from './pipe.ts'
import { ptyRows } from './pty.ts'
import { sourceRows } from './sources.ts'
import { tcpRows } from './tcp.ts'
import { netlinkRows, udpRows } from './udp.ts'
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
  { name: 'ready.fifo', title: 'readiness of FIFOs', rows: fifoRows },
  { name: 'ready.unix-stream', title: 'readiness of unix stream sockets', rows: unixStreamRows },
  { name: 'ready.unix-seqpacket', title: 'readiness of unix seqpacket sockets', rows: unixSeqpacketRows },
  { name: 'ready.unix-dgram', title: 'readiness of unix datagram sockets', rows: unixDgramRows },
  { name: 'ready.tcp', title: 'readiness of TCP sockets', rows: tcpRows },
  { name: 'ready.udp', title: 'readiness of UDP sockets', rows: udpRows },
  { name: 'ready.netlink', title: 'readiness of netlink sockets', rows: netlinkRows },
  { name: 'ready.pty', title: 'readiness of pseudo terminals', rows: ptyRows },
  { name: 'ready.eventfd', title: 'readiness of eventfds', rows: eventfdRows },
  { name: 'ready.sources', title: 'readiness of timers, signals, processes and inotify', rows: sourceRows },
  { name: 'ready.epollfd', title: 'readiness of epoll descriptors', rows: epollfdRows },
  { name: 'ready.iouring', title: 'readiness of io_uring descriptors', rows: ringRows },
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
