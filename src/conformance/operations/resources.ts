import { UnsupportedError } from '../../errors.ts'
import {
  AF,
  EFD,
  EPOLL_CLOEXEC,
  EPOLL_CTL,
  F,
  FD_CLOEXEC,
  MSG,
  NETLINK_ROUTE,
  O,
  SHUT,
  SO,
  SOCK,
  SOL_SOCKET,
} from '../../libc/constants/linux.ts'
import { layouts } from '../../libc/layouts.ts'
import { errnoName, lastError, sys } from '../../libc/libc.ts'
import { scratch } from '../../libc/memory.ts'
import type { Memory } from '../../libc/memory.ts'
import { NULL } from '../../libc/signatures.ts'
import { Failure } from '../check.ts'
import type { Machine } from '../machine.ts'
import { parseMask } from '../masks.ts'
import type { ResourceStep } from '../steps.ts'
import { sleepSync } from '../../sleep.ts'
import { unlessAbsent } from './available.ts'
import { receiveDescriptor, sendDescriptor } from './descriptor-passing.ts'
import { decodeEvents, encodeEvent, timespecOf } from './events.ts'
import type { Operations } from './index.ts'
import { expectResult } from './native.ts'
import { endProcesses } from './processes.ts'
import { acceptFrom, bindLoopback, connectTo, openConnectedTcp, requireNetwork } from './sockets.ts'
import { requireState, settleInFlight, settleSent, settleState } from './tcp.ts'

const socketTypes = { stream: SOCK.STREAM, dgram: SOCK.DGRAM, seqpacket: SOCK.SEQPACKET } as const
const domains = { unix: AF.UNIX, inet: AF.INET } as const

/** More than any pipe or socket buffer holds in one go; a buffer that takes more never fills. */
const FILL_LIMIT_BYTES = 256 * 1024 * 1024
/** Each size that is tried to fill something up is so many times smaller than the one before. */
const FILL_STEP = 16

