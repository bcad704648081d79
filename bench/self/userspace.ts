/** The epoll of user space: what it costs, and that what must not grow does not. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { Interest, ReadinessBatch } from '../../src/backends/backend.ts'
import { backends } from '../../src/backends/index.ts'
import { EventCounter } from '../../src/backends/userspace/files/event-counter.ts'
import { EpollState } from '../../src/backends/userspace/machine/epoll-state.ts'
import { complete } from '../../src/backends/userspace/machine/steps.ts'
import { createWorld } from '../../src/backends/userspace/world.ts'
import { Player } from '../../src/conformance/differential/program.ts'
import { EFD, EPOLL } from '../../src/libc/constants/linux.ts'
import type { Libc } from '../../src/libc/libc.ts'
import { randomProgram } from '../../src/testing/random-programs.ts'
import type { Case, Group } from './group.ts'

const CHURN = 500
const BATCH = 1024
/** How far the next one is: it shares no factor with the numbers of registrations, so all have their turn. */
const STRIDE = 7919
const PROGRAMS = 200
const OPERATIONS = 60

/** One Poller with so many counters that are `count`, and the numbers of their descriptors. */
function pollerOver(libc: Libc, registered: number, count: number) {
  const world = createWorld(libc)
  const poller = backends.userspace.open(world)
  const fds = Array.from({ length: registered }, () => world.fn.eventfd(count, EFD.NONBLOCK))
  for (const fd of fds) poller.add(fd, Interest.READ, fd)
  return { poller, fds }
}

const registration = (libc: Libc): Group => ({
  name: 'userspace: remove and add one of N',
  unit: 'pair',
  limit: 10,
  cases: [10, 1000, 100_000].map((registered) => {
    const { poller, fds } = pollerOver(libc, registered, 0)
    let next = 0
    return {
      name: `N = ${registered}`,
      operations: CHURN,
      run() {
        for (let i = 0; i < CHURN; i++) {
          next = (next + STRIDE) % registered
          const fd = fds[next] ?? -1
          poller.remove(fd)
          poller.add(fd, Interest.READ, fd)
        }
      },
    }
  }),
})

/** Through the Poller, which decodes what is written into memory, as many as there is room for at a time; and without. */
const waiting = (libc: Libc): Group => ({
  name: 'userspace: level-triggered events',
  unit: 'event',
  cases: [
    ...[
      { registered: BATCH, room: BATCH },
      { registered: BATCH, room: 16 },
      { registered: 100_000, room: BATCH },
    ].map(({ registered, room }): Case => {
      const { poller } = pollerOver(libc, registered, 1)
      const batch = new ReadinessBatch(room)
      return {
        name: `wait, ${room} of ${registered}`,
        operations: BATCH,
        run() {
          for (let i = 0; i < BATCH; i += room) expectCount(poller.wait(batch, 0), room)
        },
      }
    }),
    machineAlone(),
  ],
})

function machineAlone(): Case {
  const state = new EpollState()
  for (let fd = 0; fd < BATCH; fd++) {
    const request = { events: EPOLL.IN, dataLow: fd, dataHigh: 0 }
    complete(state.add(fd, new EventCounter(1n, false, true), request))
  }
  const sink = { put: () => true }
  return {
    name: 'the machine',
    operations: BATCH,
    run: () => expectCount(complete(state.drainReady(BATCH, sink)).count, BATCH),
  }
}

function expectCount(count: number, expected: number): void {
  if (count !== expected) throw new Error(`${count} events of ${expected}`)
}

const programs = (libc: Libc): Group => {
  const directory = mkdtempSync(join(tmpdir(), 'evloop-bench-'))
  const all = fc.sample(randomProgram(OPERATIONS), { numRuns: PROGRAMS, seed: 1 })
  const playing = (name: string, player: Player): Case => ({
    name,
    operations: PROGRAMS,
    run() {
      for (const program of all) player.play(program)
    },
    close: () => rmSync(directory, { recursive: true, force: true }),
  })
  return {
    name: `random programs of up to ${OPERATIONS} operations`,
    unit: 'program',
    cases: [
      playing('userspace', new Player(createWorld(libc), directory)),
      playing('the machine', new Player(libc, directory)),
    ],
  }
}

export function userspaceGroups(libc: Libc): Group[] {
  return [registration(libc), waiting(libc), programs(libc)]
}
