/** Whatever calls are recorded, replaying them gives the same results: random programs over real descriptors. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EPOLL, EPOLL_CTL, O } from '../../libc/constants/linux.ts'
import { layouts } from '../../libc/layouts.ts'
import { openLibc } from '../../libc/libc.ts'
import type { Libc } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import { NULL } from '../../libc/signatures.ts'
import { hasCompiler } from '../../testing/compile.ts'
import { oneLane } from '../../testing/recordings.ts'
import { theReplayer } from '../../testing/replay.ts'
import { repeating, withoutOutputs } from '../record/repeat.ts'
import type { Tape } from '../record/tape.ts'
import { ReplayChild } from './child.ts'
import { assemble } from './program.ts'

const libc = openLibc()
const EVENTFDS = 2
const PIPES = 2
const SOURCES = EVENTFDS + PIPES

/** What is read from and written to, wherever in it: buffers overlap. */
const DATA_BYTES = 64

const source = fc.nat(SOURCES - 1)
const place = fc.record({ offset: fc.nat(40), size: fc.integer({ min: 1, max: 16 }) })
const events = fc.constantFrom(
  EPOLL.IN,
  EPOLL.OUT,
  EPOLL.IN | EPOLL.OUT,
  EPOLL.IN | EPOLL.ET,
  EPOLL.IN | EPOLL.ONESHOT,
  EPOLL.OUT | EPOLL.ET | EPOLL.RDHUP,
)
const control = fc.constantFrom(EPOLL_CTL.ADD, EPOLL_CTL.MOD, EPOLL_CTL.DEL)

type Step = (libc: Libc, state: State) => void

/** What a program works on. */
interface State {
  readonly epoll: number
  readonly readable: readonly number[]
  readonly writable: readonly number[]
  readonly data: Memory
  readonly event: Memory
  readonly waited: Memory
  readonly entries: Memory
  readonly sets: readonly [Memory, Memory, Memory]
}

/** One step of a program, most of which may well fail: that is a result too. */
const anyStep = fc.oneof(
  fc
    .record({ source, place, byte: fc.nat(255), at: fc.nat(DATA_BYTES - 1) })
    .map(({ source: i, place: { offset, size }, byte, at }): Step => ({ fn }, { writable, data }) => {
      data.bytes[at] = byte
      // An eventfd takes 8 bytes, and refuses the largest number.
      fn.write(writable[i] ?? -1, data.at(offset), i < EVENTFDS ? 8 : size)
    }),
  fc.record({ source, place }).map(
    ({ source: i, place: { offset, size } }): Step =>
      ({ fn }, { readable, data }) =>
        void fn.read(readable[i] ?? -1, data.at(offset), size),
  ),
  fc
    .record({ source, control, events, token: fc.nat(2 ** 31) })
    .map(
      ({ source: i, control: operation, events: mask, token }): Step =>
        ({ fn }, { epoll, readable, event }) => {
          const { offsets } = layouts.epoll_event
          event.view.setUint32(offsets.events, mask, true)
          event.view.setBigUint64(offsets.data, BigInt(token) * 3n, true)
          fn.epoll_ctl(epoll, operation, readable[i] ?? -1, event.address)
        },
    ),
  fc.record({ capacity: fc.integer({ min: 1, max: SOURCES }), offset: fc.nat(2) }).map(
    ({ capacity, offset }): Step =>
      ({ fn }, { epoll, waited }) =>
        void fn.epoll_wait(epoll, waited.at(offset * layouts.epoll_event.size), capacity, 0),
  ),
  fc
    .record({ sources: fc.array(source, { maxLength: 4 }), mask: fc.nat(0x3f) })
    .map(({ sources, mask }): Step => ({ fn }, { readable, entries }) => {
      const { size, offsets } = layouts.pollfd
      for (const [k, i] of sources.entries()) {
        entries.view.setInt32(k * size + offsets.fd, readable[i] ?? -1, true)
        entries.view.setInt16(k * size + offsets.events, mask, true)
      }
      fn.poll(entries.address, sources.length, 0)
    }),
  fc
    .record({ sources: fc.array(source, { maxLength: 4 }), which: fc.nat(7) })
    .map(({ sources, which }): Step => ({ fn }, { readable, sets, data }) => {
      const fds = sources.map((i) => readable[i] ?? -1)
      for (const { bytes, view } of sets) {
        bytes.fill(0)
        for (const fd of fds) view.setUint8(fd >> 3, view.getUint8(fd >> 3) | (1 << (fd & 7)))
      }
      data.bytes.fill(0, 48, 64)
      const [read, write, except] = sets.map(({ address }, i) => ((which >> i) & 1 ? address : NULL))
      fn.select(Math.max(0, ...fds) + 1, read ?? NULL, write ?? NULL, except ?? NULL, data.at(48))
    }),
)

