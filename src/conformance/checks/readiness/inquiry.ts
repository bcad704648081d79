/** The readiness of a descriptor, and how to ask each interface for it. */
import type { BackendName } from '../../../backends/index.ts'
import { add, epoll, poll, select, wait } from '../../build.ts'
import { formatMask, parseMask } from '../../masks.ts'
import type { MaskText } from '../../masks.ts'
import type { Name, NativeStep, Step } from '../../steps.ts'

/** The state of a descriptor, in the words of each interface. */
export interface Readiness {
  readonly fd: Name
  /** What poll and epoll report. `0`: nothing. */
  readonly revents: MaskText
  /** What they report when asked for nothing. */
  readonly withoutEvents: MaskText
  /** The sets of select that hold it, of `rwx`, when it is put into all three. */
  readonly select: string
}

/** One way to ask for readiness. */
export interface Inquiry {
  /** What must be done before asking: nothing, but for epoll. */
  readonly watch: readonly Step[]
  /** Asks once, and fails unless the answer is exactly this state. Default of the timeout: 0. */
  readonly ask: (state: Readiness, timeoutMs?: number) => NativeStep
}

/** How a backend is asked for the readiness of some descriptors, each by itself. select knows no masks. */
export function inquiryOf(backend: BackendName, fds: readonly Name[], mask: MaskText): Inquiry {
  const expectedOf = (state: Readiness): Record<Name, MaskText> =>
    reported(state.fd, mask === '0' ? state.withoutEvents : restricted(state.revents, mask))
  switch (backend) {
    case 'epoll':
      return {
        watch: fds.flatMap((fd) => [epoll(epollOf(fd, mask)), add(epollOf(fd, mask), fd, mask)]),
        ask: (state, timeoutMs = 0) => wait(epollOf(state.fd, mask), expectedOf(state), { timeoutMs }),
      }
    case 'poll':
      return {
        watch: [],
        ask: (state, timeoutMs = 0) => poll({ [state.fd]: mask }, expectedOf(state), timeoutMs),
      }
    case 'select':
      return {
        watch: [],
        ask: (state, timeoutMs = 0) =>
          select({ [state.fd]: 'rwx' }, reported(state.fd, state.select), timeoutMs),
      }
  }
}

/** What is left of a state for who asks for no more than this: ERR and HUP are reported to everybody. */
const restricted = (revents: MaskText, mask: MaskText): MaskText =>
  formatMask(parseMask(revents) & parseMask(`${mask}|ERR|HUP`))

/** Every descriptor is in an epoll of its own. */
const epollOf = (fd: Name, mask: MaskText): Name => `ep of ${fd} (${mask})`

/** What must be reported of a descriptor: where that is nothing, it must not be among the results. */
const reported = (fd: Name, what: string): Record<Name, string> =>
  what === '0' || what === '' ? {} : { [fd]: what }
