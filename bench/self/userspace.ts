/** The epoll of user space: what it costs, and that what must not grow does not. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { Interest, ReadinessBatch } from '../../src/backends/backend.ts'
import { backends } from '../../src/backends/index.ts'
import { createWorld } from '../../src/backends/userspace/world.ts'
import { Player } from '../../src/conformance/differential/program.ts'
import { EFD } from '../../src/libc/constants/linux.ts'
import type { Libc } from '../../src/libc/libc.ts'
import { randomProgram } from '../../src/testing/random-programs.ts'
import type { Case, Group } from './group.ts'

const CHURN = 500
const BATCH = 1024
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
    const fd = fds.at(-1) ?? -1
    return {
      name: `N = ${registered}`,
      operations: CHURN,
      run() {
        for (let i = 0; i < CHURN; i++) {
          poller.remove(fd)
          poller.add(fd, Interest.READ, fd)
        }
      },
    }
  }),
})

const waiting = (libc: Libc): Group => {
  const { poller } = pollerOver(libc, BATCH, 1)
  const batch = new ReadinessBatch(BATCH)
  return {
    name: `userspace: ${BATCH} level-triggered events, through wait`,
    unit: 'event',
    cases: [
      {
        name: 'wait',
        operations: BATCH,
        run() {
          const n = poller.wait(batch, 0)
          if (n !== BATCH) throw new Error(`${n} events of ${BATCH}`)
        },
      },
    ],
  }
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
