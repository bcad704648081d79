/** The filters of a kqueue and the outcomes of its changes, over a kqueue in memory with the interface of each platform. */
import { constants } from 'node:os'
import { beforeEach, describe, expect, test } from 'vitest'
import { SystemError, UnsupportedError } from '../../errors.ts'
import { openPipe } from '../../libc/fd.ts'
import { openTcpPair } from '../../libc/tcp-pair.ts'
import { errnoNumber, openLibc } from '../../libc/libc.ts'
import type { Libc } from '../../libc/libc.ts'
import { MemoryKqueue, viewAt, withKqueue } from '../../testing/memory-kqueue.ts'
import { write } from '../../testing/native.ts'
import { orRefusal } from '../../testing/or-refusal.ts'
import { codeOf } from '../../testing/pollers.ts'
import { EV, kqueueAbis, NOTE } from './abi.ts'
import type { KqueueAbi, ProcessNote, VnodeNote } from './abi.ts'
import { decodeKevents, encodeKevent } from './codec.ts'
import { lowWaterChange } from './low-water.ts'
import { processChange } from './process.ts'
import { Kqueue } from './queue.ts'
import { adding, deleting, disabling, enabling } from './registration.ts'
import { signalChange } from './signal.ts'
import { timerChange } from './timer.ts'
import { vnodeChange } from './vnode.ts'

const plain = openLibc()
const PID = 4242

/** What a status of waitpid says: exit(3), SIGKILL, and SIGSEGV with a core. */
const statuses = [
  [0x300, { code: 3 }],
  [9, { signal: 9, dumped: false }],
  [0x8b, { signal: 11, dumped: true }],
] as const

