/** The epoll of user space: what it costs, and that what must not grow does not. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Interest, ReadinessBatch } from '../../src/backends/backend.ts'
import { backends } from '../../src/backends/index.ts'
import { EventCounter } from '../../src/backends/userspace/files/event-counter.ts'
import { EpollState } from '../../src/backends/userspace/machine/epoll-state.ts'
import { complete } from '../../src/backends/userspace/machine/steps.ts'
import { createWorld } from '../../src/backends/userspace/world.ts'
import { programsOf } from '../../src/conformance/fuzz/generate.ts'
import { Lockstep } from '../../src/conformance/fuzz/lockstep.ts'
import { Player } from '../../src/conformance/scenarios/player.ts'
import { EFD, EPOLL } from '../../src/libc/constants/linux.ts'
import type { Libc } from '../../src/libc/libc.ts'
import type { Case, Group } from './group.ts'

const CHURN = 500
const BATCH = 1024
/** How far the next one is: it shares no factor with the numbers of registrations, so all have their turn. */
const STRIDE = 7919
/** Of 64 programs each. */
const CHUNKS = 3

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

/** Random programs, as `evloop fuzz` plays them: on the model alone, and on epoll and the model in lockstep. */
const programs = (libc: Libc): Group => {
  const directory = mkdtempSync(join(tmpdir(), 'evloop-bench-'))
  const all = Array.from({ length: CHUNKS }, (_, chunk) => programsOf('epoll', 1, chunk)).flat()
  const model = new Player(createWorld(libc), backends.userspace, directory)
  const lockstep = new Lockstep(libc, backends.epoll, directory)
  const playing = (name: string, play: (program: (typeof all)[number]) => void): Case => ({
    name,
    operations: all.length,
    run() {
      for (const program of all) play(program)
    },
    close: () => rmSync(directory, { recursive: true, force: true }),
  })
  return {
    name: 'random programs of up to 60 steps',
    unit: 'program',
    cases: [
      playing('the model alone', (program) => void model.play(program)),
      playing('epoll and the model', (program) => {
        if (lockstep.compare(program) !== undefined)
          throw new Error('a program differs: see evloop fuzz --seed 1')
      }),
    ],
  }
}

export function userspaceGroups(libc: Libc): Group[] {
  return [registration(libc), waiting(libc), programs(libc)]
}
