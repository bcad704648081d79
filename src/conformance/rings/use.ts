/** A ring in a scenario: what it was asked for, and what its completions are in words. */
import { UnsupportedError } from '../../errors.ts'
import {
  IO_URING_OP_SUPPORTED,
  IORING_CQE_F_MORE,
  IORING_ENTER,
  IORING_POLL,
  IORING_REGISTER,
  IOSQE,
} from '../../libc/constants/io-uring.ts'
import { EPOLL, EPOLL_CTL, F } from '../../libc/constants/linux.ts'
import { sys } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import { Failure } from '../check.ts'
import type { Machine } from '../machine.ts'
import { formatMask, parseMask } from '../masks.ts'
import { unlessAbsent } from '../operations/available.ts'
import { encodeEvent, timespecOf } from '../operations/events.ts'
import { SOME_OF } from '../operations/outcome.ts'
import { PROMPT_MS } from '../patience.ts'
import type { RingRequest } from '../steps/rings.ts'
import { sleepSync } from '../../sleep.ts'
import { opNumber, ringErrno } from './abi.ts'
import { borrowRawRing, giveBackRawRing } from './kept.ts'
import { refusedFlags, requireSince, since } from './needs.ts'
import type { RawRing } from './raw-ring.ts'
import type { Cqe, EnterOptions, RingOptions, SqeFields } from './raw-ring.ts'

/** A completion in words: the label of its request, and what came of it. */
export type CompletionText = readonly [label: string, what: string]

/** Operations that are not there where the kernel was built without epoll. */
const OPTIONAL: readonly RingRequest['op'][] = ['EPOLL_CTL', 'EPOLL_WAIT']

/** How often, and how long, a thread of the kernel is waited for before it counts as one that takes its time. */
const SHORT_PAUSES = 20
const SHORT_PAUSE_MS = 0.05

export class RingUse {
  readonly ring: RawRing
  readonly #machine: Machine
  /** The labels of polls: what they complete with is a mask. */
  readonly #masks = new Set<string>()
  readonly #labels = new Set<string>()
  #submittedAt = 0n
  #isBack = false

