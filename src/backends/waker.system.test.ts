/** Waking a Poller, from its own thread and from others. */
import { describe, expect, test } from 'vitest'
import { openEventfd } from '../libc/fd.ts'
import { openLibc } from '../libc/libc.ts'
import type { Libc } from '../libc/libc.ts'
import { compileLibrary, hasCompiler } from '../testing/compile.ts'
import { moduleUrl, nsOf, startThread } from '../testing/native.ts'
import { reported } from '../testing/pollers.ts'
import { Interest, Readiness, ReadinessBatch } from './backend.ts'
import type { Poller } from './backend.ts'
import { wakeRemote } from './waker.ts'
import { testedBackends, testedLibc } from '../testing/backends.ts'

const libc = testedLibc

const WAKE = [[0n, 'WAKE']]

/** What must come, comes at once; the room is for a loaded machine. */
const LONG_NS = 20_000_000_000

/** With an eventfd, and with the pipe that takes its place where an eventfd is forbidden. */
const channels: readonly (readonly [string, () => Libc])[] = [
  ['an eventfd', (): Libc => libc],
  ...(hasCompiler
    ? [['a pipe', (): Libc => openLibc({ lib: compileLibrary('faults/eventfd-eperm') })] as const]
    : []),
]

const combinations = testedBackends
  .map(([, backend]) => backend)
  .flatMap((backend) => {
    const own = [['an event of its own', (): Libc => libc]] as const
    const those = backend.capabilities.userEvents ? own : channels
    return those.map(([channel, open]) => [backend.name, channel, backend, open] as const)
  })

/** Words that a thread and the test share. */
const Word = { READY: 0, SENT: 1, SEEN: 2 } as const

/** A thread that runs `body` with `wake`, the shared `words` and their names, as soon as READY is set. */
function startWaker(
  poller: Poller,
  words: Int32Array,
  body: string,
): { readonly stop: () => Promise<number> } {
  const worker = startThread(
    `
    import { workerData } from 'node:worker_threads'
    import { wakeRemote } from '${moduleUrl('backends/waker')}'
    const { handle, words } = workerData
    const { READY, SENT, SEEN } = ${JSON.stringify(Word)}
    const wake = () => wakeRemote(handle)
    Atomics.store(words, READY, 1)
    Atomics.notify(words, READY)
    ${body}
    `,
    { handle: poller.wakeHandle(), words },
  )
  Atomics.wait(words, Word.READY, 0, 30_000)
  return { stop: () => worker.terminate() }
}

const sharedWords = (): Int32Array => new Int32Array(new SharedArrayBuffer(12))

describe.each(combinations)('%s woken by %s', (_name, _channel, backend, open) => {
  test('a thousand wakes are one event, which leaves nothing behind', () => {
    using poller = backend.open(open())
    for (let i = 0; i < 1000; i++) poller.wake()
    expect([reported(poller), reported(poller)]).toEqual([WAKE, []])
  })

  test('more wakes than a pipe has room for neither block nor fail, and are one event', () => {
    using poller = backend.open(open())
    for (let i = 0; i < 10_000; i++) poller.wake()
    expect([reported(poller), reported(poller)]).toEqual([WAKE, []])
    poller.wake()
    expect([reported(poller), reported(poller)]).toEqual([WAKE, []])
  })

  test('wakes and events come together, and a full batch keeps the wake for the next wait', () => {
    using poller = backend.open(open())
    // Always writable, and open also where eventfd is forbidden to the Poller.
    const sources = [0, 1, 2].map(() => openEventfd(libc))
    for (const [i, { fd }] of sources.entries()) poller.add(fd, Interest.WRITE, 1 + i)
    poller.wake()
    const tokens = [1, 2, 3, 4].flatMap(() => reported(poller, { capacity: 1 }).map(([token]) => token))
    for (const source of sources) source.close()
    expect(tokens.toSorted((a, b) => Number(a - b))).toEqual([0n, 1n, 2n, 3n])
  })

  test('a wake from another thread ends a wait that is blocked by then', async () => {
    using poller = backend.open(open())
    const words = sharedWords()
    const thread = startWaker(poller, words, 'Atomics.wait(words, SEEN, 0, 20); wake()')
    const events = reported(poller, { timeoutNs: LONG_NS })
    await thread.stop()
    expect(events).toEqual(WAKE)
  })

  test('a thousand wakes from another thread are one event', async () => {
    using poller = backend.open(open())
    const words = sharedWords()
    const thread = startWaker(
      poller,
      words,
      'for (let i = 0; i < 1000; i++) wake(); Atomics.store(words, SENT, 1); Atomics.notify(words, SENT)',
    )
    Atomics.wait(words, Word.SENT, 0, 30_000)
    const events = [reported(poller), reported(poller)]
    await thread.stop()
    expect(events).toEqual([WAKE, []])
  })

  test('no wake is lost in two thousand rounds, each of which waits for the one before', async () => {
    const ROUNDS = 2000
    using poller = backend.open(open())
    const words = sharedWords()
    const thread = startWaker(
      poller,
      words,
      `for (let round = 1; round <= ${ROUNDS}; round++) {
        Atomics.store(words, SENT, round)
        wake()
        // In a loop, because a notification may still be on its way from the round before.
        while (Atomics.load(words, SEEN) < round) Atomics.wait(words, SEEN, round - 1)
      }`,
    )
    const batch = new ReadinessBatch(4)
    const wrong: string[] = []
    for (let round = 1; round <= ROUNDS && wrong.length === 0; round++) {
      const n = poller.wait(batch, LONG_NS)
      if (n !== 1 || batch.flags[0] !== Readiness.WAKE) wrong.push(`round ${round}: ${n} events`)
      if (Atomics.load(words, Word.SENT) !== round) wrong.push(`round ${round}: woken without a wake`)
      Atomics.store(words, Word.SEEN, round)
      Atomics.notify(words, Word.SEEN)
    }
    await thread.stop()
    expect(wrong).toEqual([])
  })

  test('of twenty thousand wakes without a pause, the last is seen like the first', async () => {
    const WAKES = 20_000
    using poller = backend.open(open())
    const words = sharedWords()
    const thread = startWaker(
      poller,
      words,
      `for (let i = 1; i <= ${WAKES}; i++) { Atomics.store(words, SENT, i); wake() }`,
    )
    const batch = new ReadinessBatch(4)
    let n = 1
    // After the event of a wake, what was stored before it is seen. Were the last one lost, the wait would end.
    while (n === 1 && Atomics.load(words, Word.SENT) < WAKES) n = poller.wait(batch, LONG_NS)
    await thread.stop()
    expect([n, words[Word.SENT]]).toEqual([1, WAKES])
  })

  test('wakeRemote works from the same thread as well', () => {
    using poller = backend.open(open())
    wakeRemote(poller.wakeHandle())
    wakeRemote(structuredClone(poller.wakeHandle()))
    expect([reported(poller), reported(poller)]).toEqual([WAKE, []])
  })

  test('a wait that is not woken lasts its time, although the channel is open', () => {
    using poller = backend.open(open())
    poller.wakeHandle()
    expect(nsOf(() => reported(poller, { timeoutNs: 3_000_000 }))).toBeGreaterThanOrEqual(3_000_000)
  })
})
