import { layouts } from '../../../libc/layouts.ts'
import { sys } from '../../../libc/libc.ts'
import { Memory } from '../../../libc/memory.ts'
import type { Pointer } from '../../../libc/signatures.ts'
import { NULL } from '../../../libc/signatures.ts'
import { MAP, PROT } from '../../../libc/constants/linux.ts'
import { add, call, del, epoll, eventfd, wait } from '../../build.ts'
import type { Check } from '../../check.ts'
import { epollCheck } from '../../define.ts'
import type { Machine } from '../../machine.ts'
import { resultOf } from '../../native-call.ts'
import { decodeEvents } from '../../operations/events.ts'
import { expectEvents } from '../../operations/native.ts'
import { pageSize } from '../../operations/pages.ts'
import { classic, classicNames } from '../../classic.ts'

const INT_MAX = 0x7fffffff
const INT_MIN = -0x80000000

/** The largest number of events whose size in bytes is an int: what the kernel calls EP_MAX_EVENTS. */
const MOST_EVENTS = Math.floor(INT_MAX / layouts.epoll_event.size)

/** Low enough that two gigabytes follow it in every address space, also in one of 39 bits. */
const LOW_ADDRESS = 0x40_0000_0000 as Pointer

/** The numbers of events that may be asked for. */
export const sizes: readonly Check[] = [
  epollCheck({
    id: 'batch.maxevents-invalid',
    statement:
      'A wait for no events, or for a negative number of them, fails with EINVAL at once, and leaves buffer and event alone.',
    source: 'epoll_wait(2); LTP epoll_wait03; epoll-shim; Miri',
    bugs: ['wasmerio/wasmer#6608: maxevents of 0 was not refused'],
    differs:
      'Where the descriptor is bad as well, older Linux kernels tell EINVAL and newer ones EBADF, so that is not checked.',
    run(machine) {
      machine.run(eventfd('ready', 1), eventfd('quiet'), epoll('ep'), epoll('idle'))
      machine.run(add('ep', 'ready', 'IN|ET'), add('idle', 'quiet', 'IN'))
      const buffer = new Memory(2 * layouts.epoll_event.size)
      buffer.bytes.fill(0xa5)
      for (const ep of ['ep', 'idle']) {
        for (const max of [0, -1, INT_MIN]) {
          machine.begin(`epoll_wait(${ep}, ${max} events, 1000 ms)`)
          machine.expect(
            resultOf(machine.libc, 'epoll_wait', machine.fd(ep), buffer.address, max, 1000),
            'EINVAL',
            'epoll_wait',
          )
          machine.expect(
            buffer.bytes.every((byte) => byte === 0xa5) ? 'untouched' : 'written to',
            'untouched',
            'the buffer',
          )
        }
      }
      // The edge was not used up by the calls that were refused.
      machine.run(wait('ep', { ready: 'IN' }), wait('ep', {}))
    },
  }),
  epollCheck({
    id: 'batch.maxevents-limit',
    statement: `A wait for as many events as fill ${INT_MAX} bytes is made, and one for more fails with EINVAL.`,
    level: 'de-facto',
    source: 'epoll-shim; EP_MAX_EVENTS of Linux',
    differs:
      'The size of an event decides: 12 bytes on x86-64, 16 elsewhere. Programs pass a large number to say: all.',
    run(machine) {
      machine.run(eventfd('a', 1), eventfd('b', 1), eventfd('quiet'), epoll('ep'))
      machine.run(add('ep', 'a', 'IN'), add('ep', 'b', 'IN'), add('ep', 'quiet', 'IN'))
      const buffer = bufferBelowRoom(machine)
      const ask = (max: number): number | string =>
        resultOf(machine.libc, 'epoll_wait', machine.fd('ep'), buffer, max, 0)
      for (const max of [MOST_EVENTS, MOST_EVENTS - 1]) {
        machine.begin(`epoll_wait(ep, ${max} events, 0 ms)`)
        machine.expect(ask(max), 2, 'epoll_wait')
      }
      const events = new Memory(2 * layouts.epoll_event.size)
      machine.libc.fn.memcpy(events.address, buffer, events.bytes.length)
      expectEvents(decodeEvents(machine, events, 2), [
        ['a', 'IN'],
        ['b', 'IN'],
      ])
      for (const max of [MOST_EVENTS + 1, INT_MAX]) {
        machine.begin(`epoll_wait(ep, ${max} events, 0 ms)`)
        machine.expect(ask(max), 'EINVAL', 'epoll_wait')
      }
    },
  }),
  {
    id: 'batch.empty-set',
    statement:
      'A wait for nothing at all returns 0: at once where it is told to, and else when its time is over, not before.',
    level: 'contract',
    kind: 'time',
    source: 'gVisor Timeout; epoll(7); poll(2); select(2)',
    bugs: ['wasmerio/wasmer#6073, WasmEdge/WasmEdge#2717: a wait for nothing hangs'],
    backends: classicNames,
    steps: (backend) => {
      switch (classic(backend)) {
        case 'epoll':
          return [
            epoll('ep'),
            wait('ep', {}),
            wait('ep', {}, { timeoutMs: 15 }),
            // As empty again once its only entry is gone.
            eventfd('e', 1),
            add('ep', 'e', 'IN'),
            del('ep', 'e'),
            wait('ep', {}),
            wait('ep', {}, { timeoutMs: 5 }),
          ]
        case 'poll':
          return [
            { op: 'poll', fds: {}, expect: {}, timeoutMs: 0 },
            { op: 'poll', fds: {}, expect: {}, timeoutMs: 15 },
            call('poll', [NULL, 0, 0], 0),
          ]
        case 'select':
          return [
            { op: 'select', fds: {}, expect: {}, timeoutMs: 0 },
            { op: 'select', fds: {}, expect: {}, timeoutMs: 15 },
            call('select', [0, NULL, NULL, NULL, { bytes: layouts.timeval.size }], 0),
          ]
      }
    },
  },
]

/** A page that is far from the end of the address space: the kernel looks at where a buffer would end. */
function bufferBelowRoom(machine: Machine): Pointer {
  const length = pageSize(machine)
  const flags = MAP.PRIVATE | MAP.ANONYMOUS
  const address = sys(machine.libc, 'mmap', LOW_ADDRESS, length, PROT.READ | PROT.WRITE, flags, -1, 0)
  machine.cleanups.push(() => sys(machine.libc, 'munmap', address, length))
  return address
}
