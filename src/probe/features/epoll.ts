import { readFileSync } from 'node:fs'
import { SystemError } from '../../errors.ts'
import { EPIOCGPARAMS, EPIOCSPARAMS, EPOLL, F, FD_CLOEXEC, SHUT } from '../../libc/constants/linux.ts'
import { openSocketpair } from '../../libc/fd.ts'
import { layouts } from '../../libc/layouts.ts'
import { sameOrigin, sys } from '../../libc/libc.ts'
import type { Libc } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import { NULL } from '../../libc/signatures.ts'
import type { Pointer } from '../../libc/signatures.ts'
import { rawSyscall } from '../../libc/syscall.ts'
import { EpollInstance } from './epoll-instance.ts'
import { expectEqual, ForeignFunction, Misbehaviour, NoEffect, requireFamily } from './feature.ts'
import type { Feature } from './feature.ts'
import { Source } from './sources.ts'
import { tryFineTimeout } from './timeouts.ts'

export const epollFeatures = {
  create1: { since: '2.6.27', option: 'CONFIG_EPOLL', attempt: create1 },
  level: { since: '2.6', attempt: level },
  edge: { since: '2.6', attempt: edge },
  oneshot: { since: '2.6.2', attempt: oneshot },
  exclusive: { since: '4.5', attempt: exclusive },
  RDHUP: { since: '2.6.17', attempt: rdhup },
  nested: { since: '2.6', attempt: nested },
  epoll_pwait: { since: '2.6.19', attempt: pwait },
  EPIOCSPARAMS: { since: '6.9', option: 'CONFIG_NET_RX_BUSY_POLL', attempt: busyPollParameters },
  wakeup: { since: '3.5', option: 'CONFIG_PM_SLEEP', capability: 'CAP_BLOCK_SUSPEND', attempt: wakeup },
  epoll_pwait2: { since: '5.11', attempt: pwait2 },
} as const satisfies Record<string, Feature>

function create1(libc: Libc): undefined {
  using epoll = new EpollInstance(libc)
  if ((sys(libc, 'fcntl', epoll.fd, F.GETFD, 0) & FD_CLOEXEC) === 0) {
    throw new NoEffect('EPOLL_CLOEXEC is accepted, and the descriptor is not close-on-exec')
  }
}

/** Two descriptors, each wait reports both, with the 64 bits of each: this also tries the struct's size. */
function level(libc: Libc): undefined {
  using epoll = new EpollInstance(libc)
  using first = new Source(libc).makeReady()
  using second = new Source(libc).makeReady()
  const data = [0x0123_4567_89ab_cdefn, 0xfedc_ba98_7654_3210n]
  epoll.add(first.fd, EPOLL.IN, data[0])
  epoll.add(second.fd, EPOLL.IN, data[1])
  for (const round of ['first', 'second']) {
    const events = epoll.ready()
    expectEqual(`events of the ${round} wait for two ready descriptors`, events.length, 2)
    const found = data.filter((word) => events.some((event) => event.data === word))
    expectEqual('data words that come back as they were given', found.length, 2)
  }
}

function edge(libc: Libc): undefined {
  using epoll = new EpollInstance(libc)
  using source = new Source(libc).makeReady()
  epoll.add(source.fd, EPOLL.IN | EPOLL.ET)
  expectEqual('events of the first wait', epoll.ready().length, 1)
  if (epoll.ready().length !== 0) throw new NoEffect('EPOLLET is accepted, and the event is repeated')
  source.makeReady()
  expectEqual('events after new data', epoll.ready().length, 1)
}

function oneshot(libc: Libc): undefined {
  using epoll = new EpollInstance(libc)
  using source = new Source(libc).makeReady()
  epoll.add(source.fd, EPOLL.IN | EPOLL.ONESHOT)
  expectEqual('events of the first wait', epoll.ready().length, 1)
  if (epoll.ready().length !== 0) throw new NoEffect('EPOLLONESHOT is accepted, and the event is repeated')
  epoll.modify(source.fd, EPOLL.IN | EPOLL.ONESHOT)
  expectEqual('events after EPOLL_CTL_MOD has re-armed it', epoll.ready().length, 1)
}

/** A kernel that knows the flag refuses it together with EPOLLONESHOT; one that does not ignores it. */
function exclusive(libc: Libc): undefined {
  using epoll = new EpollInstance(libc)
  using source = new Source(libc).makeReady()
  try {
    epoll.add(source.fd, EPOLL.IN | EPOLL.EXCLUSIVE | EPOLL.ONESHOT)
  } catch (error) {
    if (!(error instanceof SystemError) || error.code !== 'EINVAL') throw error
    epoll.add(source.fd, EPOLL.IN | EPOLL.EXCLUSIVE)
    expectEqual('events of a wait', epoll.ready().length, 1)
    return
  }
  throw new NoEffect('EPOLLEXCLUSIVE is accepted where it must be refused, so it is not known')
}

