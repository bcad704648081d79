/**
 * `userspace`: an epoll in user space, an executable model of what epoll does. It watches descriptors of a world of its
 * own (`userspace/world.ts`), and no others; the Poller over it is that of epoll, which cannot tell the difference.
 */
import { openEpoll, epoll } from './epoll.ts'
import type { Backend } from './backend.ts'
import { createWorld } from './userspace/world.ts'

export const userspace: Backend = {
  name: 'userspace',
  capabilities: epoll.capabilities,
  onRequest: true,
  speaks: 'epoll',
  unrepeatable: 'it makes no native call that could be recorded; --driver ffi measures it call by call',
  isPresent: () => true,
  availability: () => ({ available: true }),
  world: createWorld,
  open(libc) {
    // A Poller over the machine itself would be one of epoll, under a name that says that it is not.
    if (libc.openNumbers === undefined)
      throw new TypeError('userspace works in a world of its own: see Backend.world')
    return openEpoll(libc, userspace)
  },
}