describe.each(kqueueAbis)('a kqueue with the interface of $name', (abi) => {
  let memory: MemoryKqueue
  let libc: Libc

  beforeEach(() => {
    memory = new MemoryKqueue(plain, abi)
    libc = withKqueue(plain, memory)
  })

  test('a timer tells how often it has fired, and one that fires once is gone then', () => {
    using kq = new Kqueue(libc, abi)
    const [once, often] = [
      timerChange(abi, 7, { afterNs: 1 }),
      timerChange(abi, 8, { everyNs: 1 }, { udata: 3n }),
    ]
    kq.apply([once, often])
    memory.raise('TIMER', 7, { fflags: 0, data: 1n })
    memory.raise('TIMER', 8, { fflags: 0, data: 5n })
    expect(kq.wait(4, 0)).toEqual([
      { filter: 'TIMER', udata: 0n, id: 7, expirations: 1 },
      { filter: 'TIMER', udata: 3n, id: 8, expirations: 5 },
    ])
    expect(codeOf(() => kq.apply([deleting(once)]))).toBe('ENOENT')
    kq.apply([deleting(often)])
  })

  test('a signal is watched by its name or number, and told with its count', () => {
    using kq = new Kqueue(libc, abi)
    const { SIGURG, SIGHUP } = constants.signals
    kq.apply([signalChange(abi, 'SIGURG', { udata: 1n }), signalChange(abi, SIGHUP)])
    memory.raise('SIGNAL', SIGURG, { fflags: 0, data: 3n })
    memory.raise('SIGNAL', SIGHUP, { fflags: 0, data: 1n })
    expect(kq.wait(4, 0)).toEqual([
      { filter: 'SIGNAL', udata: 1n, signal: SIGURG, count: 3 },
      { filter: 'SIGNAL', udata: 0n, signal: SIGHUP, count: 1 },
    ])
    expect(() => signalChange(abi, 'SIGNOT' as NodeJS.Signals)).toThrow(UnsupportedError)
  })

  test('the exit of a process is told with its status, which is asked for where that is needed', () => {
    using kq = new Kqueue(libc, abi)
    const status = abi.name === 'macos' ? 0x0400_0000 : 0
    for (const [data, expected] of statuses) {
      kq.apply([processChange(abi, PID, ['EXIT'], { udata: 6n })])
      const { fflags = 0 } = memory.registration('PROC', PID) ?? {}
      expect(fflags).toBe(0x8000_0000 + status)
      memory.raise('PROC', PID, { fflags, data: BigInt(data) })
      expect(kq.wait(4, 0)).toEqual([
        { filter: 'PROC', udata: 6n, pid: PID, notes: ['EXIT'], status: expected },
      ])
    }
    // macOS has no status to tell of what is no child.
    memory.raise('PROC', PID, { fflags: 0x8000_0000, data: 0n })
    const untold = abi.name === 'macos' ? undefined : { code: 0 }
    expect(kq.wait(4, 0)).toMatchObject([{ notes: ['EXIT'], status: untold }])
  })

  test('other notes of processes are told, or refused where they would never be', () => {
    using kq = new Kqueue(libc, abi)
    const notes: readonly ProcessNote[] = ['FORK', 'EXEC']
    const told = orRefusal(() => {
      kq.apply([processChange(abi, PID, notes)])
      expect(memory.registration('PROC', PID)?.fflags).toBe(0x6000_0000)
      memory.raise('PROC', PID, { fflags: 0x2000_0000, data: 0n })
      return kq.wait(4, 0)
    })
    expect(told).toEqual(
      abi.name === 'libkqueue'
        ? 'NOTE_FORK of EVFILT_PROC: the kqueue of libkqueue does not have it'
        : [{ filter: 'PROC', udata: 0n, pid: PID, notes: ['EXEC'], status: undefined }],
    )
    expect(() => processChange(abi, PID, [])).toThrow(RangeError)
  })

  test('notes of a file are told by name, and those that there are not are refused', () => {
    using kq = new Kqueue(libc, abi)
    const [reader, writer] = openPipe(libc)
    const { fd } = reader
    const notes: readonly VnodeNote[] = ['DELETE', 'WRITE', 'EXTEND', 'ATTRIB', 'LINK', 'RENAME']
    kq.apply([vnodeChange(abi, fd, notes, { udata: 9n })])
    const { flags, fflags } = memory.registration('VNODE', fd) ?? {}
    expect([(flags ?? 0) & ~EV.RECEIPT, fflags]).toEqual([EV.ADD | EV.CLEAR, 0x3f])
    memory.raise('VNODE', fd, { fflags: 0x22, data: 0n })
    expect(kq.wait(4, 0)).toEqual([{ filter: 'VNODE', udata: 9n, fd, notes: ['WRITE', 'RENAME'] }])
    expect(orRefusal(() => vnodeChange(abi, fd, ['REVOKE']).fflags)).toBe(
      abi.name === 'libkqueue'
        ? 'NOTE_REVOKE of EVFILT_VNODE: the kqueue of libkqueue does not have it'
        : 0x40,
    )
    expect(() => vnodeChange(abi, fd, [])).toThrow(RangeError)
    reader.close()
    writer.close()
    expect(codeOf(() => kq.apply([vnodeChange(abi, fd, notes)]))).toBe('EBADF')
  })

  test('a socket is ready at its low-water mark, also after it was disabled and enabled', () => {
    using kq = new Kqueue(libc, abi)
    const [a, b] = openTcpPair(libc)
    using _a = a
    using _b = b
    const mark = lowWaterChange(libc, abi, 'READ', a.fd, 100, { udata: 4n, dispatch: true })
    expect([mark.fflags, mark.data, mark.flags]).toEqual([NOTE.LOWAT, 100n, EV.ADD | EV.DISPATCH])
    kq.apply([mark])
    write(libc, b.fd, 99)
    expect(kq.wait(4, 0)).toEqual([])
    write(libc, b.fd, 2)
    const ready = { filter: 'READ', udata: 4n, fd: a.fd, bytes: 101, ended: false, error: undefined }
    expect([kq.wait(4, 0), kq.wait(4, 0)]).toEqual([[ready], []])
    kq.apply([enabling(mark)])
    expect([kq.wait(4, 0), kq.wait(4, 0)]).toEqual([[ready], []])
    expect(memory.registration('READ', a.fd)).toMatchObject({ fflags: NOTE.LOWAT, data: 100n })
    kq.apply([enabling(mark), disabling(mark)])
    expect(kq.wait(4, 0)).toEqual([])
    kq.apply([enabling(mark)])
    expect(kq.wait(4, 0)).toEqual([ready])
    b.close()
    kq.apply([enabling(mark)])
    expect(kq.wait(4, 0)).toEqual([{ ...ready, ended: true }])
  })

  test('a low-water mark that would not be heeded is refused', () => {
    const [reader, writer] = openPipe(libc)
    const [a, b] = openTcpPair(libc)
    using _a = a
    using _b = b
    expect(() => lowWaterChange(libc, abi, 'READ', reader.fd, 1)).toThrow('is no socket')
    const written = orRefusal(() => lowWaterChange(libc, abi, 'WRITE', a.fd, 5, { edge: true }))
    expect(written).toEqual(
      abi.name === 'libkqueue'
        ? 'NOTE_LOWAT of EVFILT_WRITE: the kqueue of libkqueue does not heed it'
        : adding(abi, 'WRITE', a.fd, { flags: EV.CLEAR, fflags: NOTE.LOWAT, data: 5n }),
    )
    for (const bytes of [0, -1, 1.5, 2 ** 31]) {
      expect(() => lowWaterChange(libc, abi, 'READ', a.fd, bytes)).toThrow(RangeError)
    }
    reader.close()
    writer.close()
    using kq = new Kqueue(libc, abi)
    expect(codeOf(() => kq.apply([lowWaterChange(libc, abi, 'READ', reader.fd, 1)]))).toBe('EBADF')
  })

  test('each change has its own outcome, those behind a failure too, and no event is taken', () => {
    using kq = new Kqueue(libc, abi)
    const [reader, writer] = openPipe(libc)
    using _reader = reader
    using _writer = writer
    write(libc, writer.fd)
    const good = [
      adding(abi, 'READ', reader.fd, { udata: 2n ** 64n - 1n }),
      timerChange(abi, 1, { everyNs: 1 }),
    ] as const
    const bad = [deleting(timerChange(abi, 2, { everyNs: 1 })), adding(abi, 'WRITE', 999_999)] as const
    const receipts = kq.receipts([good[0], bad[0], bad[1], good[1]])
    expect(receipts.map(({ change }) => change)).toEqual([good[0], bad[0], bad[1], good[1]])
    expect(receipts.map(({ error }) => error?.code)).toEqual([undefined, 'ENOENT', 'EBADF', undefined])
    expect(receipts[1]?.error).toBeInstanceOf(SystemError)
    expect(receipts[2]?.error?.message).toBe('kevent: EBADF (EVFILT_WRITE of 999999)')
    expect(kq.wait(4, 0)).toMatchObject([{ filter: 'READ', fd: reader.fd, bytes: 8, udata: 2n ** 64n - 1n }])
    expect(() => kq.apply([bad[0], good[0], bad[1]])).toThrow('kevent: ENOENT (EVFILT_TIMER of 2)')
    expect(kq.receipts([])).toEqual([])
  })

  test('an entry with EV_ERROR is the error of its change', () => {
    using kq = new Kqueue(
      lying(libc, abi, () => [{ flags: EV.ERROR, data: BigInt(errnoNumber('ENOMEM')) }]),
      abi,
    )
    expect(kq.wait(4, 0)).toMatchObject([{ filter: 'ERROR', error: { code: 'ENOMEM', syscall: 'kevent' } }])
  })

  test('a closed one is EBADF', () => {
    const kq = new Kqueue(libc, abi)
    kq.close()
    expect(codeOf(() => kq.apply([timerChange(abi, 1, { afterNs: 1 })]))).toBe('EBADF')
    expect(codeOf(() => kq.wait(1, 0))).toBe('EBADF')
  })
})

