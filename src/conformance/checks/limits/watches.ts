import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { UnsupportedError } from '../../../errors.ts'
import { EPOLL, EPOLL_CTL, IN_FLAGS } from '../../../libc/constants/linux.ts'
import { errnoName } from '../../../libc/libc.ts'
import { add, close, del, epoll, eventfd, mod, wait } from '../../build.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { resultOf } from '../../native-call.ts'
import { encodeEvent } from '../../operations/events.ts'

/** A limit of the user above this is not tried: it would take long, and what others need would be taken. */
const MOST_ENTRIES = 20_000
const MOST_INSTANCES = 512

/** The kernel keeps a part of the count with each processor. */
const SLACK_PER_PROCESSOR = 64

/** How many descriptors are in every epoll. */
const ROWS = 150

/** Limits that all processes of a user share. */
export const watches: readonly Check[] = [
  epollCheck({
    id: 'lim.max-user-watches',
    statement:
      'Beyond fs.epoll.max_user_watches ADD fails with ENOSPC, for root too; MOD and DEL still work, and after a DEL or a close there is room again.',
    source: 'epoll(7): max_user_watches; epoll_ctl(2): ENOSPC; measured',
    descriptors: ROWS + Math.ceil(MOST_ENTRIES / ROWS) + 16,
    differs:
      'The default is a part of the memory: hundreds of thousands. Only a limit that was lowered is tried.',
    run(machine) {
      const limit = limitOf('/proc/sys/fs/epoll/max_user_watches', MOST_ENTRIES)
      machine.run(eventfd('e', 1), eventfd('f', 1), epoll('ep'), add('ep', 'e', 'IN'))
      const [made, error] = fillWithEntries(machine, limit + SLACK_PER_PROCESSOR * availableParallelism())
      machine.begin(`ADD of ${made} entries, where the limit is ${limit}`)
      machine.expect(error, 'ENOSPC', 'epoll_ctl')
      machine.run(add('ep', 'f', 'IN', { expect: 'ENOSPC' }))
      machine.run(mod('ep', 'e', 'IN|OUT'), wait('ep', { e: 'IN|OUT' }))
      // Other processes of the user may take what becomes free.
      for (const free of [del('full0', 'e'), del('full1', 'e'), close('full2')]) machine.run(free)
      machine.run(add('ep', 'f', 'IN'), wait('ep', { e: 'IN|OUT', f: 'IN' }))
    },
  }),
  epollCheck({
    id: 'lim.inotify-instances',
    statement:
      'Beyond fs.inotify.max_user_instances inotify_init1 fails with EMFILE, and after a close there is room again.',
    level: 'de-facto',
    source: 'inotify(7); inotify_init(2): EMFILE; LTP',
    run(machine) {
      const limit = limitOf('/proc/sys/fs/inotify/max_user_instances', MOST_INSTANCES)
      const { libc } = machine
      const fds: number[] = []
      machine.cleanups.push(() => {
        for (const fd of fds) libc.fn.close(fd)
      })
      const init = (): number | string => resultOf(libc, 'inotify_init1', IN_FLAGS.CLOEXEC)
      machine.begin(`inotify_init1, where the limit is ${limit}`)
      let result = init()
      while (typeof result === 'number' && fds.push(result) <= limit) result = init()
      if (result === 'ENOSYS' || result === 'EPERM') throw new UnsupportedError('inotify', result)
      machine.expect(result, 'EMFILE', `inotify_init1 after ${fds.length} instances`)
      // Other processes of the user may take what becomes free.
      machine.begin('inotify_init1 after a close')
      for (const fd of fds.splice(-3)) libc.fn.close(fd)
      const again = init()
      if (typeof again === 'number') fds.push(again)
      machine.expect(typeof again === 'number' ? 'a descriptor' : again, 'a descriptor', 'inotify_init1')
    },
  }),
]

/** A limit of the user, as the kernel tells it. Throws `UnsupportedError` where it is not known, or large. */
function limitOf(path: string, most: number): number {
  let limit: number
  try {
    limit = Number(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new UnsupportedError(path, error instanceof Error ? error.message : String(error))
  }
  if (limit <= most) return limit
  throw new UnsupportedError(path, `it is ${limit}, which is not tried: up to ${most} are`)
}

/** Adds one descriptor to many epolls, and many to each. Returns how many entries were made, and the first errno. */
function fillWithEntries(machine: Machine, most: number): [made: number, error: string] {
  const { libc } = machine
  const event = encodeEvent(EPOLL.IN, 1n)
  const fds = Array.from({ length: ROWS }, (_, i) => `entry${i}`)
  machine.run(...fds.map((fd) => eventfd(fd)))
  const numbers = ['e', ...fds].map((fd) => machine.fd(fd))
  let made = 0
  for (let i = 0; made <= most; i++) {
    machine.run(epoll(`full${i}`))
    const ep = machine.fd(`full${i}`)
    for (const fd of numbers) {
      if (libc.fn.epoll_ctl(ep, EPOLL_CTL.ADD, fd, event.address) === -1)
        return [made, errnoName(libc.errno())]
      made++
    }
  }
  return [made, 'no error']
}