function open({ fn }: Libc): State {
  const flags = O.NONBLOCK | O.CLOEXEC
  const eventfds = Array.from({ length: EVENTFDS }, () => fn.eventfd(0, flags))
  const pipes = Array.from({ length: PIPES }, () => {
    const ends = new Memory(8)
    fn.pipe2(ends.address, flags)
    return ends
  })
  const end = (offset: number): number[] => pipes.map(({ view }) => view.getInt32(offset, true))
  return {
    epoll: fn.epoll_create1(O.CLOEXEC),
    readable: [...eventfds, ...end(0)],
    writable: [...eventfds, ...end(4)],
    data: new Memory(DATA_BYTES),
    event: new Memory(layouts.epoll_event.size),
    waited: new Memory(layouts.epoll_event.size * (SOURCES + 2)),
    entries: new Memory(4 * layouts.pollfd.size),
    sets: [new Memory(128), new Memory(128), new Memory(128)],
  }
}

/** Leaves everything as the next cycle must find it: nothing registered, nothing to read. */
function tidyUp({ fn }: Libc, { epoll, readable, data, event }: State): void {
  for (const fd of readable) {
    fn.epoll_ctl(epoll, EPOLL_CTL.DEL, fd, event.address)
    for (let n = 1; n > 0;) n = fn.read(fd, data.address, 16)
  }
}

/** Records a program, replays it in a child, and says what differs. */
function difference(steps: readonly Step[], change: (tape: Tape) => Tape = (tape) => tape): string {
  const { lane, record, recorder } = oneLane(libc)
  using child = new ReplayChild(theReplayer(), 1)
  let state: State | undefined
  const opening = record(() => (state = open(lane.libc)))
  if (state === undefined) throw new Error('it is open')
  const opened = state
  const fds = [opened.epoll, ...new Set([...opened.readable, ...opened.writable])]
  try {
    const cycle = (): Tape[][] => [
      [
        record(() => {
          // Each cycle must find what the last one found.
          opened.data.bytes.fill(0)
          opened.entries.bytes.fill(0)
          for (const step of steps) step(lane.libc, opened)
          tidyUp(lane.libc, opened)
        }),
      ],
    ]
    const afterOpening = recorder.snapshot()
    const tape = repeating(cycle)[0]?.[0]
    recorder.settle(opening, afterOpening)
    if (tape === undefined) throw new Error('there is a tape')
    const setup = assemble(libc, [withoutOutputs(opening)])
    const program = assemble(libc, [change(tape)])
    child.start(fds, child.fds)
    child.leave()
    child.run([{ program: setup }], { cycles: 1, warmup: 0, timeoutMs: 20_000 })
    child.run([{ program }], { cycles: 100, warmup: 1, timeoutMs: 20_000 })
    return 'none'
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    for (const fd of fds) libc.fn.close(fd)
  }
}

test.skipIf(!hasCompiler)('a recorded program is replayed with the same results (needs a C compiler)', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { minLength: 1, maxLength: 12 }), (steps) => {
      expect(difference(steps)).toBe('none')
    }),
    { numRuns: 60 },
  )
})