type Entry = Partial<{ ident: bigint; flags: number; data: bigint; udata: bigint }>

/** A Libc whose `kevent` returns entries of timer 1 as told, whatever it is asked. */
function lying(
  libc: Libc,
  abi: KqueueAbi,
  answer: (changes: number, room: number) => readonly Entry[],
): Libc {
  return withKqueue(libc, {
    kqueue: () => 3_000_000,
    owns: (fd) => fd === 3_000_000,
    errno: () => 0,
    kevent(_kq, _changes, nchanges = 0, events = 0, room = 0) {
      if (room === 0) return -1
      const entries = answer(nchanges, room)
      const view = viewAt(events, room * abi.kevent.size)
      for (const [index, entry] of entries.entries()) {
        encodeKevent(abi, view, index, { ident: 1n, filter: abi.filters.TIMER, flags: 0, ...entry })
      }
      return entries.length
    },
  })
}

const of = (name: KqueueAbi['name']): KqueueAbi => {
  const abi = kqueueAbis.find((candidate) => candidate.name === name)
  if (abi === undefined) throw new RangeError(`there is no interface ${name}`)
  return abi
}

const timers = (abi: KqueueAbi, count: number) =>
  Array.from({ length: count }, () => timerChange(abi, 1, { everyNs: 1 }))

