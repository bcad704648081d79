/** The features of kqueue, which Linux has by a library only: what kevent(2) of FreeBSD says of them. */
import { EV, NOTE } from '../../backends/kqueue/abi.ts'
import type { KqueueAbi } from '../../backends/kqueue/abi.ts'
import type { Kevent } from '../../backends/kqueue/codec.ts'
import { proveAbi } from '../../backends/kqueue/prove.ts'
import { Kqueue } from '../../backends/kqueue/queue.ts'
import { SystemError } from '../../errors.ts'
import { openPipe } from '../../libc/fd.ts'
import type { OwnedFd } from '../../libc/fd.ts'
import { errnoNumber, originOf, sys } from '../../libc/libc.ts'
import type { Libc } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import { expectEqual, Misbehaviour } from './feature.ts'
import type { Feature } from './feature.ts'

/** How long an event that must come at once may take on a busy machine, and how long one that must not has to come. */
const ARRIVAL_MS = 1000
const QUIET_MS = 5
/** How far ahead a timer is set. */
const TIMER_MS = 3
const UDATA = 0x8765_4321_0fed_cba9n

/** What a try works with: all of it is closed at its end. */
interface Surroundings {
  readonly libc: Libc
  readonly abi: KqueueAbi
  readonly kq: Kqueue
  readonly reader: OwnedFd
  readonly writer: OwnedFd
}

function tried(attempt: (surroundings: Surroundings) => void): Feature['attempt'] {
  return (libc) => {
    const abi = proveAbi(libc)
    using kq = new Kqueue(libc, abi)
    const [reader, writer] = openPipe(libc)
    try {
      attempt({ libc, abi, kq, reader, writer })
    } finally {
      reader.close()
      writer.close()
    }
    return undefined
  }
}

/** What kqueue can do. A filter must fire with the data of its registration, and not before. */
export const kqueueFeatures = {
  kqueue: { attempt: opened },
  kevent: { attempt: layoutOf },
  EVFILT_READ: {
    attempt: tried((at) => {
      watchPipe(at, EV.ADD)
      signal(at, 3)
      expectEqual('bytes that EVFILT_READ tells of', Number(one(at).data), 3)
      // It is level-triggered: it is told again, until it is read.
      one(at)
      drain(at)
      none(at)
    }),
  },
  EVFILT_WRITE: {
    attempt: tried((at) => {
      const { abi, kq, writer } = at
      const filter = abi.filters.WRITE
      kq.kevent([{ ident: BigInt(writer.fd), filter, flags: EV.ADD, udata: UDATA }], 0, 0)
      expectEqual('filter of the event', one(at).filter, filter)
    }),
  },
  EV_CLEAR: {
    attempt: tried((at) => {
      expectOnce(at, EV.ADD | EV.CLEAR)
      signal(at, 1)
      one(at)
    }),
  },
  EV_ONESHOT: {
    attempt: tried((at) => {
      expectOnce(at, EV.ADD | EV.ONESHOT)
      expectGone(at)
    }),
  },
  EV_DISPATCH: {
    attempt: tried((at) => {
      expectOnce(at, EV.ADD | EV.DISPATCH)
      watchPipe(at, EV.ENABLE | EV.DISPATCH)
      one(at)
    }),
  },
  EV_DISABLE: {
    attempt: tried((at) => {
      watchPipe(at, EV.ADD)
      watchPipe(at, EV.DISABLE)
      signal(at, 1)
      none(at)
      watchPipe(at, EV.ENABLE)
      one(at)
    }),
  },
  EV_EOF: {
    attempt: tried((at) => {
      watchPipe(at, EV.ADD)
      at.writer.close()
      if ((one(at).flags & EV.EOF) === 0) {
        throw new Misbehaviour('the event at the end of a pipe does not say EV_EOF')
      }
    }),
  },
  EV_ERROR: { attempt: tried(expectErrorEvent) },
  EVFILT_USER: {
    attempt: tried((at) => {
      const change = { ident: 7n, filter: at.abi.filters.USER, udata: UDATA }
      at.kq.kevent([{ ...change, flags: EV.ADD | EV.CLEAR }], 0, 0)
      none(at)
      at.kq.kevent([{ ...change, flags: 0, fflags: NOTE.TRIGGER }], 0, 0)
      one(at)
      none(at)
    }),
  },
  EVFILT_TIMER: {
    attempt: tried((at) => {
      const timer = { ident: 7n, filter: at.abi.filters.TIMER, udata: UDATA, data: BigInt(TIMER_MS) }
      const start = process.hrtime.bigint()
      at.kq.kevent([{ ...timer, flags: EV.ADD | EV.ONESHOT }], 0, 0)
      one(at)
      const elapsedMs = Number(process.hrtime.bigint() - start) / 1e6
      if (elapsedMs < TIMER_MS)
        throw new Misbehaviour(`a timer of ${TIMER_MS} ms fires after ${elapsedMs} ms`)
    }),
  },
} as const satisfies Record<string, Feature>

