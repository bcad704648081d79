import { existsSync } from 'node:fs'
import { UnsupportedError } from '../../../errors.ts'
import { EPOLL, EPOLL_CTL } from '../../../libc/constants/linux.ts'
import { syscallNumbers } from '../../../libc/constants/syscalls.ts'
import { close, epoll, pipe, wait, write } from '../../build.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import { encodeEvent } from '../../operations/events.ts'
import { LONGEST_WAIT_MS } from '../../patience.ts'
import { sleepSync } from '../../../sleep.ts'
import { WaiterThread } from '../../threads/thread-pool.ts'

export const exit: Check = epollCheck({
  id: 'thr.epoll-in-thread-exit',
  statement: 'What a thread has added stays in the epoll when the thread has ended.',
  level: 'de-facto',
  kind: 'thread',
  source: 'epoll-shim',
  differs: 'Where entries belong to threads (libkqueue, some shims), they go with them.',
  // It starts one of its own, for those of the pool live on. Where there are none, it cannot.
  threads: 1,
  descriptors: 24,
  run(machine) {
    // Also because its descriptors must be gone before the next check counts those that are open.
    if (!existsSync('/proc/self/task') || syscallNumbers() === undefined) {
      throw new UnsupportedError('the end of a thread', 'without /proc nobody can tell that it is gone')
    }
    machine.run(pipe('r', 'w'), epoll('ep'))
    const event = encodeEvent(EPOLL.IN, machine.labels.data('r'))
    machine.keep(event)
    machine.begin('a thread adds r to ep, and ends')
    const thread = new WaiterThread(machine.libc.plan)
    thread.ready()
    const args = [machine.fd('ep'), EPOLL_CTL.ADD, machine.fd('r'), event.address]
    thread.post({ calls: [{ fn: 'epoll_ctl', args, accept: [0] }], rounds: 1 })
    const result = thread.join(LONGEST_WAIT_MS)
    thread.exit()
    machine.expect(result?.result ?? -1, 0, 'epoll_ctl in the thread')
    untilGone(thread)
    machine.run(
      wait('ep', {}),
      write('w', 1),
      wait('ep', { r: 'IN' }),
      wait('ep', { r: 'IN' }),
      close('w'),
      wait('ep', { r: 'IN|HUP' }),
    )
  },
})

/** Waits until the kernel knows the thread no more, and its descriptors are closed. */
function untilGone({ tid }: WaiterThread): void {
  const end = performance.now() + LONGEST_WAIT_MS
  while (tid !== undefined && existsSync(`/proc/self/task/${tid}`)) {
    if (performance.now() > end) throw new Error('a thread that was to end lives on')
    sleepSync(1)
  }
}