  /** Throws `UnsupportedError` where there are no rings, or none with these options. */
  constructor(machine: Machine, options: RingOptions) {
    this.#machine = machine
    this.ring = unlessAbsent('io_uring', () => this.#borrow(options), 'ENOMEM')
  }

  /** A descriptor of the ring, for a scenario to close. */
  duplicate(): number {
    return sys(this.#machine.libc, 'fcntl', this.ring.fd, F.DUPFD_CLOEXEC, 0)
  }

  /** How long ago requests were submitted. */
  get sinceSubmitMs(): number {
    return Number(process.hrtime.bigint() - this.#submittedAt) / 1e6
  }

  /** Puts requests into the ring. Throws `UnsupportedError` where the kernel does not know them. */
  push(requests: readonly RingRequest[]): void {
    for (const request of requests) {
      this.#require(request)
      this.ring.push(this.fieldsOf(request))
    }
  }

  /** Hands all requests that are in the ring to the kernel. What it gave: how many it took, or an errno. */
  submit(): number | string {
    const { ring } = this
    const count = ring.pending
    // Before they are shown: a kernel thread (SQPOLL) may take them before this thread does anything else.
    this.#submittedAt = process.hrtime.bigint()
    ring.publish()
    if (!ring.isSqPoll) return ring.enter({ submit: count })
    this.#awaitTaken()
    return count - ring.pending
  }

  /** Waits until the kernel's thread (SQPOLL) has taken what was published, if it does in time. */
  #awaitTaken(): void {
    const { ring } = this
    if (ring.hasState('NEED_WAKEUP')) ring.enter({ flags: IORING_ENTER.SQ_WAKEUP })
    // A thread that is awake takes microseconds.
    for (let i = 0; i < SHORT_PAUSES && ring.pending > 0; i++) sleepSync(SHORT_PAUSE_MS)
    for (let i = 0; i < PROMPT_MS && ring.pending > 0; i++) sleepSync(1)
  }

  /**
   * Waits until the kernel's thread (SQPOLL) has posted whatever comes of what has happened so far. In each of its
   * rounds it takes requests, and then works off what was left to it: when it has taken one request, and then another,
   * it has worked off all that was there before the first, however busy the machine is. False where that cannot be
   * known, because the kernel answers every request (before 5.17).
   */
  awaitRound(): boolean {
    for (const _ of ['begins', 'has ended']) {
      if (!this.ring.pushSilent()) return false
      this.ring.publish()
      this.#awaitTaken()
      if (this.ring.pending > 0) return false
    }
    return true
  }

  /** Asks the kernel for completions, and takes those that are there. */
  collect(): CompletionText[] {
    const result = this.ring.enter({ least: 0 })
    if (typeof result === 'string')
      throw new Failure('io_uring_enter succeeds', `io_uring_enter gives ${result}`)
    return this.take()
  }

  /** Waits until so many completions are there, or the time is over; without timeouts of the kernel, for a moment. */
  await(count: number, timeoutMs: number): void {
    if (this.ring.hasFeature('EXT_ARG')) this.ring.enter({ least: count, timeoutMs })
    else sleepSync(1)
  }

  /** Takes completions that are there. */
  take(): CompletionText[] {
    return this.ring.take().map((cqe) => this.#inWords(cqe))
  }

  /** The call of an enter that waits; with a timeout it needs a kernel that has those. */
  enterCall(options: EnterOptions): ReturnType<RawRing['enterCall']> {
    if (options.timeoutMs !== undefined && !this.ring.hasFeature('EXT_ARG')) {
      throw new UnsupportedError(
        'a timeout of io_uring_enter',
        'the kernel does not have IORING_FEAT_EXT_ARG',
      )
    }
    return this.ring.enterCall(options)
  }

  /** A request as the kernel takes it. */
  fieldsOf(request: RingRequest): SqeFields {
    const { as, op, fd, events, poll, flags = [], target, becomes, cancel, count, fields = {} } = request
    this.#labels.add(as)
    if (op === 'POLL_ADD') this.#masks.add(as)
    if (becomes !== undefined) {
      this.#labels.add(becomes)
      this.#masks.add(becomes)
    }
    return {
      opcode: opNumber(op),
      flags: flags.reduce((bits, flag) => bits | IOSQE[flag], 0),
      ...(fd === undefined ? {} : { fd: typeof fd === 'number' ? fd : this.#machine.fd(fd) }),
      ...(events === undefined ? {} : { op_flags: parseMask(events) }),
      ...(poll === undefined ? {} : { len: poll }),
      ...(target === undefined ? {} : { addr: this.data(target) }),
      ...(becomes === undefined ? {} : { off: this.data(becomes) }),
      ...(cancel === undefined ? {} : { op_flags: cancel }),
      ...(count === undefined ? {} : { off: count }),
      ...this.#timeFields(request),
      ...this.#messageFields(request),
      ...this.#controlFields(request),
      ...(fields as SqeFields),
      user_data: this.data(as),
    }
  }

  /** The number behind a label. */
  data(label: string): bigint {
    return this.#machine.labels.data(label)
  }

  /** Empties the ring for the next check. Idempotent; the ring must not be used afterwards. */
  giveBack(): void {
    if (this.#isBack) return
    this.#isBack = true
    giveBackRawRing(
      this.#machine.libc,
      this.ring,
      [...this.#labels].map((label) => this.data(label)),
    )
  }

  #borrow(options: RingOptions): RawRing {
    try {
      return borrowRawRing(this.#machine.libc, options)
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EINVAL') refusedFlags(options.flags)
      throw error
    }
  }

  #require({ op, events = '', poll = 0, flags = [], cancel = 0 }: RingRequest): void {
    requireSince(since.operation[op] ?? '5.1', `IORING_OP_${op}`)
    if (OPTIONAL.includes(op)) this.#requireKnown(op)
    for (const flag of flags) requireSince(since.requestFlag[flag], `IOSQE_${flag}`)
    if ((poll & IORING_POLL.ADD_MULTI) !== 0) requireSince(since.multishot, 'multishot polls')
    if ((poll & ~IORING_POLL.ADD_MULTI) !== 0) requireSince(since.update, 'updates of polls')
    if (events !== '' && (parseMask(events) & EPOLL.EXCLUSIVE) !== 0)
      requireSince(since.exclusive, 'exclusive polls')
    if (cancel !== 0) requireSince(since.cancelByDescriptor, 'ASYNC_CANCEL by descriptor')
  }

  /** Asks the kernel which operations it has: `struct io_uring_probe` has 16 bytes, and 8 for each. */
  #requireKnown(op: RingRequest['op']): void {
    const probe = new Memory(16 + 256 * 8)
    const asked = this.ring.register(IORING_REGISTER.PROBE, probe.address, 256)
    if (typeof asked === 'string')
      throw new UnsupportedError(`IORING_OP_${op}`, `IORING_REGISTER_PROBE gives ${asked}`)
    if ((probe.view.getUint16(16 + opNumber(op) * 8 + 2, true) & IO_URING_OP_SUPPORTED) === 0) {
      throw new UnsupportedError(`IORING_OP_${op}`, 'the kernel was built without it, or hides it')
    }
  }

  #timeFields({ timeoutMs, timeoutFlags = 0 }: RingRequest): SqeFields {
    if (timeoutMs === undefined) return {}
    const time = timespecOf(timeoutMs)
    this.#machine.keep(time)
    return { addr: BigInt(time.address), len: 1, op_flags: timeoutFlags }
  }

  #messageFields({ message }: RingRequest): SqeFields {
    if (message === undefined) return {}
    return { off: this.data(message.as), len: message.result }
  }

  #controlFields({ control }: RingRequest): SqeFields {
    if (control === undefined) return {}
    const event = encodeEvent(parseMask(control.events), this.data(control.label))
    this.#machine.keep(event)
    return { len: EPOLL_CTL[control.command], off: this.#machine.fd(control.fd), addr: BigInt(event.address) }
  }

  #inWords({ data, result, flags }: Cqe): CompletionText {
    const label = this.#machine.labels.label(data)
    const what =
      result < 0 ? ringErrno(-result) : this.#masks.has(label) ? formatMask(result) : String(result)
    const rest = flags & ~IORING_CQE_F_MORE
    const unknown = rest === 0 ? '' : ` with flags 0x${rest.toString(16)}`
    return [label, `${what}${(flags & IORING_CQE_F_MORE) === 0 ? '' : ' more'}${unknown}`]
  }
}

/** Completions in words, those of one request in the order in which they came. */
export function completionsText(completions: readonly CompletionText[]): string {
  const byLabel = new Map<string, string[]>()
  for (const [label, what] of completions) byLabel.set(label, [...(byLabel.get(label) ?? []), normal(what)])
  if (byLabel.size === 0) return 'no completion'
  return [...byLabel]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([label, texts]) => `${label} ${texts.join(', then ')}`)
    .join('; ')
}

/** Whether that is an errno, and not a mask. */
export const isErrno = (what: string): boolean => /^E[A-Z0-9]+\b/.test(what) && !/^ERR\b/.test(what)

/** Masks may be written in any order. */
function normal(what: string): string {
  if (what.startsWith(SOME_OF)) return `${SOME_OF}${normal(what.slice(SOME_OF.length))}`
  const [result = '', ...rest] = what.split(' ')
  if (isErrno(what) || /^\d+$/.test(result)) return what
  return [formatMask(parseMask(result)), ...rest].join(' ')
}
