/** Steps that make descriptors, use them, and end them. */
import {
  AF,
  CLOCK,
  EFD,
  MSG,
  O,
  O_DIRECT,
  SHUT,
  SO,
  SOCK,
  SOL_SOCKET,
  F,
  TFD,
} from '../../../libc/constants/linux.ts'
import { POLL } from '../../../libc/constants/linux.ts'
import { layouts } from '../../../libc/layouts.ts'
import { NULL } from '../../../libc/signatures.ts'
import { formatMask, parseMask } from '../../masks.ts'
import type { Player } from '../player.ts'
import type { Steps } from './index.ts'
import { orErrno } from './or-errno.ts'

const fifoModes = { read: O.RDONLY, write: O.WRONLY, both: O.RDWR } as const
const socketTypes = { stream: SOCK.STREAM, dgram: SOCK.DGRAM, seqpacket: SOCK.SEQPACKET } as const
const POLLFD = layouts.pollfd
const TIMER = layouts.itimerspec
const NS_PER_MS = 1e6

/** What `expire` sets a timer to, and how long it waits for it to do so: the kernel's clock is not read at once. */
const AT_ONCE_NS = 1n
const EXPIRE_LIMIT_MS = 2000

export const descriptorSteps: Steps<
  | 'pipe'
  | 'socketpair'
  | 'eventfd'
  | 'fifo'
  | 'timerfd'
  | 'timer'
  | 'expire'
  | 'sleep'
  | 'write'
  | 'read'
  | 'peek'
  | 'shutdown'
  | 'close'
  | 'dup'
  | 'dup2'
  | 'resize'
  | 'send-buffer'
  | 'error'
  | 'poll'
> = {
  pipe(player, { read, write, packets = false }) {
    const flags = O.NONBLOCK | (packets ? O_DIRECT : 0)
    return player.placePair(player.libc.fn.pipe2(player.small.address, flags), read, write)
  },
  socketpair(player, { a, b, type }) {
    const { fn } = player.libc
    const made = fn.socketpair(AF.UNIX, socketTypes[type] | SOCK.NONBLOCK, 0, player.small.address)
    return player.placePair(made, a, b)
  },
  eventfd(player, { as, initial = 0, semaphore = false }) {
    const flags = EFD.NONBLOCK | (semaphore ? EFD.SEMAPHORE : 0)
    return player.place(player.libc.fn.eventfd(initial, flags), as)
  },
  fifo(player, { as, mode }) {
    // Its directory may be one that can have none.
    return orErrno(() =>
      player.place(player.libc.fn.open(player.fifo(), fifoModes[mode] | O.NONBLOCK, 0), as),
    )
  },
  timerfd(player, { as }) {
    return player.place(player.libc.fn.timerfd_create(CLOCK.MONOTONIC, TFD.NONBLOCK), as)
  },
  timer(player, { fd, afterMs, everyMs = 0 }) {
    return setTimer(player, player.fd(fd), nanoseconds(afterMs), nanoseconds(everyMs))
  },
  expire(player, { fd }) {
    const number = player.fd(fd)
    const result = setTimer(player, number, AT_ONCE_NS, 0n)
    if (result === '0') pollOne(player, number, POLL.IN, EXPIRE_LIMIT_MS)
    return result
  },
  sleep(player, { ms }) {
    player.libc.fn.poll(NULL, 0, Math.ceil(ms))
    return 'ok'
  },
  write(player, { fd, bytes }) {
    const memory = player.bytes
    // What is written to an eventfd is the number of bytes that others are written.
    memory.view.setBigUint64(0, BigInt(bytes), true)
    return player.result(player.libc.fn.write(player.fd(fd), memory.address, bytes))
  },
  read: (player, { fd, bytes }) =>
    player.result(player.libc.fn.read(player.fd(fd), player.bytes.address, bytes)),
  peek: (player, { fd, bytes }) =>
    player.result(player.libc.fn.recv(player.fd(fd), player.bytes.address, bytes, MSG.PEEK)),
  shutdown: (player, { fd, how }) => player.result(player.libc.fn.shutdown(player.fd(fd), SHUT[how])),
  close: (player, { fd }) => player.result(player.closeNumber(player.fd(fd))),
  dup: (player, { fd, as }) => player.place(player.libc.fn.dup(player.fd(fd)), as),
  dup2(player, { fd, to }) {
    return player.keep(player.libc.fn.dup2(player.fd(fd), player.fd(to)), to)
  },
  resize: (player, { fd, bytes }) => player.result(player.libc.fn.fcntl(player.fd(fd), F.SETPIPE_SZ, bytes)),
  'send-buffer'(player, { fd, bytes }) {
    const { small, libc } = player
    small.view.setInt32(0, bytes, true)
    return player.result(libc.fn.setsockopt(player.fd(fd), SOL_SOCKET, SO.SNDBUF, small.address, 4))
  },
  error(player, { fd }) {
    const { small, libc } = player
    small.view.setInt32(8, 4, true)
    const result = libc.fn.getsockopt(player.fd(fd), SOL_SOCKET, SO.ERROR, small.address, small.at(8))
    return result === -1 ? player.result(result) : `error ${small.view.getInt32(0, true)}`
  },
  poll(player, { fd, events }) {
    const count = pollOne(player, player.fd(fd), parseMask(events), 0)
    if (count === -1) return player.result(count)
    return formatMask(player.small.view.getUint16(POLLFD.offsets.revents, true))
  },
}

function pollOne({ small, libc }: Player, fd: number, events: number, timeoutMs: number): number {
  small.view.setInt32(POLLFD.offsets.fd, fd, true)
  small.view.setInt16(POLLFD.offsets.events, events, true)
  small.view.setInt16(POLLFD.offsets.revents, 0, true)
  return libc.fn.poll(small.address, 1, timeoutMs)
}

function setTimer(player: Player, fd: number, valueNs: bigint, intervalNs: bigint): string {
  const { small, libc } = player
  const put = (seconds: number, rest: number, ns: bigint): void => {
    small.view.setBigInt64(seconds, ns / 1_000_000_000n, true)
    small.view.setBigInt64(rest, ns % 1_000_000_000n, true)
  }
  put(TIMER.offsets.value_sec, TIMER.offsets.value_nsec, valueNs)
  put(TIMER.offsets.interval_sec, TIMER.offsets.interval_nsec, intervalNs)
  return player.result(libc.fn.timerfd_settime(fd, 0, small.address, NULL))
}

const nanoseconds = (ms: number): bigint => BigInt(Math.round(ms * NS_PER_MS))
