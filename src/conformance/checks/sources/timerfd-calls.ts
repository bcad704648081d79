/** Calls of timerfd that need more than a step: what was left of a timer, and what is read with its times. */
import { layouts } from '../../../libc/layouts.ts'
import { sys, timeOf } from '../../../libc/libc.ts'
import { Memory } from '../../../libc/memory.ts'
import { Failure } from '../../check.ts'
import type { Machine } from '../../machine.ts'
import type { Name, Step } from '../../steps.ts'
import { settime, settleReady } from '../../steps/sources.ts'

const { size, offsets } = layouts.itimerspec
export const NS_PER_MS = 1e6
/** A time that no check lives to see. */
export const FAR_MS = 3_600_000
/** A time that is over at once. */
export const SOON_MS = 0.001
const NS_PER_SECOND = 1_000_000_000n

/** What is left of a timer until it goes off, and how often it does. */
export interface TimeLeft {
  readonly valueNs: number
  readonly intervalNs: number
}

/** An itimerspec of these times. */
export function itimerspec(valueNs: number, intervalNs = 0): Memory {
  const memory = new Memory(size)
  const write = (secondsAt: number, nanosecondsAt: number, ns: bigint): void => {
    memory.view.setBigInt64(secondsAt, ns / NS_PER_SECOND, true)
    memory.view.setBigInt64(nanosecondsAt, ns % NS_PER_SECOND, true)
  }
  write(offsets.value_sec, offsets.value_nsec, BigInt(Math.round(valueNs)))
  write(offsets.interval_sec, offsets.interval_nsec, BigInt(Math.round(intervalNs)))
  return memory
}

/** Sets a timer, and returns what that says of its time before. */
export function exchangeTime(machine: Machine, fd: Name, valueMs: number, intervalMs = 0): TimeLeft {
  machine.begin(
    `timerfd_settime(${fd}, ${valueMs} ms, every ${intervalMs} ms), and what it says of the time before`,
  )
  const old = new Memory(size)
  old.bytes.fill(0xff)
  const times = itimerspec(valueMs * NS_PER_MS, intervalMs * NS_PER_MS)
  sys(machine.libc, 'timerfd_settime', machine.fd(fd), 0, times.address, old.address)
  return timeIn(old)
}

/** What timerfd_gettime says. */
export function timeLeft(machine: Machine, fd: Name): TimeLeft {
  const memory = new Memory(size)
  memory.bytes.fill(0xff)
  sys(machine.libc, 'timerfd_gettime', machine.fd(fd), memory.address)
  return timeIn(memory)
}

/** What is read of a timer, and when the read began and ended. */
export function readExpirations(machine: Machine, fd: Name): { count: number; began: bigint; ended: bigint } {
  const value = new Memory(8)
  const began = timeOf(machine.libc)
  const bytes = sys(machine.libc, 'read', machine.fd(fd), value.address, 8)
  const ended = timeOf(machine.libc)
  machine.expect(bytes, 8, 'read gives')
  return { count: Number(value.view.getBigUint64(0, true)), began, ended }
}

/** Fails if less time has passed since then: a timer that is late is none that is wrong. */
export function expectElapsed(machine: Machine, since: bigint, leastMs: number): void {
  const elapsedMs = Number(timeOf(machine.libc) - since) / NS_PER_MS
  if (elapsedMs >= leastMs) return
  throw new Failure(`it goes off after ${leastMs} ms or more`, `it went off after ${elapsedMs.toFixed(6)} ms`)
}

/** A timer that has gone off. */
export const goOff = (fd: Name): readonly Step[] => [settime(fd, SOON_MS), settleReady(fd, 'IN')]

/** Fails unless nothing is left of a timer. */
export function expectNothing(machine: Machine, { valueNs, intervalNs }: TimeLeft, of: string): void {
  machine.expect(`${valueNs} ns, then every ${intervalNs} ns`, '0 ns, then every 0 ns', `left ${of}`)
}

function timeIn({ view }: Memory): TimeLeft {
  const read = (secondsAt: number, nanosecondsAt: number): number =>
    Number(view.getBigInt64(secondsAt, true) * NS_PER_SECOND + view.getBigInt64(nanosecondsAt, true))
  return {
    valueNs: read(offsets.value_sec, offsets.value_nsec),
    intervalNs: read(offsets.interval_sec, offsets.interval_nsec),
  }
}