function rdhup(libc: Libc): undefined {
  using epoll = new EpollInstance(libc)
  const [near, far] = openSocketpair(libc)
  using _near = near
  using _far = far
  epoll.add(near.fd, EPOLL.IN | EPOLL.RDHUP)
  sys(libc, 'shutdown', far.fd, SHUT.WR)
  const mask = epoll.ready()[0]?.mask ?? 0
  if ((mask & EPOLL.RDHUP) === 0) throw new NoEffect('a half-close is not reported as EPOLLRDHUP')
}

function nested(libc: Libc): undefined {
  using outer = new EpollInstance(libc)
  using inner = new EpollInstance(libc)
  using source = new Source(libc)
  outer.add(inner.fd, EPOLL.IN)
  inner.add(source.fd, EPOLL.IN)
  expectEqual('events of the outer instance before the inner one is ready', outer.ready().length, 0)
  source.makeReady()
  expectEqual('events of the outer instance', outer.ready().length, 1)
  expectEqual('events of the inner instance', inner.ready().length, 1)
}

function pwait(libc: Libc): undefined {
  requireFamily(libc, 'epoll_pwait', 'epoll_wait')
  using epoll = new EpollInstance(libc)
  using source = new Source(libc).makeReady()
  const mask = new Memory(layouts.sigset.size)
  epoll.add(source.fd, EPOLL.IN)
  const events = epoll.readyBy((array, capacity) =>
    sys(libc, 'epoll_pwait', epoll.fd, array, capacity, 0, mask.address),
  )
  expectEqual('events of a wait', events.length, 1)
}

function pwait2(libc: Libc): string | undefined {
  using epoll = new EpollInstance(libc)
  using source = new Source(libc)
  const wrapped = libc.has('epoll_pwait2')
  if (!sameOrigin(libc, 'epoll_wait', wrapped ? 'epoll_pwait2' : 'syscall')) {
    throw new ForeignFunction('epoll_pwait2', 'epoll_wait')
  }
  const wait = (array: Pointer, capacity: number, timeout: Pointer): number =>
    wrapped
      ? sys(libc, 'epoll_pwait2', epoll.fd, array, capacity, timeout, NULL)
      : rawSyscall(libc, 'epoll_pwait2', epoll.fd, array, capacity, timeout, NULL, SIGNAL_SET_BYTES)
  epoll.add(source.fd, EPOLL.IN)
  const late = tryFineTimeout(
    (timeout) => epoll.readyBy((array, capacity) => wait(array, capacity, timeout)).length,
  )
  source.makeReady()
  const events = epoll.readyBy((array, capacity) => wait(array, capacity, NULL))
  expectEqual('events of a wait without a timeout', events.length, 1)
  const unwrapped = wrapped
    ? undefined
    : 'libc has no function for it (glibc has since 2.35), the kernel does'
  return late ?? unwrapped
}

/** The size of the kernel's signal sets, which raw system calls want to be told. */
const SIGNAL_SET_BYTES = 8

function busyPollParameters(libc: Libc): undefined {
  if (!sameOrigin(libc, 'epoll_wait', 'ioctl')) throw new ForeignFunction('ioctl', 'epoll_wait')
  using epoll = new EpollInstance(libc)
  const { size, offsets } = layouts.epoll_params
  const [asked, kept] = [new Memory(size), new Memory(size)]
  asked.view.setUint32(offsets.busy_poll_usecs, 50, true)
  asked.view.setUint16(offsets.busy_poll_budget, 8, true)
  sys(libc, 'ioctl', epoll.fd, EPIOCSPARAMS, asked.address)
  sys(libc, 'ioctl', epoll.fd, EPIOCGPARAMS, kept.address)
  if (Buffer.compare(asked.bytes, kept.bytes) !== 0) {
    throw new Misbehaviour('EPIOCGPARAMS does not return what EPIOCSPARAMS has set')
  }
}

/** The kernel drops the flag silently where it may not be used. The mask that it keeps is in fdinfo. */
function wakeup(libc: Libc): string | undefined {
  using epoll = new EpollInstance(libc)
  using source = new Source(libc).makeReady()
  epoll.add(source.fd, EPOLL.IN | EPOLL.WAKEUP)
  expectEqual('events of a wait', epoll.ready().length, 1)
  const mask = registeredMask(epoll.fd)
  if (mask === undefined) return 'the flag is accepted; whether it is kept cannot be seen here'
  if ((mask & EPOLL.WAKEUP) === 0) throw new NoEffect('EPOLLWAKEUP is accepted and dropped')
  return undefined
}

/** The mask of the first registration of an epoll instance, as the kernel tells it. */
function registeredMask(epfd: number): number | undefined {
  try {
    const mask = /^tfd:.*\bevents:\s*([0-9a-f]+)/m.exec(
      readFileSync(`/proc/self/fdinfo/${epfd}`, 'latin1'),
    )?.[1]
    return mask === undefined ? undefined : Number.parseInt(mask, 16)
  } catch {
    return undefined
  }
}
