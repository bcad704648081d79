/** The readiness of a descriptor, and how to ask each interface for it. */
import type { BackendName } from '../../../backends/index.ts'
import { add, epoll, poll, select, wait } from '../../build.ts'
import { formatMask, parseMask } from '../../masks.ts'
import type { MaskText } from '../../masks.ts'
import { SOME_OF } from '../../operations/outcome.ts'
import type { Name, NativeStep, Step } from '../../steps.ts'
import { classic, classicNames } from '../../classic.ts'
import { pollByRing } from '../../steps/rings.ts'

/** The backends that can be asked for readiness: the calls that wait, and polls of a ring. */
export const askable = [...classicNames, 'io_uring'] as const satisfies readonly BackendName[]

/** A state of a descriptor, in the words of each interface. */
export interface State {
  /** What poll and epoll report. `0`: nothing. */
  readonly revents: MaskText
  /** What they report when asked for nothing. */
  readonly withoutEvents: MaskText
  /** The sets of select that hold it, of `rwx`, when it is put into all three. */
  readonly select: string
}

/** A descriptor and its state. */
export interface Readiness extends State {
  readonly fd: Name
}

interface AskOptions {
  /** Default: 0. */
  readonly timeoutMs?: number
  /** A part of the state is enough: the answer may come before all of it has. */
  readonly inPart?: boolean
}

/** One way to ask for readiness. */
export interface Inquiry {
  /** What must be done before asking: nothing, but for epoll. */
  readonly watch: readonly Step[]
  /** Asks once, and fails unless the answer is exactly this state. */
  readonly ask: (state: Readiness, options?: AskOptions) => NativeStep
}

/** How a backend is asked for the readiness of some descriptors, each by itself. */
export function inquiryOf(backend: BackendName, fds: readonly Name[], mask: MaskText): Inquiry {
  if (backend === 'io_uring') {
    return {
      watch: [],
      ask: (state, { timeoutMs = 0, inPart } = {}) =>
        pollByRing({ [state.fd]: mask }, reported(state.fd, ringAnswerTo(mask, state), inPart), timeoutMs),
    }
  }
  switch (classic(backend)) {
    case 'epoll':
      return {
        watch: fds.flatMap((fd) => [epoll(epollOf(fd, mask)), add(epollOf(fd, mask), fd, mask)]),
        ask: (state, { timeoutMs = 0, inPart } = {}) =>
          wait(epollOf(state.fd, mask), reported(state.fd, answerTo(mask, state), inPart), { timeoutMs }),
      }
    case 'poll':
      return {
        watch: [],
        ask: (state, { timeoutMs = 0, inPart } = {}) =>
          poll({ [state.fd]: mask }, reported(state.fd, answerTo(mask, state), inPart), timeoutMs),
      }
    case 'select':
      return {
        watch: [],
        ask: (state, { timeoutMs = 0, inPart } = {}) => {
          const sets = { [state.fd]: setsFor(mask).join('') }
          return select(sets, reported(state.fd, setsIn(mask, state), inPart), timeoutMs)
        },
      }
  }
}

/** What poll and epoll report of a state to who asks for a mask: ERR and HUP are reported to everybody. */
export const answerTo = (mask: MaskText, state: State): MaskText =>
  mask === '0' ? state.withoutEvents : formatMask(parseMask(state.revents) & parseMask(`${mask}|ERR|HUP`))

/** What a poll of a ring is added besides: it cannot be kept from completing with these. */
const IMPLICIT = 'ERR|HUP|RDHUP'

/** What polls of a ring report of a state to who asks for a mask: RDHUP, too, is reported to everybody. */
const ringAnswerTo = (mask: MaskText, state: State): MaskText =>
  formatMask(parseMask(state.revents) & (parseMask(mask) | parseMask(IMPLICIT)))

/** What wakes no poll of a ring: io_uring/poll.c leaves it out when it looks whether a wake is for a poll. */
const WAKES_NO_RING = 'PRI'

/** Whether who waits for a mask is woken when a state is reached. */
export function isWoken(backend: BackendName, mask: MaskText, state: State): boolean {
  const answer = answerOf(backend, mask, state)
  if (backend !== 'io_uring') return answer !== '0' && answer !== ''
  return (parseMask(answer) & ~parseMask(WAKES_NO_RING)) !== 0
}

/** What a backend reports of a state to who asks for a mask, in its own words. `0` and the empty text are nothing. */
export function answerOf(backend: BackendName, mask: MaskText, state: State): string {
  if (backend === 'io_uring') return ringAnswerTo(mask, state)
  return backend === 'select' ? setsIn(mask, state) : answerTo(mask, state)
}

/** The sets of select that hold a descriptor in a state, of those that stand for a mask. */
const setsIn = (mask: MaskText, state: State): string =>
  setsFor(mask)
    .filter((set) => state.select.includes(set))
    .join('')

/** The bits that have a set of select. */
const setOf: readonly (readonly [bit: string, set: string])[] = [
  ['IN', 'r'],
  ['OUT', 'w'],
  ['PRI', 'x'],
]

/** The sets of select for a mask. What has no set is not asked for. */
const setsFor = (mask: MaskText): string[] =>
  setOf.filter(([bit]) => (parseMask(mask) & parseMask(bit)) !== 0).map(([, set]) => set)

/** Every descriptor is in an epoll of its own. */
const epollOf = (fd: Name, mask: MaskText): Name => `ep of ${fd} (${mask})`

/** What must be reported of a descriptor: where that is nothing, it must not be among the results. */
const reported = (fd: Name, what: string, inPart = false): Record<Name, string> => {
  if (what === '0' || what === '') return {}
  return { [fd]: inPart ? `${SOME_OF}${what}` : what }
}
