/** What an interface reports of a descriptor right now, for checks that compare what is said with what is true. */
import type { BackendName } from '../../../backends/index.ts'
import { EPOLL_CLOEXEC, EPOLL_CTL, POLL } from '../../../libc/constants/linux.ts'
import { layouts } from '../../../libc/layouts.ts'
import { Memory } from '../../../libc/memory.ts'
import type { Machine } from '../../machine.ts'
import { formatMask, parseMask } from '../../masks.ts'
import { underTest } from '../../operations/calls.ts'
import { encodeEvent, eventBuffer } from '../../operations/events.ts'
import { pollAdd } from '../../rings/requests.ts'
import { isErrno, RingUse } from '../../rings/use.ts'
import { classic } from '../../classic.ts'

const SET_SIZE = layouts.fd_set.size

/** What a backend reports of a descriptor that it is asked for, in the bits of poll. */
export function observe(machine: Machine, backend: BackendName, fd: string, mask: number): number {
  if (backend === 'io_uring') return observeByRing(machine, fd, mask)
  switch (classic(backend)) {
    case 'epoll':
      return observeByEpoll(machine, fd, mask)
    case 'poll':
      return observeByPoll(machine, fd, mask)
    case 'select':
      return observeBySelect(machine, fd, mask)
  }
}

function observeByPoll(machine: Machine, fd: string, mask: number): number {
  const { size, offsets } = layouts.pollfd
  const pollfd = new Memory(size)
  pollfd.view.setInt32(offsets.fd, machine.fd(fd), true)
  pollfd.view.setInt16(offsets.events, mask, true)
  underTest(machine, 'poll', pollfd.address, 1, 0)
  return pollfd.view.getUint16(offsets.revents, true)
}

/** Asks a ring of its own, which is emptied afterwards. A poll that is refused reports nothing. */
function observeByRing(machine: Machine, fd: string, mask: number): number {
  const use = new RingUse(machine, { entries: 4, flags: [] })
  use.push([pollAdd(fd, fd, formatMask(mask))])
  machine.expect(use.submit(), 1, 'io_uring_enter says that it took')
  const result = use.collect()[0]?.[1] ?? '0'
  use.giveBack()
  return isErrno(result) ? 0 : parseMask(result)
}

/** Asks an epoll of its own, which is gone again afterwards. */
function observeByEpoll(machine: Machine, fd: string, mask: number): number {
  const name = `epoll that looks at ${fd}`
  machine.bind(name, underTest(machine, 'epoll_create1', EPOLL_CLOEXEC))
  const event = encodeEvent(mask, 0n)
  underTest(machine, 'epoll_ctl', machine.fd(name), EPOLL_CTL.ADD, machine.fd(fd), event.address)
  const events = eventBuffer(1)
  const count = underTest(machine, 'epoll_wait', machine.fd(name), events.address, 1, 0)
  machine.closeFd(name)
  return count === 0 ? 0 : events.view.getUint32(layouts.epoll_event.offsets.events, true)
}

/** The sets of select as bits: read is IN, write is OUT, except is PRI. */
function observeBySelect(machine: Machine, fd: string, mask: number): number {
  const number = machine.fd(fd)
  const sets = new Memory(3 * SET_SIZE)
  const timeout = new Memory(layouts.timeval.size)
  const bits = [POLL.IN, POLL.OUT, POLL.PRI]
  const at = (set: number): number => set * SET_SIZE + (number >> 3)
  for (const [set, bit] of bits.entries()) {
    if ((mask & bit) !== 0) sets.view.setUint8(at(set), 1 << (number & 7))
  }
  const [read, write, except] = [sets.address, sets.at(SET_SIZE), sets.at(2 * SET_SIZE)]
  underTest(machine, 'select', number + 1, read, write, except, timeout.address)
  return bits.reduce((sum, bit, set) => sum | (sets.view.getUint8(at(set)) === 0 ? 0 : bit), 0)
}

/** The sets of select, as bits, that a descriptor is in for what poll reports of it. */
export function setsForEvents(revents: number): number {
  const mapped = [
    [POLL.IN, 'IN|HUP|ERR'],
    [POLL.OUT, 'OUT|ERR'],
    [POLL.PRI, 'PRI'],
  ] as const
  return mapped.reduce((sum, [bit, causes]) => sum | ((revents & parseMask(causes)) === 0 ? 0 : bit), 0)
}
