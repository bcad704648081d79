/**
 * What the kernel tells of a TCP connection, and waiting for it: TCP is not synchronous, not even over
 * loopback. Linux tells a connection's state under the lock that its packets are handled under, so whoever sees
 * a state here knows that the packet that brought it has been dealt with, wake-ups included.
 */
import { SystemError, UnsupportedError } from '../../errors.ts'
import { IPPROTO_TCP, TCP_INFO, TCP_QUICKACK, TIOCOUTQ } from '../../libc/constants/linux.ts'
import { sys } from '../../libc/libc.ts'
import { scratch } from '../../libc/memory.ts'
import type { Machine } from '../machine.ts'
import type { TcpState } from '../steps.ts'
import { sleepSync } from '../../sleep.ts'

/** <netinet/tcp.h>, the states. */
const tcpStates: Record<TcpState, number> = {
  ESTABLISHED: 1,
  SYN_SENT: 2,
  FIN_WAIT2: 5,
  TIME_WAIT: 6,
  CLOSE: 7,
  CLOSE_WAIT: 8,
}

/** Loopback TCP settles in microseconds; a loaded machine may take its time. */
const SETTLE_LIMIT_MS = 2000
/** How long to wait where the kernel does not tell the state of a connection. */
const BLIND_SETTLE_MS = 50
/** How long a state must last that is said to stay. */
const STAY_MS = 10
/** How long what is on its way may take where the kernel does not count it. */
const BLIND_FLIGHT_MS = 20

/** <linux/tcp.h>, struct tcp_info: what is used of it, with where it stands. */
const tcpInfo = { size: 28, offsets: { state: 0, unacked: 24 } }

/** Waits until a connection is in one of some states. */
export function settleState(machine: Machine, fd: string, states: readonly TcpState[]): void {
  settle(
    () => tcpInfoOf(machine, fd)?.state,
    states.map((state) => tcpStates[state]),
  )
}

/** Waits until the peer has acknowledged all that was written. */
export function settleSent(machine: Machine, fd: string): void {
  settle(() => unlessRefused(() => unacknowledgedBytes(machine, fd)), [0])
}

/** Whether this kernel was seen to count what is on its way. Not every kernel does. */
let countsInFlight = false

/** Waits until nothing is on its way any more, though more may wait to be sent. False: this is not TCP. */
export function settleInFlight(machine: Machine, fd: string): boolean {
  const info = tcpInfoOf(machine, fd)
  if (info === undefined) return false
  countsInFlight ||= info.unacked > 0
  if (countsInFlight) acknowledge(machine)
  else sleepSync(BLIND_FLIGHT_MS)
  settle(() => tcpInfoOf(machine, fd)?.unacked, [0])
  return true
}

/** Has the sockets of the scenario acknowledge at once what they have received; else TCP waits for 40 ms. */
function acknowledge(machine: Machine): void {
  const on = scratch(4)
  on.view.setInt32(0, 1, true)
  // Descriptors that are no TCP sockets refuse it.
  for (const fd of machine.openNumbers) {
    machine.libc.fn.setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, on.address, 4)
  }
}

/** Throws `UnsupportedError` unless a connection is in a state, and still is after a moment. */
export function requireState(machine: Machine, fd: string, state: TcpState): void {
  sleepSync(STAY_MS)
  if (tcpInfoOf(machine, fd)?.state !== tcpStates[state]) {
    throw new UnsupportedError(`TCP in state ${state}`, 'the kernel does not tell, or does not stay in it')
  }
}

/** Waits until one of some values is read; `undefined` means that it cannot be read here. */
function settle(read: () => number | undefined, wanted: readonly number[]): void {
  const deadline = performance.now() + SETTLE_LIMIT_MS
  for (;;) {
    const value = read()
    if (value === undefined) return sleepSync(BLIND_SETTLE_MS)
    if (wanted.includes(value) || performance.now() >= deadline) return
    sleepSync(1)
  }
}

/** The state of a connection and how many segments are on their way; undefined where the kernel does not tell. */
function tcpInfoOf(machine: Machine, fd: string): { state: number; unacked: number } | undefined {
  const { size, offsets } = tcpInfo
  const info = scratch(size)
  const length = scratch(4)
  length.view.setUint32(0, size, true)
  return unlessRefused(() => {
    sys(machine.libc, 'getsockopt', machine.fd(fd), IPPROTO_TCP, TCP_INFO, info.address, length.address)
    return {
      state: info.view.getUint8(offsets.state),
      unacked: info.view.getUint32(offsets.unacked, true),
    }
  })
}

function unacknowledgedBytes(machine: Machine, fd: string): number {
  const value = scratch(4)
  sys(machine.libc, 'ioctl', machine.fd(fd), TIOCOUTQ, value.address)
  return value.view.getInt32(0, true)
}

/** What a call gives, or undefined where the kernel refuses it. */
function unlessRefused<T>(call: () => T): T | undefined {
  try {
    return call()
  } catch (error) {
    if (error instanceof SystemError) return undefined
    throw error
  }
}
