/** The features of poll and of select. */
import { F, FD_SETSIZE, POLL, SHUT } from '../../libc/constants/linux.ts'
import { OwnedFd, openSocketpair } from '../../libc/fd.ts'
import { layouts } from '../../libc/layouts.ts'
import { sys } from '../../libc/libc.ts'
import type { Libc } from '../../libc/libc.ts'
import { descriptorLimit } from '../../libc/limits.ts'
import { Memory } from '../../libc/memory.ts'
import { NULL } from '../../libc/signatures.ts'
import { Timeval } from '../../backends/timeout.ts'
import { expectEqual, NoEffect, requireFamily } from './feature.ts'
import type { Feature } from './feature.ts'
import { Entry } from './poll-entry.ts'
import { Source } from './sources.ts'
import { tryFineTimeout } from './timeouts.ts'

export const pollFeatures = {
  level: { attempt: pollLevel },
  ppoll: { since: '2.6.16', attempt: ppoll },
  RDHUP: { since: '2.6.17', attempt: pollRdhup },
} as const satisfies Record<string, Feature>

export const selectFeatures = {
  level: { attempt: selectLevel },
  pselect: { since: '2.6.16', attempt: pselect },
  FD_SETSIZE: { attempt: largestDescriptor },
} as const satisfies Record<string, Feature>

function pollLevel(libc: Libc): undefined {
  using source = new Source(libc).makeReady()
  const entry = new Entry(source.fd, POLL.IN)
  for (const round of ['first', 'second']) {
    expectEqual(`entries that the ${round} poll reports`, sys(libc, 'poll', entry.address, 1, 0), 1)
    expectEqual(`revents of the ${round} poll`, entry.revents, POLL.IN)
  }
}

function ppoll(libc: Libc): string | undefined {
  requireFamily(libc, 'ppoll', 'poll')
  using source = new Source(libc)
  const entry = new Entry(source.fd, POLL.IN)
  const late = tryFineTimeout((timeout) => sys(libc, 'ppoll', entry.address, 1, timeout, NULL))
  source.makeReady()
  expectEqual('entries that ppoll reports', sys(libc, 'ppoll', entry.address, 1, NULL, NULL), 1)
  return late
}

function pollRdhup(libc: Libc): undefined {
  const [near, far] = openSocketpair(libc)
  using _near = near
  using _far = far
  sys(libc, 'shutdown', far.fd, SHUT.WR)
  const entry = new Entry(near.fd, POLL.RDHUP)
  sys(libc, 'poll', entry.address, 1, 0)
  if ((entry.revents & POLL.RDHUP) === 0) throw new NoEffect('a half-close is not reported as POLLRDHUP')
}

/** An fd_set with one descriptor in it. */
class DescriptorSet {
  readonly #memory = new Memory(layouts.fd_set.size)
  readonly #fd: number

  constructor(fd: number) {
    this.#fd = fd
  }

  /** The set for the next call, which overwrites it. */
  fill(): Memory['address'] {
    this.#memory.bytes.fill(0)
    this.#memory.view.setUint8(this.#fd >> 3, 1 << (this.#fd & 7))
    return this.#memory.address
  }

  get holdsIt(): boolean {
    return (this.#memory.view.getUint8(this.#fd >> 3) & (1 << (this.#fd & 7))) !== 0
  }
}

/** A call that does not block, of a set with one ready descriptor. */
function expectSelected(libc: Libc, fd: number): void {
  const set = new DescriptorSet(fd)
  const count = sys(libc, 'select', fd + 1, set.fill(), NULL, NULL, new Timeval().set(0))
  expectEqual('descriptors that select reports', count, 1)
  expectEqual('bits of the set that are left', set.holdsIt ? 1 : 0, 1)
}

function selectLevel(libc: Libc): undefined {
  using source = new Source(libc).makeReady()
  expectSelected(libc, source.fd)
  expectSelected(libc, source.fd)
}

function pselect(libc: Libc): string | undefined {
  requireFamily(libc, 'pselect', 'select')
  using source = new Source(libc)
  const set = new DescriptorSet(source.fd)
  const late = tryFineTimeout((timeout) =>
    sys(libc, 'pselect', source.fd + 1, set.fill(), NULL, NULL, timeout, NULL),
  )
  source.makeReady()
  const count = sys(libc, 'pselect', source.fd + 1, set.fill(), NULL, NULL, NULL, NULL)
  expectEqual('descriptors that pselect reports', count, 1)
  return late
}

/** Watches the largest descriptor that an fd_set has room for, or the largest that this process may have. */
function largestDescriptor(libc: Libc): string | undefined {
  using source = new Source(libc).makeReady()
  const { soft } = descriptorLimit(libc)
  let target = Math.min(FD_SETSIZE, soft) - 1
  while (target > source.fd && libc.fn.fcntl(target, F.GETFD, 0) !== -1) target--
  using copy = new OwnedFd(libc, sys(libc, 'dup2', source.fd, target))
  expectSelected(libc, copy.fd)
  return soft < FD_SETSIZE ? `the descriptor limit of ${soft} comes first` : undefined
}
