/** The descriptors of a child: those that it must not have, and numbers that stay taken. */
import { describe, expect, test } from 'vitest'
import { MeasurementError } from '../../errors.ts'
import { EFD, F } from '../../libc/constants/linux.ts'
import { OwnedFd, openEventfd } from '../../libc/fd.ts'
import { openLibc } from '../../libc/libc.ts'
import { hasCompiler } from '../../testing/compile.ts'
import { duplicate } from '../../testing/native.ts'
import { checkedCall, handMade, theReplayer } from '../../testing/replay.ts'
import { Tape } from '../record/tape.ts'
import { ReplayChild } from './child.ts'
import { assemble } from './program.ts'

const libc = openLibc()
const once = { cycles: 1, warmup: 0, timeoutMs: 20_000 }
const EBADF = 9

/** A call that must give the same in a child. */
function call(
  tape: Tape,
  name: 'close' | 'eventfd' | 'fcntl',
  args: readonly number[],
  result: number,
): void {
  const errno = result === -1 ? EBADF : 0
  const [number = 0, ...others] = args
  tape.addCall(
    { kind: 'call', name, args: [0, ...others], result, errno, checked: true, outputs: [] },
    number,
  )
}

describe.skipIf(!hasCompiler)('a child (needs a C compiler)', () => {
  test('closes what it is told, and opens the same numbers again; its parent keeps its own', () => {
    using child = new ReplayChild(theReplayer(), 1)
    using one = openEventfd(libc)
    using other = openEventfd(libc)
    using kept = openEventfd(libc)
    const tape = new Tape()
    for (const { fd } of [one, other]) call(tape, 'fcntl', [fd, F.GETFD, 0], -1)
    call(tape, 'fcntl', [kept.fd, F.GETFD, 0], 1)
    for (const { fd } of [one, other]) call(tape, 'eventfd', [0, EFD.CLOEXEC], fd)
    for (const { fd } of [one, other]) call(tape, 'close', [fd], 0)
    const program = assemble(libc, [tape])
    child.start([one.fd, other.fd], child.fds)
    child.leave()
    expect(() => child.run([{ program }], { ...once, cycles: 10 })).not.toThrow()
    expect([one, other, kept].map(({ fd }) => libc.fn.fcntl(fd, F.GETFD, 0))).toEqual([1, 1, 1])
  })

  test('may be told to close what is not open', () => {
    using child = new ReplayChild(theReplayer(), 1)
    const program = handMade([checkedCall('same', [1], 1)])
    child.start([1000, 1001, 19_999], child.fds)
    child.leave()
    expect(() => child.run([{ program }], once)).not.toThrow()
  })

  test('keeps the numbers of all children taken, also of those that are forked later', () => {
    using first = new ReplayChild(theReplayer(), 1)
    using second = new ReplayChild(theReplayer(), 1)
    const taken = [...first.fds, ...second.fds]
    expect(new Set(taken).size).toBe(8)
    const last = Math.max(...taken)
    using probe = duplicate(libc, first.fds[0] ?? -1, last + 1)
    const tape = new Tape()
    for (const fd of taken) call(tape, 'fcntl', [fd, F.DUPFD_CLOEXEC, 0], probe.fd)
    // Each of these takes the number that the probe had.
    const closing = new Tape()
    call(closing, 'close', [probe.fd], 0)
    const oneByOne = taken.map((_, i) => {
      const single = new Tape()
      call(single, 'fcntl', [taken[i] ?? -1, F.DUPFD_CLOEXEC, probe.fd], probe.fd)
      return single
    })
    const program = assemble(
      libc,
      oneByOne.flatMap((single) => [single, closing]),
    )
    for (const child of [first, second]) {
      child.start([probe.fd], taken)
      child.leave()
    }
    for (const child of [first, second]) child.run([{ program }], { ...once, cycles: 3 })
  })

  test('does not keep the ends of another one, whose death shows at once', () => {
    using first = new ReplayChild(theReplayer(), 1)
    using second = new ReplayChild(theReplayer(), 1)
    const taken = [...first.fds, ...second.fds]
    const leaving = handMade([checkedCall('leave', [5], 0)])
    const staying = handMade([checkedCall('same', [1], 1)])
    first.start([], taken)
    second.start([], taken)
    first.leave()
    second.leave()
    expect(() => first.run([{ program: leaving }], once)).toThrow(
      new MeasurementError(
        'step 1 of 1, cycle 1: getppid(): expected 0, actual: the process ended there with exit code 5',
      ),
    )
    expect(() => second.run([{ program: staying }], once)).not.toThrow()
  })

  test('gives up two of four numbers when it is left', () => {
    using child = new ReplayChild(theReplayer(), 1)
    const [orders = -1, , , answers = -1] = child.fds
    child.start([], child.fds)
    expect(libc.fn.fcntl(orders, F.GETFD, 0)).toBe(1)
    child.leave()
    const left = [orders, answers].map((fd) => libc.fn.fcntl(fd, F.GETFD, 0))
    expect(left).toEqual([-1, -1])
    expect(child.fds.filter((fd) => fd >= 0)).toHaveLength(2)
    // The numbers are free for others, which the child does not touch.
    using owned = new OwnedFd(libc, openEventfd(libc).release())
    child.close()
    expect(libc.fn.fcntl(owned.fd, F.GETFD, 0)).toBe(1)
  })
})