function opened(libc: Libc): string {
  sys(libc, 'close', sys(libc, 'kqueue'))
  return `from ${originOf(libc, 'kqueue') ?? 'this process'}`
}

function layoutOf(libc: Libc): string {
  const { name, kevent } = proveAbi(libc)
  return `the interface of ${name}: ${kevent.size} bytes an event`
}

function watchPipe({ abi, kq, reader }: Surroundings, flags: number): void {
  kq.kevent([{ ident: BigInt(reader.fd), filter: abi.filters.READ, flags, udata: UDATA }], 0, 0)
}

/** Of one signal one event comes, though it stays unread. */
function expectOnce(at: Surroundings, flags: number): void {
  watchPipe(at, flags)
  signal(at, 1)
  one(at)
  none(at)
}

function signal({ libc, writer }: Surroundings, bytes: number): void {
  sys(libc, 'write', writer.fd, new Memory(bytes).address, bytes)
}

function drain({ libc, reader }: Surroundings): void {
  sys(libc, 'read', reader.fd, new Memory(16).address, 16)
}

function one({ kq }: Surroundings): Kevent {
  const [event, ...others] = kq.kevent([], 4, ARRIVAL_MS)
  if (event === undefined) throw new Misbehaviour(`no event comes within ${ARRIVAL_MS} ms`)
  if (others.length > 0) throw new Misbehaviour(`${others.length + 1} events come instead of one`)
  if (event.udata !== UDATA) throw new Misbehaviour(`the event has other user data: ${event.udata}`)
  return event
}

function none({ kq }: Surroundings): void {
  expectEqual('events where none must come', kq.kevent([], 4, QUIET_MS).length, 0)
}

/** The registration of the pipe is not there any more: what cannot be deleted is not there. */
function expectGone({ abi, kq, reader }: Surroundings): void {
  const change = { ident: BigInt(reader.fd), filter: abi.filters.READ, flags: EV.DELETE }
  try {
    kq.kevent([change], 0, 0)
  } catch (error) {
    if (error instanceof SystemError && error.code === 'ENOENT') return
    throw error
  }
  throw new Misbehaviour('the registration is still there after its only event')
}

/** A change that fails while there is room for an event is an event that says so. */
function expectErrorEvent({ abi, kq, reader }: Surroundings): void {
  const change = { ident: BigInt(reader.fd), filter: abi.filters.READ, flags: EV.DELETE }
  const [event, ...others] = kq.kevent([change], 4, 0)
  expectEqual('further events', others.length, 0)
  if (event === undefined || (event.flags & EV.ERROR) === 0) {
    throw new Misbehaviour('a change that fails gives no event with EV_ERROR, though there is room for it')
  }
  expectEqual('error of the event', Number(event.data), errnoNumber('ENOENT'))
}