export const resourceOperations: Operations<ResourceStep['op']> = {
  pipe(machine, { read, write, flags }) {
    const fds = scratch(8)
    sys(machine.libc, 'pipe2', fds.address, flags | O.CLOEXEC)
    bindPair(machine, pairIn(fds), read, write)
  },
  socketpair(machine, { a, b, type }) {
    const fds = scratch(8)
    const flags = socketTypes[type] | SOCK.NONBLOCK | SOCK.CLOEXEC
    sys(machine.libc, 'socketpair', AF.UNIX, flags, 0, fds.address)
    bindPair(machine, pairIn(fds), a, b)
  },
  socket(machine, { as, domain, type }) {
    const flags = socketTypes[type] | SOCK.NONBLOCK | SOCK.CLOEXEC
    machine.bind(as, sys(machine.libc, 'socket', domains[domain], flags, 0))
  },
  listener(machine, { as, domain, backlog, type }) {
    const flags = socketTypes[type] | SOCK.NONBLOCK | SOCK.CLOEXEC
    machine.bind(as, sys(machine.libc, 'socket', domains[domain], flags, 0))
    bindLoopback(machine.libc, machine.fd(as), domain)
    sys(machine.libc, 'listen', machine.fd(as), backlog)
  },
  bind: (machine, { fd, domain }) => bindLoopback(machine.libc, machine.fd(fd), domain),
  connect(machine, { fd, to, expect }) {
    const outcome = connectTo(machine.libc, machine.fd(fd), machine.fd(to))
    requireNetwork(outcome)
    expectResult('connect', outcome, expect)
  },
  accept(machine, { as, listener }) {
    machine.bind(as, acceptFrom(machine.libc, machine.fd(listener)))
  },
  tcp(machine, { client, server }) {
    bindPair(machine, openConnectedTcp(machine.libc), client, server)
  },
  netlink(machine, { as }) {
    const type = SOCK.RAW | SOCK.NONBLOCK | SOCK.CLOEXEC
    const make = (): number => sys(machine.libc, 'socket', AF.NETLINK, type, NETLINK_ROUTE)
    machine.bind(as, unlessAbsent('netlink', make, 'EAFNOSUPPORT', 'EPROTONOSUPPORT'))
  },
  eventfd(machine, { as, initial, flags }) {
    machine.bind(as, sys(machine.libc, 'eventfd', initial, flags | EFD.CLOEXEC))
  },
  epoll(machine, { as }) {
    machine.bind(as, sys(machine.libc, 'epoll_create1', EPOLL_CLOEXEC))
  },
  dup(machine, { fd, as }) {
    machine.bind(as, sys(machine.libc, 'dup', machine.fd(fd)))
    // What steps make is close-on-exec, so that a peer process inherits nothing by accident.
    sys(machine.libc, 'fcntl', machine.fd(as), F.SETFD, FD_CLOEXEC)
  },
  close: (machine, { fd }) => machine.closeFd(fd),
  'close-all'(machine) {
    machine.closeAll()
    endProcesses(machine)
  },
  shutdown(machine, { fd, how }) {
    sys(machine.libc, 'shutdown', machine.fd(fd), SHUT[how])
  },
  reset(machine, { fd }) {
    const linger = scratch(layouts.linger.size)
    linger.view.setInt32(layouts.linger.offsets.onoff, 1, true)
    sys(
      machine.libc,
      'setsockopt',
      machine.fd(fd),
      SOL_SOCKET,
      SO.LINGER,
      linger.address,
      layouts.linger.size,
    )
    machine.closeFd(fd)
  },
  fill(machine, { fd, chunk }) {
    // What is written to TCP moves on to the peer and makes room again, until the peer takes no more either.
    while (writeUntilFull(machine, fd, chunk) > 0 && settleInFlight(machine, fd));
  },
  drain(machine, { fd }) {
    const bytes = scratch(65536)
    let n: number
    do n = machine.libc.fn.read(machine.fd(fd), bytes.address, 65536)
    while (n > 0)
    if (n === -1 && errnoName(machine.libc.errno()) !== 'EAGAIN') throw lastError(machine.libc, 'read', fd)
  },
  'send-fd'(machine, { socket, fd, expect }) {
    expectResult('sendmsg', sendDescriptor(machine.libc, machine.fd(socket), machine.fd(fd)), expect)
  },
  'receive-fd'(machine, { socket, as }) {
    const fd = receiveDescriptor(machine.libc, machine.fd(socket))
    if (fd === undefined) throw new Failure('a descriptor arrives', 'a message without descriptor')
    machine.bind(as, fd)
  },
  'send-oob'(machine, { fd }) {
    const result = machine.libc.fn.send(machine.fd(fd), scratch(1).address, 1, MSG.OOB)
    if (result === 1) return
    const error = lastError(machine.libc, 'send', fd)
    if (error.code !== 'EOPNOTSUPP') throw error
    throw new UnsupportedError('MSG_OOB', 'this kernel has no urgent data for this kind of socket')
  },
  'recv-oob'(machine, { fd }) {
    sys(machine.libc, 'recv', machine.fd(fd), scratch(1).address, 1, MSG.OOB)
  },
  'socket-option'(machine, { fd, option, value }) {
    const memory = scratch(4)
    memory.view.setInt32(0, value, true)
    sys(machine.libc, 'setsockopt', machine.fd(fd), SOL_SOCKET, SO[option], memory.address, 4)
  },
  'so-error'(machine, { fd, expect }) {
    const value = socketOption(machine, machine.fd(fd), SOL_SOCKET, SO.ERROR)
    machine.expect(value === 0 ? '0' : errnoName(value), expect, 'SO_ERROR')
  },
  settle: (machine, { fd, states }) => settleState(machine, fd, states),
  'settle-sent': (machine, { fd }) => settleSent(machine, fd),
  'require-state': (machine, { fd, state }) => requireState(machine, fd, state),
  sleep: (machine, { ms }) => pause(machine, ms),
  'epoll.ctl'(machine, { ep, command, fd, events, label, expect }) {
    const event = encodeEvent(parseMask(events), machine.labels.data(label))
    const textOf = (): string => decodeEvents(machine, event, 1).flat().join(' ')
    const given = textOf()
    const result = machine.libc.fn.epoll_ctl(
      machine.fd(ep),
      EPOLL_CTL[command],
      machine.fd(fd),
      event.address,
    )
    expectResult('epoll_ctl', { result, errno: machine.libc.errno(), elapsedNs: 0 }, expect)
    // A program keeps the event and passes it again.
    machine.expect(textOf(), given, 'the event that epoll_ctl was given, afterwards')
  },
}

/** Lets time pass: that of the machine, or that of the world that the descriptors are of. */
function pause({ libc }: Machine, ms: number): void {
  if (libc.clock === undefined) sleepSync(ms)
  else sys(libc, 'nanosleep', timespecOf(ms).address, NULL)
}

/** Two descriptors as C writes them. */
function pairIn(fds: Memory): [number, number] {
  return [fds.view.getInt32(0, true), fds.view.getInt32(4, true)]
}

/** Binds both, so that both are closed at the end, also where the first name is taken. */
function bindPair(machine: Machine, fds: readonly [number, number], first: string, second: string): void {
  try {
    machine.bind(first, fds[0])
  } finally {
    machine.bind(second, fds[1])
  }
}

/** Writes until EAGAIN, and returns how many bytes went. */
function writeUntilFull(machine: Machine, fd: string, chunk: number): number {
  const bytes = scratch(chunk)
  let sent = 0
  // A chunk that no longer fits may still leave room for less, down to a byte. Bytes alone would be many calls, which
  // take long under emulators.
  for (let size = chunk; size >= 1; size = size === 1 ? 0 : Math.ceil(size / FILL_STEP)) {
    let n: number
    while ((n = machine.libc.fn.write(machine.fd(fd), bytes.address, size)) > 0) {
      sent += n
      if (sent > FILL_LIMIT_BYTES) throw new Error(`${fd} does not fill up`)
    }
    if (errnoName(machine.libc.errno()) !== 'EAGAIN') throw lastError(machine.libc, 'write', fd)
  }
  return sent
}

function socketOption(machine: Machine, fd: number, level: number, option: number): number {
  const value = scratch(4)
  const length = scratch(4)
  length.view.setUint32(0, 4, true)
  sys(machine.libc, 'getsockopt', fd, level, option, value.address, length.address)
  return value.view.getInt32(0, true)
}
