import { MAP, PROT } from '../../../libc/constants/linux.ts'
import { layouts } from '../../../libc/layouts.ts'
import { errnoName, sys } from '../../../libc/libc.ts'
import { Memory } from '../../../libc/memory.ts'
import { NULL } from '../../../libc/signatures.ts'
import type { Pointer } from '../../../libc/signatures.ts'
import { add, closeAll, counter, epoll, eventfd, poll, select, signal, wait } from '../../build.ts'
import { Failure } from '../../check.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { resultOf } from '../../native-call.ts'
import { decodeEvents, pollfdFor } from '../../operations/events.ts'
import { expectEvents } from '../../operations/native.ts'
import { mapUnwritablePage, pageSize } from '../../operations/pages.ts'
import { LONGEST_WAIT_MS, WOKEN } from '../../patience.ts'
import type { Invocation } from '../../threads/job.ts'
import { classic, classicNames } from '../../classic.ts'

const { size: EVENT_SIZE } = layouts.epoll_event

/** In the kernel's half of the address space. */
const KERNEL_ADDRESS = -4096 as Pointer

/** In the first page, which no program maps. */
const FIRST_PAGE = 16 as Pointer

/** What becomes of an event that cannot be written to where it should go. */
export const buffers: readonly Check[] = [
  epollCheck({
    id: 'batch.buffer-efault',
    statement:
      'With an event to return, a buffer that cannot be written to is EFAULT; without one it is not looked at.',
    source: 'epoll_wait(2); LTP epoll_wait03; StarryOS; measured',
    run(machine) {
      machine.run(eventfd('e', 1), epoll('ep'), add('ep', 'e', 'IN'))
      const buffers = badBuffers(machine)
      for (const [what, address] of buffers) {
        machine.begin(`epoll_wait(ep, ${what}, 2 events, 0 ms) with an event`)
        machine.expect(ask(machine, 'ep', address, 2), 'EFAULT', 'epoll_wait')
      }
      machine.run(wait('ep', { e: 'IN' }), counter('e', '1'))
      for (const [what, address] of buffers) {
        if (address === KERNEL_ADDRESS) continue
        machine.begin(`epoll_wait(ep, ${what}, 2 events, 0 ms) without an event`)
        machine.expect(ask(machine, 'ep', address, 2), 0, 'epoll_wait')
      }
      machine.run(signal('e'), wait('ep', { e: 'IN' }))
    },
  }),
  epollCheck({
    id: 'batch.efault-not-lossy',
    statement:
      'An event that could not be written (EFAULT) is still there: level-triggered, edge-triggered or one-shot. Where only some fit, these are returned, and the others later.',
    level: 'de-facto',
    source: 'measured',
    differs: 'gVisor takes edges and one-shot events off before it writes them, and loses them.',
    run(machine) {
      for (const mask of ['IN', 'IN|ET', 'IN|ONESHOT', 'IN|ET|ONESHOT']) {
        machine.run(eventfd('a', 1), eventfd('b', 1), epoll('ep'), add('ep', 'a', mask), add('ep', 'b', mask))
        for (const [what, address] of badBuffers(machine)) {
          machine.begin(`epoll_wait(ep, ${what}, 2 events, 0 ms), entries ${mask}`)
          machine.expect(ask(machine, 'ep', address, 2), 'EFAULT', 'epoll_wait')
        }
        machine.run(wait('ep', { a: 'IN', b: 'IN' }), closeAll())
        takeByHalves(machine, mask)
        machine.run(closeAll())
      }
    },
  }),
  {
    id: 'batch.buffer-unmapped-while-blocked',
    statement:
      'When the memory for the result is unmapped during the wait, the wait ends with EFAULT, and what it could not tell is told by the next.',
    level: 'contract',
    kind: 'thread',
    source: 'StarryOS user-buffer-race; epoll_wait(2), poll(2): EFAULT; measured',
    bugs: ['rcore-os/tgoskits: a kernel that checked the buffer before the wait wrote to it afterwards'],
    backends: classicNames,
    threads: 1,
    run(machine) {
      machine.run(eventfd('e'), eventfd('quiet'))
      if (machine.backend === 'epoll') {
        machine.run(epoll('ep'), add('ep', 'e', 'IN|ET'), add('ep', 'quiet', 'IN'))
      }
      const page = mapGuardedPage(machine)
      const invocation = waitInto(machine, page.address)
      const thread = machine.acquireThread()
      machine.begin(`a thread waits for e: ${invocation.fn}`)
      thread.post({ calls: [invocation], rounds: 1 })
      const blocks = thread.waitUntilBlocked()
      page.unmap()
      machine.run(signal('e'))
      machine.begin(`the memory of ${invocation.fn} is unmapped during the wait, and e becomes ready`)
      const result = thread.join(LONGEST_WAIT_MS)
      if (result === undefined) throw new Failure(`${invocation.fn} returns`, 'it is still waiting')
      if (!blocks) throw new Failure(`${invocation.fn} waits`, `it returned ${result.result} at once`)
      machine.expect(result.result === -1 ? errnoName(result.errno) : result.result, 'EFAULT', invocation.fn)
      switch (classic(machine.backend)) {
        case 'epoll':
          machine.run(wait('ep', { e: 'IN' }), wait('ep', {}))
          break
        case 'poll':
          machine.run(poll({ e: 'IN', quiet: 'IN' }, { e: 'IN' }))
          break
        case 'select':
          machine.run(select({ e: 'r', quiet: 'r' }, { e: 'r' }))
          break
      }
      machine.run(counter('e', '1'))
    },
  },
]

