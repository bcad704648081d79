/** Checks of timers that need a clock to know what must be. */
import { Failure } from '../../check.ts'
import type { Machine } from '../../machine.ts'
import { KeventCall } from '../../operations/kevent-call.ts'
import { WOKEN } from '../../patience.ts'
import type { KeventStep } from '../../steps/kevents.ts'
import { change, events, kev, kevent, kqueue, told } from '../../steps/kevents.ts'

const PERIOD_MS = 100

/** How often it is tried again where the machine was too busy to look within a period. */
const TRIES = 10

/**
 * Retrieves a periodic timer and asks again at once. Whether it may have fired again is known exactly: it was set
 * after `start`, so that its expirations come at the earliest at `start` and whole periods.
 */
export function expectQuietPeriod(machine: Machine): void {
  machine.run(kqueue('kq'))
  const start = performance.now()
  machine.run(change('kq', kev('TIMER', 7, 'ADD', { data: PERIOD_MS })))
  const wait = new KeventCall(machine, 'kq', [], { room: 4, timeoutMs: WOKEN.timeoutMs })
  const look = new KeventCall(machine, 'kq', [], { room: 4 })
  let expirations = 0
  let looked = 0
  for (let i = 0; i < TRIES && looked < 3; i++) {
    machine.begin(`kevent, for timer ${i + 1}`)
    const [event, ...others] = wait.events()
    if (event === undefined || others.length > 0) {
      throw new Failure('1 event', `${others.length + (event === undefined ? 0 : 1)} events`)
    }
    expirations += Number(event.data)
    machine.begin('kevent, again at once')
    const again = look.events()
    if (performance.now() >= start + (expirations + 1) * PERIOD_MS) {
      // The next period was over by then.
      expirations += again.reduce((sum, { data }) => sum + Number(data), 0)
      continue
    }
    machine.expect(again.length, 0, `events within a period of ${PERIOD_MS} ms`)
    looked++
  }
  if (looked === 0) machine.note = 'the machine was too busy to look within a period'
}

/** The time of day in so many milliseconds, rounded up. */
const inMs = (ms: number): number => Math.ceil(Date.now() + ms)

const absolute = (data: number, flags = 'ADD|ONESHOT') =>
  change('kq', kev('TIMER', 7, flags, { fflags: 'ABSTIME|MSECONDS', data }))

const fires = (timeoutMs: number = WOKEN.timeoutMs): KeventStep =>
  events('kq', [told('TIMER', 7, { data: { least: 1 } })], { timeoutMs })

/** A timer for a time of day fires not before it, and once. */
export function expectAbsolute(machine: Machine): void {
  machine.run(kqueue('kq'))
  const due = inMs(50)
  machine.run(absolute(due), fires())
  expectReached(due)
  machine.run(events('kq', [], { timeoutMs: 60 }))
}

/** A time that has passed is now. */
export function expectPastAbsolute(machine: Machine): void {
  machine.run(kqueue('kq'), absolute(inMs(-10_000)), fires())
}

/** From a relative time to an absolute one and back: each time what was set last counts. */
export function expectSwitches(machine: Machine): void {
  machine.run(kqueue('kq'), change('kq', kev('TIMER', 7, 'ADD|ONESHOT', { data: 3_600_000 })))
  const due = inMs(40)
  machine.run(absolute(due), fires())
  expectReached(due)
  machine.run(absolute(inMs(3_600_000)))
  const expected = [told('TIMER', 7, { data: { least: 1 } })]
  machine.run(
    kevent('kq', [kev('TIMER', 7, 'ADD|ONESHOT', { data: 30 })], expected, { ...WOKEN, atLeastMs: 30 }),
  )
}

function expectReached(due: number): void {
  // Date.now() rounds down.
  const now = Date.now()
  if (now < due) throw new Failure('the timer fires at its time', `it fires ${due - now} ms before`)
}

/** Fails where timers of 20 ms are late by 50 ms, in the median. */
export function expectLateness(machine: Machine): void {
  machine.run(kqueue('kq'))
  const late = Array.from({ length: 10 }, () => {
    const start = performance.now()
    machine.run(change('kq', kev('TIMER', 7, 'ADD|ONESHOT', { data: 20 })), fires())
    return performance.now() - start - 20
  }).toSorted((a, b) => a - b)
  const middle = Math.round(late[5] ?? 0)
  machine.note = `late by ${late.map(Math.round).join(', ')} ms`
  if (middle >= 50) throw new Failure('late by less than 50 ms', `late by ${middle} ms`)
}
