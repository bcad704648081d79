/**
 * io_uring by raw system calls and mapped rings. Setting one up proves little: gVisor's takes NOP and refuses
 * POLL_ADD, without which an event loop cannot use it. So each operation is really done.
 */
import { SystemError } from '../../errors.ts'
import { IORING_CQE_F_MORE, IORING_OP, IORING_POLL } from '../../libc/constants/io-uring.ts'
import { EPOLL, POLL } from '../../libc/constants/linux.ts'
import { layouts } from '../../libc/layouts.ts'
import { errnoName } from '../../libc/libc.ts'
import type { Libc } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import { Ring } from '../../libc/ring.ts'
import type { Completion, Submission } from '../../libc/ring.ts'
import { EpollInstance } from './epoll-instance.ts'
import { expectEqual, Misbehaviour, NoEffect } from './feature.ts'
import type { Feature } from './feature.ts'
import { Source } from './sources.ts'

export const ioUringFeatures = {
  setup: { since: '5.1', option: 'CONFIG_IO_URING', attempt: setup },
  NOP: { since: '5.1', attempt: nop },
  POLL_ADD: { since: '5.1', attempt: pollAdd },
  POLL_ADD_MULTI: { since: '5.13', attempt: pollAddMultishot },
  EPOLL_WAIT: { since: '6.15', attempt: epollWait },
} as const satisfies Record<string, Feature>

const ENTRIES = 4

function setup(libc: Libc): undefined {
  using _ring = new Ring(libc, ENTRIES)
}

function nop(libc: Libc): undefined {
  using ring = new Ring(libc, ENTRIES)
  expectEqual('result of NOP', complete(ring, 'IORING_OP_NOP', { opcode: IORING_OP.NOP }).result, 0)
}

function pollAdd(libc: Libc): undefined {
  using ring = new Ring(libc, ENTRIES)
  using source = new Source(libc).makeReady()
  const { result } = complete(ring, 'IORING_OP_POLL_ADD', pollOf(source.fd))
  expectEqual('poll mask of a ready descriptor', result, POLL.IN)
}

function pollAddMultishot(libc: Libc): undefined {
  using ring = new Ring(libc, ENTRIES)
  using source = new Source(libc).makeReady()
  const request = { ...pollOf(source.fd), len: IORING_POLL.ADD_MULTI }
  const { result, flags } = complete(ring, 'IORING_OP_POLL_ADD with IORING_POLL_ADD_MULTI', request)
  expectEqual('poll mask of a ready descriptor', result, POLL.IN)
  if ((flags & IORING_CQE_F_MORE) === 0)
    throw new NoEffect('IORING_POLL_ADD_MULTI is accepted, and fires once')
}

function epollWait(libc: Libc): undefined {
  using ring = new Ring(libc, ENTRIES)
  using source = new Source(libc).makeReady()
  using epoll = new EpollInstance(libc)
  epoll.add(source.fd, EPOLL.IN)
  const events = new Memory(layouts.epoll_event.size)
  const { result } = complete(ring, 'IORING_OP_EPOLL_WAIT', {
    opcode: IORING_OP.EPOLL_WAIT,
    fd: epoll.fd,
    addr: events.address,
    len: 1,
  })
  expectEqual('events of a ready instance', result, 1)
}

function pollOf(fd: number): Submission {
  return { opcode: IORING_OP.POLL_ADD, fd, op_flags: POLL.IN }
}

const USER_DATA = 0x1234_5678

/** Submits a request that can be completed at once, and takes its completion. Throws where it failed. */
function complete(ring: Ring, name: string, submission: Submission): Completion {
  ring.submit({ ...submission, user_data: USER_DATA }, 1)
  const completion = ring.take()
  if (completion === undefined) throw new Misbehaviour(`${name} has no completion, though one was waited for`)
  expectEqual(`user data of the completion of ${name}`, completion.userData, USER_DATA)
  const errno = -completion.result
  if (errno > 0) throw new SystemError(name, errno, errnoName(errno))
  return completion
}