describe('a change is never taken for made where that was not said', () => {
  test('libkqueue gives what it refuses a receipt of 0, or returns none: so each change is made without room', () => {
    const abi = of('libkqueue')
    const rooms: number[] = []
    const receipt = (_: number, room: number): Entry[] => (rooms.push(room), [{ flags: EV.ERROR, data: 0n }])
    using kq = new Kqueue(lying(plain, abi, receipt), abi)
    expect(kq.receipts(timers(abi, 2)).map(({ error }) => error?.message)).toEqual([
      'kevent: errno 0 (EVFILT_TIMER of 1, which the kqueue has no errno for)',
      'kevent: errno 0 (EVFILT_TIMER of 1, which the kqueue has no errno for)',
    ])
    expect(rooms).toEqual([])
  })

  test.each([
    ['fewer than there are changes', [{ flags: EV.ERROR }]],
    ['one that is an event', [{ flags: EV.ERROR }, {}]],
    ['one of another identifier', [{ flags: EV.ERROR }, { flags: EV.ERROR, ident: 2n }]],
    ['one with other udata', [{ flags: EV.ERROR }, { flags: EV.ERROR, udata: 2n }]],
  ] satisfies [string, Entry[]][])('receipts of a kernel are refused: %s', (_, entries) => {
    const abi = of('freebsd')
    using kq = new Kqueue(
      lying(plain, abi, () => entries),
      abi,
    )
    expect(() => kq.receipts(timers(abi, 2))).toThrow('kevent has ')
  })

  test('a kernel is asked for receipts of all changes in one call, with room for just them', () => {
    const abi = of('freebsd')
    const calls: unknown[] = []
    const memory = new MemoryKqueue(plain, abi)
    const libc = withKqueue(plain, {
      kqueue: () => memory.kqueue(),
      owns: (fd) => memory.owns(fd),
      errno: () => memory.errno(),
      kevent: (...args) => {
        const [, changes = 0, nchanges = 0, , room] = args
        const view = viewAt(changes, nchanges * abi.kevent.size)
        const all = decodeKevents(abi, view, nchanges).every(({ flags }) => (flags & EV.RECEIPT) !== 0)
        calls.push([nchanges, room, all])
        return memory.kevent(...args)
      },
    })
    using kq = new Kqueue(libc, abi)
    kq.apply(timers(abi, 3))
    expect(calls).toEqual([[3, 3, true]])
  })
})
