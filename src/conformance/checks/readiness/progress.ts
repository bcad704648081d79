/** OUT means that something can be written: what the other end makes of a full buffer, read by read. */
import { POLL } from '../../../libc/constants/linux.ts'
import { Memory } from '../../../libc/memory.ts'
import { fill, pipe, socketOption, socketpair, tcp } from '../../build.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { classicCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { resultOf } from '../../native-call.ts'
import type { Step } from '../../steps.ts'
import { settleReady } from '../../steps/sources.ts'
import { observe } from './observe.ts'

interface Channel {
  readonly slug: string
  readonly kind: string
  /** Makes `w`, which is full, and `r`, its other end. */
  readonly create: readonly Step[]
  /** How much is read at a time. */
  readonly read: number
  /** How much a write must get through at once after OUT. */
  readonly write: number
}

/** What a write that asks for no more gets into a pipe at once or not at all (PIPE_BUF). */
const PIPE_BUF = 4096

/** Far more than any buffer here takes to be emptied. */
const MOST_READS = 20_000

/** How often OUT must have kept its promise. */
const PROMISES = 3

const channels: readonly Channel[] = [
  { slug: 'pipe', kind: 'a pipe', create: [pipe('r', 'w'), fill('w')], read: 1000, write: PIPE_BUF },
  {
    slug: 'unix-stream',
    kind: 'a unix stream socket',
    create: [socketpair('r', 'w'), fill('w')],
    read: 4096,
    write: 1,
  },
  {
    slug: 'unix-seqpacket',
    kind: 'a unix seqpacket socket',
    create: [socketpair('r', 'w', 'seqpacket'), fill('w')],
    read: 4096,
    write: 1,
  },
  {
    slug: 'unix-dgram',
    kind: 'a unix datagram socket',
    create: [socketpair('r', 'w', 'dgram'), fill('w')],
    read: 4096,
    write: 1,
  },
  {
    slug: 'tcp',
    kind: 'a TCP socket',
    create: [tcp('r', 'w'), socketOption('w', 'SNDBUF', 1 << 16), fill('w', 1 << 14)],
    read: 1 << 16,
    write: 1,
  },
]

/** A write that follows OUT at once is never told to come back later. */
export const progress: readonly Check[] = channels.map((channel) =>
  classicCheck({
    id: `ready.out-implies-progress.${channel.slug}`,
    statement: `A write of ${channel.write} to ${channel.kind} never gives EAGAIN where OUT was reported.`,
    source: 'poll(2); microsoft/WSL#4525; POSIX',
    bugs:
      channel.slug === 'pipe' ? ['microsoft/WSL#4525: OUT of a pipe with less than PIPE_BUF of room'] : [],
    run: (machine) => emptyAndWrite(machine, channel),
  }),
)

/** Reads the other end bit by bit. Each time that OUT is reported, a write must go through. */
function emptyAndWrite(machine: Machine, { create, read, write }: Channel): void {
  machine.run(...create)
  machine.begin('read from r, and write to w whenever it is reported as writable')
  const bytes = new Memory(Math.max(read, write))
  let kept = 0
  for (let reads = 0; kept < PROMISES; reads++) {
    if (reads === MOST_READS) throw new Failure('OUT once all was read', `nothing after ${reads} reads`)
    const taken = resultOf(machine.libc, 'read', machine.fd('r'), bytes.address, read)
    // All that is left may be on its way.
    if (taken === 'EAGAIN') machine.run(settleReady('w', 'OUT'))
    if ((observe(machine, machine.backend, 'w', POLL.OUT) & POLL.OUT) === 0) continue
    const written = resultOf(machine.libc, 'write', machine.fd('w'), bytes.address, write)
    if (written !== write) {
      throw new Failure(`after OUT a write of ${write} gives ${write}`, `write gives ${written}`)
    }
    kept++
  }
}
