/** Draws of what makes descriptors, uses them, and ends them. */
import fc from 'fast-check'
import { draws, often, oneOf, pick } from './draw.ts'
import type { Draws } from './draw.ts'
import type { Kind } from './names.ts'

/** What a program may write at once: a little, around a page, and more than a pipe or a socket takes. */
const bytes = fc.oneof(
  { weight: 6, arbitrary: oneOf(1, 2, 8, 100) },
  { weight: 2, arbitrary: oneOf(0, 4095, 4096, 4097, 3777, 9000) },
  { weight: 3, arbitrary: oneOf(65_536, 40_000, 150_000, 250_000) },
)

const usable: readonly Kind[] = ['socket', 'pipe', 'counter', 'timer']
const polled = oneOf('IN|OUT|PRI|RDHUP|RDNORM|WRNORM|RDBAND|WRBAND', 'IN', 'OUT', '0')

const making: readonly Draws[] = [
  draws(2, { packets: fc.boolean() }, (names, { packets }) => ({
    op: 'pipe',
    read: names.make('pipe'),
    write: names.make('pipe'),
    ...(packets ? { packets } : {}),
  })),
  draws(3, { type: oneOf('stream', 'dgram', 'seqpacket') }, (names, { type }) => ({
    op: 'socketpair',
    a: names.make('socket'),
    b: names.make('socket'),
    type,
  })),
  draws(2, { initial: oneOf(0, 1, 5), semaphore: fc.boolean() }, (names, { initial, semaphore }) => ({
    op: 'eventfd',
    as: names.make('counter'),
    initial,
    ...(semaphore ? { semaphore } : {}),
  })),
  draws(2, { mode: oneOf('read', 'write', 'both') }, (names, { mode }) => ({
    op: 'fifo',
    as: names.make('pipe'),
    mode,
  })),
  draws(1, {}, (names) => ({ op: 'timerfd', as: names.make('timer') })),
]

const using: readonly Draws[] = [
  draws(12, { fd: pick, bytes, isWrite: fc.boolean() }, (names, { fd, bytes: count, isWrite }) => [
    ...names.need(usable),
    { op: isWrite ? 'write' : 'read', fd: names.choose(fd, usable), bytes: count },
  ]),
  draws(1, { fd: pick, bytes }, (names, { fd, bytes: count }) => ({
    op: 'peek',
    fd: names.choose(fd, ['socket']),
    bytes: count,
  })),
  draws(1, { fd: pick, how: oneOf('RD', 'WR', 'RDWR') }, (names, { fd, how }) => ({
    op: 'shutdown',
    fd: names.choose(fd, ['socket']),
    how,
  })),
  draws(1, { fd: pick, bytes: oneOf(1, 4096, 8192, 65_536, 131_072) }, (names, { fd, bytes: room }) => ({
    op: 'resize',
    fd: names.choose(fd, ['pipe']),
    bytes: room,
  })),
  draws(1, { fd: pick, bytes: oneOf(1, 5000, 50_000, 100_000) }, (names, { fd, bytes: room }) => ({
    op: 'send-buffer',
    fd: names.choose(fd, ['socket']),
    bytes: room,
  })),
  draws(1, { fd: pick }, (names, { fd }) => ({ op: 'error', fd: names.choose(fd, ['socket']) })),
  draws(2, { fd: pick, expires: often(70) }, (names, { fd, expires }) => {
    const timer = names.choose(fd, ['timer'])
    return expires ? { op: 'expire', fd: timer } : { op: 'timer', fd: timer, afterMs: 0 }
  }),
  draws(5, { fd: pick, events: polled }, (names, { fd, events }) => ({
    op: 'poll',
    fd: names.choose(fd),
    events,
  })),
]

const ending: readonly Draws[] = [
  draws(1.5, { fd: pick }, (names, { fd }) => {
    const name = names.choose(fd)
    return { op: 'close', fd: typeof name === 'string' ? names.close(name) : name }
  }),
  draws(1.5, { fd: pick }, (names, { fd }) => {
    const name = names.choose(fd)
    return { op: 'dup', fd: name, as: names.copy(String(name)) }
  }),
  draws(1, { fd: pick, to: pick }, (names, { fd, to }) => {
    const [from, over] = [names.choose(fd), names.choose(to)]
    return { op: 'dup2', fd: from, to: typeof over === 'string' ? names.copy(String(from), over) : over }
  }),
]

export const descriptorDraws: readonly Draws[] = [...making, ...using, ...ending].map(
  ({ weight, arbitrary }) => ({
    // fast-check wants whole numbers.
    weight: weight * 2,
    arbitrary,
  }),
)
