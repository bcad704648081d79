/** The filters and outcomes of changes over the kqueue that is here: the platform's, or that of EVLOOP_KQUEUE_LIB. */
import { spawn, spawnSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  closeSync,
  linkSync,
  openSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { once } from 'node:events'
import { constants } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { entryPoint } from '../../entry-point.ts'
import { SIG_BLOCK } from '../../libc/constants/linux.ts'
import { openPipe, openSocketpair } from '../../libc/fd.ts'
import { openTcpPair } from '../../libc/tcp-pair.ts'
import { testedLibc as libc } from '../../testing/backends.ts'
import { write } from '../../testing/native.ts'
import { codeOf } from '../../testing/pollers.ts'
import { temporaryDirectory } from '../../testing/temporary-directory.ts'
import { NOTE } from './abi.ts'
import type { VnodeNote } from './abi.ts'
import type { KqueueEvent } from './event.ts'
import { lowWaterChange } from './low-water.ts'
import { processChange } from './process.ts'
import { Kqueue } from './queue.ts'
import { adding, deleting, disabling, enabling } from './registration.ts'
import { timerChange } from './timer.ts'
import type { TimerTime, TimerUnit } from './timer.ts'
import { vnodeChange } from './vnode.ts'

/** How long an event that must come has. */
const PATIENCE_NS = 10e9
const NS_PER_MS = 1e6

const directory = temporaryDirectory()

/** The next event, waited for also beyond wake-ups that lead to nothing. */
function next(kq: Kqueue): KqueueEvent {
  const deadline = performance.now() + PATIENCE_NS / NS_PER_MS
  while (performance.now() < deadline) {
    const [event] = kq.wait(1, PATIENCE_NS)
    if (event !== undefined) return event
  }
  throw new Error('no event has come')
}

/** How many milliseconds pass until the timer has fired. */
function lasts(kq: Kqueue, time: TimerTime, unit: TimerUnit): number {
  const start = performance.now()
  kq.apply([timerChange(kq.abi, 1, time, { unit, udata: 2n })])
  expect(next(kq)).toMatchObject({ filter: 'TIMER', id: 1, udata: 2n })
  return performance.now() - start
}

describe.runIf(libc.has('kevent'))('the kqueue that is here', () => {
  test('timers of each unit are not early, nor those of a part of one', () => {
    using kq = new Kqueue(libc)
    const units: readonly TimerUnit[] = ['SECONDS', 'MSECONDS', 'USECONDS', 'NSECONDS']
    const known = units.filter((unit) => unit === 'MSECONDS' || kq.abi.timerNotes[unit] !== undefined)
    for (const unit of known) {
      expect(lasts(kq, { afterNs: 20_000_001 }, unit)).toBeGreaterThanOrEqual(unit === 'SECONDS' ? 1000 : 20)
      expect(kq.wait(1, 0)).toEqual([])
    }
    // What libkqueue would never fire.
    lasts(kq, { afterNs: 0 }, 'MSECONDS')
  })

  test('a timer repeats until it is deleted, and is silent while it is disabled', () => {
    using kq = new Kqueue(libc)
    const every = timerChange(kq.abi, 1, { everyNs: 5e6 }, { dispatch: true })
    kq.apply([every])
    expect(next(kq)).toMatchObject({ filter: 'TIMER', id: 1 })
    expect(kq.wait(1, 20e6)).toEqual([])
    kq.apply([enabling(every)])
    expect(next(kq)).toMatchObject({ filter: 'TIMER', id: 1 })
    kq.apply([deleting(every)])
    expect(kq.wait(1, 20e6)).toEqual([])
  })

  test('a timer of a time of day is not early', (context) => {
    using kq = new Kqueue(libc)
    if (kq.abi.timerNotes.ABSTIME === undefined) context.skip('this kqueue has none')
    const dueMs = Date.now() + 30
    kq.apply([timerChange(kq.abi, 1, { atNs: BigInt(dueMs) * 1_000_000n })])
    expect(next(kq)).toMatchObject({ filter: 'TIMER', id: 1, expirations: 1 })
    expect(Date.now()).toBeGreaterThanOrEqual(dueMs)
    // The beginning of time, which is long over.
    kq.apply([timerChange(kq.abi, 1, { atNs: 0n })])
    expect(next(kq)).toMatchObject({ filter: 'TIMER', id: 1 })
  })

  test('the exit of a child is told with its status', async () => {
    using kq = new Kqueue(libc)
    for (const [command, status] of [
      ['exit 3', { code: 3 }],
      ['kill -KILL $$', { signal: constants.signals.SIGKILL, dumped: false }],
    ] as const) {
      const [reader, writer] = openPipe(libc, 0)
      const child = spawn('sh', ['-c', `read line; ${command}`], {
        stdio: [reader.fd, 'ignore', 'ignore'],
      })
      reader.close()
      const { pid = -1 } = child
      const ended = once(child, 'exit')
      kq.apply([processChange(kq.abi, pid, ['EXIT'], { udata: 8n })])
      expect(kq.wait(1, 0)).toEqual([])
      // From here to the event nothing is awaited: the loop of this process would reap the child.
      writer.close()
      expect(next(kq)).toEqual({ filter: 'PROC', udata: 8n, pid, notes: ['EXIT'], status })
      await ended
      expect(codeOf(() => kq.apply([processChange(kq.abi, pid, ['EXIT'])]))).toBe('ESRCH')
    }
  })

  test('what happens to a file is told', () => {
    using kq = new Kqueue(libc)
    const [path, other] = [join(directory, 'file'), join(directory, 'other')]
    writeFileSync(path, 'x')
    const fd = openSync(path, 'r')
    const all: readonly VnodeNote[] = ['DELETE', 'WRITE', 'EXTEND', 'ATTRIB', 'LINK', 'RENAME']
    const watch = vnodeChange(kq.abi, fd, all, { udata: 5n })
    kq.apply([watch])
    const told = (): readonly string[] => {
      const event = next(kq)
      if (event.filter !== 'VNODE') throw new Error(`an event of ${event.filter}`)
      expect([event.fd, event.udata]).toEqual([fd, 5n])
      return event.notes
    }
    appendFileSync(path, 'more')
    expect(told()).toEqual(['WRITE', 'EXTEND'])
    chmodSync(path, 0o600)
    expect(told()).toEqual(['ATTRIB'])
    linkSync(path, other)
    expect(told()).toContain('LINK')
    renameSync(path, join(directory, 'moved'))
    expect(told()).toEqual(['RENAME'])
    kq.apply([disabling(watch)])
    appendFileSync(other, 'more')
    expect(kq.wait(1, 5e6)).toEqual([])
    kq.apply([deleting(watch), vnodeChange(kq.abi, fd, ['DELETE'], { udata: 5n })])
    unlinkSync(other)
    unlinkSync(join(directory, 'moved'))
    expect(told()).toEqual(['DELETE'])
    closeSync(fd)
  })

  test('a socket is ready at its low-water mark', () => {
    using kq = new Kqueue(libc)
    const [a, b] = openTcpPair(libc)
    using _a = a
    using _b = b
    const mark = lowWaterChange(libc, kq.abi, 'READ', a.fd, 100, { udata: 1n, dispatch: true })
    kq.apply([mark])
    write(libc, b.fd, 99)
    expect(kq.wait(1, 5e6)).toEqual([])
    write(libc, b.fd, 1)
    const ready = { filter: 'READ', udata: 1n, fd: a.fd, bytes: 100, ended: false }
    expect(next(kq)).toMatchObject(ready)
    expect(kq.wait(1, 5e6)).toEqual([])
    kq.apply([enabling(mark)])
    expect(next(kq)).toMatchObject(ready)
    kq.apply([deleting(mark)])
  })

  test('libkqueue does not heed the mark of other sockets, for which it is refused', (context) => {
    using kq = new Kqueue(libc)
    if (kq.abi.name !== 'libkqueue') context.skip('this is another kqueue')
    const [a, b] = openSocketpair(libc)
    using _a = a
    using _b = b
    expect(() => lowWaterChange(libc, kq.abi, 'READ', a.fd, 100)).toThrow('but of TCP')
    // What it would be taken for.
    const mark = { ...adding(kq.abi, 'READ', a.fd), fflags: NOTE.LOWAT, data: 100n }
    kq.apply([mark])
    write(libc, b.fd, 99)
    expect(next(kq)).toMatchObject({ filter: 'READ', bytes: 99 })
    kq.apply([deleting(mark)])
  })

  test('each change has its own outcome, and no event is taken', () => {
    using kq = new Kqueue(libc)
    const [reader, writer] = openPipe(libc)
    using _reader = reader
    using _writer = writer
    write(libc, writer.fd)
    const read = adding(kq.abi, 'READ', reader.fd)
    const [timer, missing] = [1, 2].map((id) => timerChange(kq.abi, id, { afterNs: 1e12 }))
    if (timer === undefined || missing === undefined) throw new Error('there are two')
    const changes = [
      read,
      deleting(missing),
      adding(kq.abi, 'WRITE', 999_999),
      timer,
      vnodeChange(kq.abi, -1, ['WRITE']),
    ]
    expect(kq.receipts(changes).map(({ error }) => error?.code)).toEqual([
      undefined,
      'ENOENT',
      'EBADF',
      undefined,
      'EBADF',
    ])
    expect(next(kq)).toMatchObject({ filter: 'READ', fd: reader.fd, bytes: 8 })
    kq.apply([deleting(timer), deleting(read)])
  })

  test('libkqueue has no errno for what its filters refuse: that is an error all the same', (context) => {
    using kq = new Kqueue(libc)
    if (kq.abi.name !== 'libkqueue') context.skip('this is another kqueue')
    const [reader, writer] = openPipe(libc)
    using _reader = reader
    using _writer = writer
    const read = adding(kq.abi, 'READ', reader.fd)
    kq.apply([read])
    // A kernel allows it (EV_ADD of what is there); read.c of libkqueue does not, and says -1 without an errno.
    expect(kq.receipts([read])[0]?.error).toBeInstanceOf(Error)
    kq.apply([deleting(read)])
  })

  // libkqueue needs it to be blocked in every thread. Node has SIGUSR1 so in those that it starts with, but the main
  // one, from which all others have it: so there must be none before that blocks it. Modules that are loaded by
  // `require` need none.
  test('a signal is told', () => {
    const signal = constants.signals.SIGUSR1
    const lib = process.env['EVLOOP_KQUEUE_LIB'] ?? ''
    const load = (path: string): string => `require(${JSON.stringify(entryPoint(`src/${path}`))})`
    const source = `
      const libc = ${load('libc/libc')}.openLibc(${lib === '' ? '{}' : `{ lib: ${JSON.stringify(lib)} }`})
      if (process.platform === 'linux') {
        const set = new (${load('libc/memory')}.Memory)(128)
        set.view.setUint32(0, 1 << (${signal} - 1), true)
        libc.fn.pthread_sigmask(${SIG_BLOCK}, set.address, 0)
      }
      const kq = new (${load('backends/kqueue/queue')}.Kqueue)(libc)
      kq.apply([${load('backends/kqueue/signal')}.signalChange(kq.abi, 'SIGUSR1', { udata: 3n })])
      process.kill(process.pid, 'SIGUSR1')
      const events = kq.wait(4, ${PATIENCE_NS})
      console.log(JSON.stringify(events, (_, value) => (typeof value === 'bigint' ? Number(value) : value)))
      process.exit()`
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=commonjs', '--eval', source], {
      encoding: 'utf8',
    })
    expect([stdout, stderr]).toEqual([
      `${JSON.stringify([{ filter: 'SIGNAL', udata: 3, signal, count: 1 }])}\n`,
      '',
    ])
  })
})
