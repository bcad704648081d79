import { SystemError } from '../../errors.ts'
import { attachLibc, lastError } from '../../libc/libc.ts'
import type { Libc, LibcPlan } from '../../libc/libc.ts'
import { NULL } from '../../libc/signatures.ts'
import type { WakeHandle } from '../backend.ts'
import { EV, kqueueAbis, NOTE } from './abi.ts'
import type { KqueueAbi, KqueueAbiName } from './abi.ts'
import { ChangeList } from './change-list.ts'
import { Timespec } from '../timeout.ts'
import type { WakeCall, WakeSource } from '../waker.ts'

/** The identifier of the event that wakes. A Poller's kqueue has no other of its filter. */
const IDENT = 0

/**
 * The wake of a kqueue by its own means: an event that a program triggers. It needs no descriptor, and the kqueue
 * resets it when it is reported. Undefined where the kqueue has no EVFILT_USER.
 */
export function openUserWaker(libc: Libc, abi: KqueueAbi, kq: number): WakeSource | undefined {
  const trigger = new UserTrigger(libc, abi)
  try {
    trigger.change(kq, EV.ADD | EV.CLEAR, 0)
  } catch (error) {
    // EINVAL of the kqueues of old, ENOSYS of libraries.
    if (error instanceof SystemError && ['EINVAL', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP'].includes(error.code)) {
      return undefined
    }
    throw error
  }
  return {
    fd: undefined,
    wake: () => trigger.change(kq, 0, NOTE.TRIGGER),
    // EV_CLEAR has done it.
    drain: () => true,
    handle: () => ({ fd: kq, plan: libc.plan, kqueue: abi.name }),
    close: () => undefined,
  }
}

class UserTrigger {
  readonly #libc: Libc
  readonly #abi: KqueueAbi
  readonly #changes: ChangeList
  readonly #timeout = new Timespec()

  constructor(libc: Libc, abi: KqueueAbi) {
    this.#libc = libc
    this.#abi = abi
    this.#changes = new ChangeList(abi)
  }

  change(kq: number, flags: number, fflags: number): void {
    this.#changes.clear().push(IDENT, this.#abi.filters.USER, flags, 0, fflags)
    const result = this.#libc.fn.kevent(kq, this.#changes.address, 1, NULL, 0, this.#timeout.set(0))
    if (result === -1) throw lastError(this.#libc, 'kevent', 'EVFILT_USER')
  }
}

/** The call that triggers, for a thread that makes it without these functions; `keep` is what it works on. */
export function triggerCall(kq: number, name: KqueueAbiName): WakeCall {
  const abi = abiNamed(name)
  const changes = new ChangeList(abi).push(IDENT, abi.filters.USER, 0, 0, NOTE.TRIGGER)
  const timeout = new Timespec()
  const args = [kq, changes.address, 1, NULL, 0, timeout.set(0)]
  return { fn: 'kevent', args, accept: [0], keep: [changes, timeout] }
}

function abiNamed(name: KqueueAbiName): KqueueAbi {
  const abi = kqueueAbis.find((candidate) => candidate.name === name)
  if (abi === undefined) throw new RangeError(`there is no interface ${name}`)
  return abi
}

/** The triggers of this thread, for each plan that reached it. */
const remotes = new WeakMap<LibcPlan, UserTrigger>()

/** Wakes the Poller of another thread whose handle names its interface. */
export function triggerRemote(handle: WakeHandle, name: KqueueAbiName): void {
  let remote = remotes.get(handle.plan)
  if (remote === undefined) {
    remote = new UserTrigger(attachLibc(handle.plan), abiNamed(name))
    remotes.set(handle.plan, remote)
  }
  remote.change(handle.fd, 0, NOTE.TRIGGER)
}