const ask = (machine: Machine, ep: string, address: Pointer, max: number): number | string =>
  resultOf(machine.libc, 'epoll_wait', machine.fd(ep), address, max, 0)

function badBuffers(machine: Machine): (readonly [what: string, address: Pointer])[] {
  return [
    ['NULL', NULL],
    ['an address in the first page', FIRST_PAGE],
    ['a page without access', mapUnwritablePage(machine, 'NONE')],
    ['a page that is read-only', mapUnwritablePage(machine, 'READ')],
    ['an address of the kernel', KERNEL_ADDRESS],
  ]
}

/** Two events, where the buffer has room for two but only the first can be written. */
function takeByHalves(machine: Machine, mask: string): void {
  machine.run(eventfd('a', 1), eventfd('b', 1), epoll('ep'), add('ep', 'a', mask), add('ep', 'b', mask))
  const page = mapGuardedPage(machine)
  const address = (page.address + page.length - EVENT_SIZE) as Pointer
  machine.begin(`epoll_wait(ep, 2 events, 0 ms), entries ${mask}, with memory for one event`)
  machine.expect(ask(machine, 'ep', address, 2), 1, 'epoll_wait')
  const first = decodeAt(machine, address)
  page.unmap()
  // Which of the two came first is nobody's business.
  const [label, other] = first === 'a' ? ['a', 'b'] : ['b', 'a']
  machine.expect(first, label, 'the event that was written')
  const isLevel = mask === 'IN'
  machine.run(wait('ep', isLevel ? { a: 'IN', b: 'IN' } : { [other]: 'IN' }))
  if (!isLevel) machine.run(wait('ep', {}))
}

function decodeAt(machine: Machine, address: Pointer): string {
  const event = new Memory(EVENT_SIZE)
  machine.libc.fn.memcpy(event.address, address, EVENT_SIZE)
  const events = decodeEvents(machine, event, 1)
  expectEvents(
    events.map(([, mask]) => ['the event', mask]),
    [['the event', 'IN']],
  )
  return events[0]?.[0] ?? ''
}

interface GuardedPage {
  readonly address: Pointer
  readonly length: number
  readonly unmap: () => void
}

/**
 * A page of memory between two that cannot be used. Unmapped, it leaves a hole of one page, which nothing else
 * that this process maps fits into: whoever writes to it writes to nobody's memory.
 */
function mapGuardedPage(machine: Machine): GuardedPage {
  const { libc } = machine
  const length = pageSize(machine)
  const flags = MAP.PRIVATE | MAP.ANONYMOUS
  const guard = sys(libc, 'mmap', NULL, 3 * length, PROT.NONE, flags, -1, 0)
  const address = (guard + length) as Pointer
  let isMapped = true
  const unmap = (): void => {
    if (isMapped) sys(libc, 'munmap', address, length)
    isMapped = false
  }
  machine.cleanups.push(() => {
    unmap()
    sys(libc, 'munmap', guard, length)
    sys(libc, 'munmap', (guard + 2 * length) as Pointer, length)
  })
  sys(libc, 'mprotect', address, length, PROT.READ | PROT.WRITE)
  return { address, length, unmap }
}

/** The backend's own wait for e, with its result at an address. */
function waitInto(machine: Machine, address: Pointer): Invocation {
  const { timeoutMs } = WOKEN
  switch (classic(machine.backend)) {
    case 'epoll':
      return { fn: 'epoll_wait', args: [machine.fd('ep'), address, 8, timeoutMs] }
    case 'poll': {
      copyTo(machine, address, pollfdFor(machine, 'e'))
      copyTo(machine, (address + layouts.pollfd.size) as Pointer, pollfdFor(machine, 'quiet'))
      return { fn: 'poll', args: [address, 2, timeoutMs] }
    }
    case 'select': {
      const set = new Memory(layouts.fd_set.size)
      for (const fd of [machine.fd('e'), machine.fd('quiet')]) {
        set.view.setUint8(fd >> 3, set.view.getUint8(fd >> 3) | (1 << (fd & 7)))
      }
      copyTo(machine, address, set)
      const timeval = new Memory(layouts.timeval.size, { shared: true })
      timeval.view.setBigInt64(0, BigInt(timeoutMs / 1000), true)
      machine.keep(timeval)
      const nfds = Math.max(machine.fd('e'), machine.fd('quiet')) + 1
      return { fn: 'select', args: [nfds, address, NULL, NULL, timeval.address] }
    }
  }
}

function copyTo(machine: Machine, address: Pointer, from: Memory): void {
  machine.libc.fn.memcpy(address, from.address, from.bytes.length)
}
