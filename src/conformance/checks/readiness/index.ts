import type { Check, Family } from '../../check.ts'
import { socketErrors } from './errors.ts'
import { fifoRows } from './fifo.ts'
import { epollfdRows, eventfdRows, ringRows } from './kernel-objects.ts'
import { readinessCheck } from './matrix.ts'
import type { ReadinessRow } from './matrix.ts'
import { pipeSpace } from './pipe-space.ts'
import { pipeRows } from './pipe.ts'
import { procChecks } from './proc.ts'
import { progress } from './progress.ts'
import { ptyRows } from './pty.ts'
import { pathChecks, regularChecks } from './regular.ts'
import { sourceRows } from './sources.ts'
import { tcpRows } from './tcp.ts'
import { agreementCheck, readableCheck } from './truth.ts'
import { netlinkRows, udpRows } from './udp.ts'
import { unixDgramRows } from './unix-dgram.ts'
import { unixSeqpacketRows, unixStreamRows } from './unix-stream.ts'
import { waiting } from './waiting.ts'
import { wakingChecks } from './waking.ts'

/** The rows of one kind of descriptor. */
interface Kind {
  readonly name: string
  /** In the plural. */
  readonly of: string
  readonly rows: readonly ReadinessRow[]
  /** Checks of the same kind that are no rows. */
  readonly others?: readonly Check[]
}

const kinds: readonly Kind[] = [
  { name: 'ready.pipe', of: 'pipes', rows: pipeRows, others: [pipeSpace] },
  { name: 'ready.fifo', of: 'FIFOs', rows: fifoRows },
  { name: 'ready.unix-stream', of: 'unix stream sockets', rows: unixStreamRows },
  { name: 'ready.unix-seqpacket', of: 'unix seqpacket sockets', rows: unixSeqpacketRows },
  { name: 'ready.unix-dgram', of: 'unix datagram sockets', rows: unixDgramRows },
  { name: 'ready.tcp', of: 'TCP sockets', rows: tcpRows },
  { name: 'ready.udp', of: 'UDP sockets', rows: udpRows },
  { name: 'ready.netlink', of: 'netlink sockets', rows: netlinkRows },
  { name: 'ready.pty', of: 'pseudo terminals', rows: ptyRows },
  { name: 'ready.eventfd', of: 'eventfds', rows: eventfdRows },
  { name: 'ready.sources', of: 'timers, signals, processes and inotify', rows: sourceRows },
  { name: 'ready.epollfd', of: 'epoll descriptors', rows: epollfdRows },
  { name: 'ready.iouring', of: 'io_uring descriptors', rows: ringRows },
]

const slugOf = ({ name }: Kind): string => name.slice('ready.'.length)

/** What every interface reports of a descriptor, state by state, and whom it wakes when the state changes. */
export const readiness: readonly Family[] = [
  ...kinds.map(({ name, of, rows, others = [] }) => ({
    name,
    title: `readiness of ${of}`,
    why: 'Programs take the exact bits for what happened: one too few is a hang, one too many a spin or a lost connection.',
    checks: [...rows.map(readinessCheck), ...others],
  })),
  {
    name: 'ready.regular',
    title: 'readiness of what is always ready',
    why: 'Standard input may be a file. A loop that does not expect that ends with EPERM, or waits for ever.',
    checks: [...regularChecks, ...pathChecks],
  },
  {
    name: 'ready.proc',
    title: 'readiness of files that tell of a change',
    why: 'Daemons watch mounts and the host name like this, and find that only one of them is told.',
    checks: procChecks,
  },
  {
    name: 'ready.transition-woken',
    title: 'waiters that a change of readiness wakes',
    why: 'An event loop sleeps when the change comes. A state that only a later wait reports is a hang until then.',
    checks: kinds.flatMap(({ rows }) => rows.flatMap(wakingChecks)),
  },
  {
    name: 'ready.dynamic',
    title: 'readiness while things change',
    why: 'What is reported decides whether a program reads, writes or sleeps: it must be true when it is acted upon.',
    checks: [
      ...waiting,
      ...socketErrors,
      ...progress,
      ...kinds.map((kind) => readableCheck(slugOf(kind), kind.of, kind.rows)),
    ],
  },
  {
    name: 'poll-vs-epoll',
    title: 'what poll, epoll and select agree on',
    why: 'A program may use one interface on one system and another elsewhere, or poll a descriptor that an epoll holds too.',
    checks: kinds.map((kind) => agreementCheck(slugOf(kind), kind.of, kind.rows)),
  },
]
