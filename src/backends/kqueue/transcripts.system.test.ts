/**
 * The Poller held against recorded runs over libkqueue: it must make the same calls with the same bytes, and make the
 * same of the answers. Where EVLOOP_KQUEUE_LIB names the library, the run is made and must be the recorded one; with
 * EVLOOP_UPDATE_TRANSCRIPTS=1 it is written anew.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openPipe, openSocketpair } from '../../libc/fd.ts'
import { openLibc } from '../../libc/libc.ts'
import type { Libc } from '../../libc/libc.ts'
import { packageRoot } from '../../package-root.ts'
import { testedLibc } from '../../testing/backends.ts'
import { recordingKqueue, TranscriptKqueue } from '../../testing/kqueue-transcripts.ts'
import type { Transcript, TranscriptCall } from '../../testing/kqueue-transcripts.ts'
import { MemoryKqueue, withKqueue } from '../../testing/memory-kqueue.ts'
import type { KqueueCalls } from '../../testing/memory-kqueue.ts'
import { drain, duplicate, write } from '../../testing/native.ts'
import { codeOf, reported } from '../../testing/pollers.ts'
import { Interest } from '../backend.ts'
import type { Poller } from '../backend.ts'
import { kqueue } from '../kqueue.ts'
import { kqueueAbis } from './abi.ts'
import { abiOf } from './prove.ts'

const { READ, WRITE } = Interest

/** Where the descriptors of a scenario are, so that their numbers, which are in the bytes, are always the same. */
const FIRST_FD = 600

interface Ends {
  readonly libc: Libc
  readonly poller: Poller
  /** A pipe and a pair of sockets. */
  readonly fds: readonly [reader: number, writer: number, a: number, b: number]
}

type Scenario = (ends: Ends) => readonly unknown[]

const scenarios: Readonly<Record<string, Scenario>> = {
  'level-and-modify': ({ libc, poller, fds: [reader, writer, a, b] }) => {
    poller.add(reader, READ, 1)
    poller.add(a, READ | WRITE, 2)
    const said = [reported(poller)]
    write(libc, writer, 40)
    write(libc, b, 8)
    said.push(reported(poller))
    poller.modify(a, READ, 3)
    said.push(reported(poller, { timeoutNs: 2_000_000_001 }))
    drain(libc, reader)
    poller.remove(a)
    said.push(reported(poller, { timeoutNs: 1 }))
    return said
  },
  edge: ({ libc, poller, fds: [reader, writer] }) => {
    poller.add(reader, READ, 1, { trigger: 'edge' })
    write(libc, writer)
    const said = [reported(poller), reported(poller)]
    write(libc, writer)
    return [...said, reported(poller)]
  },
  oneshot: ({ libc, poller, fds: [, , a, b] }) => {
    poller.add(a, READ | WRITE, 1, { trigger: 'oneshot' })
    const said = [reported(poller)]
    write(libc, b)
    said.push(reported(poller))
    poller.modify(a, READ, 2, { trigger: 'edge-oneshot' })
    return [...said, reported(poller), reported(poller)]
  },
  ends: ({ libc, poller, fds: [reader, writer, a, b] }) => {
    poller.add(writer, WRITE, 1)
    poller.add(a, READ, 2)
    libc.fn.close(reader)
    libc.fn.close(b)
    return [reported(poller)]
  },
  errors: ({ poller, fds: [reader, writer] }) => {
    poller.add(reader, READ, 1)
    return [
      codeOf(() => poller.add(reader, READ, 2)),
      codeOf(() => poller.modify(writer, WRITE, 2)),
      codeOf(() => poller.add(FIRST_FD + 90, READ, 2)),
    ]
  },
  wake: ({ poller }) => {
    poller.wake()
    poller.wake()
    return [reported(poller), reported(poller)]
  },
}

/** Opens what a scenario needs at its fixed numbers, and runs it. */
function run(libc: Libc, scenario: Scenario): unknown {
  const ends = [...openPipe(libc), ...openSocketpair(libc)]
  const fixed = ends.map((end, i) => duplicate(libc, end.fd, FIRST_FD + i))
  for (const end of ends) end.close()
  const poller = kqueue.open(libc)
  try {
    const [reader = -1, writer = -1, a = -1, b = -1] = fixed.map(({ fd }) => fd)
    return JSON.parse(
      JSON.stringify(scenario({ libc, poller, fds: [reader, writer, a, b] }), (_, value: unknown) =>
        typeof value === 'bigint' ? Number(value) : value,
      ),
    )
  } finally {
    poller.close()
    for (const end of fixed) end.close()
  }
}

interface Fixture extends Transcript {
  /** What the scenario has seen. */
  readonly said: unknown
}

const fileOf = (name: string): string =>
  join(packageRoot(), 'fixtures', 'kqueue', 'transcripts', `${name}.json`)
const readFixture = (name: string): Fixture => JSON.parse(readFileSync(fileOf(name), 'utf8')) as Fixture

const isLibkqueue = testedLibc.has('libkqueue_drain_pending_close')

describe.runIf(isLibkqueue)('over the library that EVLOOP_KQUEUE_LIB names', () => {
  test.each(Object.entries(scenarios))('%s is as it was recorded', (name, scenario) => {
    const abi = abiOf(testedLibc)
    const calls: TranscriptCall[] = []
    const said = run(recordingKqueue(testedLibc, abi, calls), scenario)
    const fixture: Fixture = { source: 'libkqueue f966089, Linux x64', abi: abi.name, said, calls }
    if (process.env['EVLOOP_UPDATE_TRANSCRIPTS'] === '1') {
      writeFileSync(fileOf(name), `${JSON.stringify(fixture, null, 2)}\n`)
    }
    expect(fixture).toEqual({ ...readFixture(name), source: fixture.source })
  })
})

describe('from its transcript', () => {
  test.each(Object.entries(scenarios))(
    '%s makes the same calls, and the same of their answers',
    (name, scenario) => {
      const fixture = readFixture(name)
      const abi = kqueueAbis.find((candidate) => candidate.name === fixture.abi)
      if (abi === undefined) throw new RangeError(`there is no interface ${fixture.abi}`)
      const plain = openLibc()
      const transcript = new TranscriptKqueue(abi, fixture)
      // The interface is found out before the transcript begins.
      let calls: KqueueCalls = new MemoryKqueue(plain, abi)
      const libc = withKqueue(plain, {
        kqueue: () => calls.kqueue(),
        kevent: (...args) => calls.kevent(...args),
        owns: (fd) => calls.owns(fd),
        errno: () => calls.errno(),
      })
      expect(abiOf(libc)).toBe(abi)
      calls = transcript
      expect([run(libc, scenario), transcript.left]).toEqual([fixture.said, 0])
    },
  )
})
