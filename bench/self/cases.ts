/** evloop's own hot paths, one by one. */
import { Interest, ReadinessBatch } from '../../src/backends/backend.ts'
import { backends } from '../../src/backends/index.ts'
import type { Libc } from '../../src/libc/libc.ts'
import { EventLoop } from '../../src/loop/event-loop.ts'
import { fakeKernel } from './fake-kernel.ts'
import type { Group } from './group.ts'
import { assemblingGroup, recordingGroup, replayingGroups } from './recording.ts'
import { userspaceGroups } from './userspace.ts'

/** The lowest descriptor in use: those below are Node's. */
const FIRST_FD = 64
/** How many registrations a sample removes and adds again. */
const CHURN = 500
/** How far the next one is: it shares no factor with the numbers of registrations, so all have their turn. */
const STRIDE = 7919
/** The size of the batches that are decoded. */
const BATCH = 1024

const compared = [backends.epoll, backends.poll] as const

/**
 * Adding and removing must take the same time however many registrations there are. The limit allows for
 * caches: 10 registrations lie in the first one, 100,000 do not lie in the second one either.
 */
const registration: (libc: Libc) => Group[] = (libc) =>
  compared.map((backend) => ({
    name: `EventLoop on ${backend.name}: remove and add one of N`,
    unit: 'pair',
    limit: 10,
    cases: [10, 1000, 100_000].map((count) => {
      const loop = new EventLoop(fakeKernel(libc), { backend })
      for (let i = 0; i < count; i++) loop.addRead(FIRST_FD + i, i)
      let next = 0
      return {
        name: `N = ${count}`,
        operations: CHURN,
        run() {
          for (let i = 0; i < CHURN; i++) {
            next = (next + STRIDE) % count
            loop.delRead(FIRST_FD + next)
            loop.addRead(FIRST_FD + next, next)
          }
        },
      }
    }),
  }))

/** What a Poller makes of what the kernel has left in memory. */
const decoding = (libc: Libc): Group => ({
  name: `a batch of ${BATCH} events, decoded`,
  unit: 'event',
  cases: compared.map((backend) => {
    const fds = Array.from({ length: BATCH }, (_, i) => FIRST_FD + i)
    const poller = backend.open(fakeKernel(libc, fds))
    for (const fd of fds) poller.add(fd, Interest.READ, fd)
    const batch = new ReadinessBatch(BATCH)
    return {
      name: backend.name,
      operations: BATCH,
      run() {
        const n = poller.wait(batch, 0)
        if (n !== BATCH || batch.fds[BATCH - 1] !== fds.at(-1)) {
          throw new Error(`${backend.name} has decoded ${n} events of ${BATCH}`)
        }
      },
    }
  }),
})

/** Everything that is measured. */
export function allGroups(libc: Libc): Group[] {
  return [
    ...registration(libc),
    decoding(libc),
    recordingGroup(libc),
    assemblingGroup(libc),
    ...replayingGroups(libc),
    ...userspaceGroups(libc),
  ]
}
