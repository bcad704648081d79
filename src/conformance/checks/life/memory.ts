import { EFD, EPOLL, EPOLL_CTL } from '../../../libc/constants/linux.ts'
import { sys } from '../../../libc/libc.ts'
import { epoll } from '../../build.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { resultOf } from '../../native-call.ts'
import { encodeEvent } from '../../operations/events.ts'
import { sleepSync } from '../../../sleep.ts'
import { readWatches } from '../control/fdinfo.ts'
import { allocatedBytes, collectGarbage, eventpollItems, residentBytes } from './usage.ts'

/** So many registrations are made and closed in a window, or as many as there is time for, but not fewer; and so many windows. */
const CYCLES = 2000
const FEWEST_CYCLES = 500
const WINDOW_MS = 30
const WINDOWS = 8

/**
 * A leak shows in all windows; whatever else takes memory and gives it back, as JavaScript's compiler does, in some of
 * them. In two of them more may be given back that was taken before.
 */
const THIRD_LEAST = 2

/** How long the kernel may take to free what is closed. */
const PATIENCE_MS = 5000

/** What a window takes by itself: the message that it began, and what is read to count. */
const WINDOW_BYTES = 16 * 1024

/** Memory that is counted, and how much of it for each registration is a leak. */
interface Usage {
  readonly what: string
  readonly now: (machine: Machine) => number | undefined
  readonly leak: number
}

const usages: readonly Usage[] = [
  // An entry is a number, a mask and data at the least, 32 bytes of malloc, of which a window takes 8 off.
  { what: 'bytes of malloc', now: ({ libc }) => allocatedBytes(libc), leak: 14 },
  // Pages, which come and go by themselves too, in small numbers.
  { what: 'bytes of resident memory', now: residentBytes, leak: 2048 },
]

export const memory: Check = epollCheck({
  id: 'life.registration-memory',
  statement:
    'What is registered and closed without DEL leaves nothing behind: however often, memory does not grow with it.',
  kind: 'race',
  source: 'mio; libuv; epoll(7): closed descriptors are removed',
  why: 'A server closes a million connections a day, mostly without DEL. What is kept of each of them is a leak.',
  run(machine) {
    machine.run(epoll('ep'))
    const itemsBefore = eventpollItems()
    // Fills caches and pools first.
    let count = addAndClose(machine)
    collectGarbage()
    const growths = usages.map((): number[] => [])
    for (let window = 0; window < WINDOWS; window++) {
      const before = usages.map(({ now }) => now(machine))
      const cycles = addAndClose(machine)
      collectGarbage()
      for (const [i, { now }] of usages.entries()) {
        growths[i]?.push(((now(machine) ?? NaN) - (before[i] ?? NaN) - WINDOW_BYTES) / cycles)
      }
      count += cycles
    }
    machine.begin(`compare the memory in use before and after ${count} registrations that were closed`)
    for (const [i, { what, leak }] of usages.entries()) {
      // Where nothing is told, these are no numbers, and greater than nothing.
      const growth = growths[i]?.toSorted((a, b) => a - b)[THIRD_LEAST] ?? NaN
      if (growth >= leak) {
        throw new Failure(`no ${what} stay behind`, `${growth.toFixed(1)} for each registration`)
      }
    }
    if (itemsBefore !== undefined) expectFreed(itemsBefore, count)
    machine.expect(
      readWatches(machine.libc, machine.fd('ep'))?.length ?? 0,
      0,
      'entries in /proc/self/fdinfo',
    )
    machine.note = `${count} registrations`
  },
})

/** Makes, adds and closes, so often that what is left of each would show. Returns how often. */
function addAndClose(machine: Machine): number {
  const { libc } = machine
  machine.begin('add an eventfd and close it, over and over')
  const ep = machine.fd('ep')
  const event = encodeEvent(EPOLL.IN, 1n)
  const end = performance.now() + WINDOW_MS
  let cycles = 0
  for (; cycles < CYCLES && (cycles < FEWEST_CYCLES || performance.now() < end); cycles++) {
    const fd = sys(libc, 'eventfd', cycles & 1, EFD.NONBLOCK | EFD.CLOEXEC)
    const result = resultOf(libc, 'epoll_ctl', ep, EPOLL_CTL.ADD, fd, event.address)
    libc.fn.close(fd)
    if (result !== 0) throw new Failure('epoll_ctl gives 0', `epoll_ctl gives ${result} at ADD ${cycles}`)
  }
  return cycles
}

/**
 * Waits until the kernel has freed the entries. It does so after a grace period, and its count is that of all
 * processes, so that a moment in which there are few enough is enough.
 */
function expectFreed(before: number, made: number): void {
  const deadline = performance.now() + PATIENCE_MS
  for (;;) {
    const more = (eventpollItems() ?? 0) - before
    if (more < made / 2) return
    if (performance.now() >= deadline) {
      throw new Failure(
        'the kernel frees the entries of closed registrations',
        `${more} more in /proc/slabinfo (eventpoll_epi) after ${made} registrations`,
      )
    }
    sleepSync(20)
  }
}
