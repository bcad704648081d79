import { IORING_OP, IORING_REGISTER } from '../../libc/constants/io-uring.ts'
import { F } from '../../libc/constants/linux.ts'
import { sys } from '../../libc/libc.ts'
import { scratch } from '../../libc/memory.ts'
import type { Memory } from '../../libc/memory.ts'
import type { Ring } from '../../libc/ring.ts'
import { Failure } from '../check.ts'
import { borrowRing, giveBackRing } from '../kept-rings.ts'
import type { Machine } from '../machine.ts'
import { ARRIVAL } from '../patience.ts'
import { pollAdd } from '../rings/requests.ts'
import { completionsText, isErrno, RingUse } from '../rings/use.ts'
import type { CompletionText } from '../rings/use.ts'
import type { StepOf } from '../steps.ts'
import type { ExpectedCompletions, RingStep } from '../steps/rings.ts'
import { sleepSync } from '../../sleep.ts'
import { signalByCompletion } from './aio.ts'
import { unlessAbsent } from './available.ts'
import type { Operations } from './index.ts'
import { eventsText, expectDuration, expectEvents, expectResult, partlyMet, resultText } from './outcome.ts'
import type { NativeOperation } from './outcome.ts'

export const ringOperations: Operations<RingStep['op']> = {
  io_uring(machine, { as }) {
    // Old kernels count rings as locked memory, which few may have much of: ENOMEM.
    // A scenario that begins anew does not need the ring any more that had the name before.
    if (!returnRing(machine, as)) machine.cleanups.push(() => returnRing(machine, as))
    const ring = unlessAbsent('io_uring', () => borrowRing(machine.libc), 'ENOMEM')
    machine.rings.set(as, ring)
    // The ring needs its descriptor, so the scenario has one of its own to close.
    machine.bind(as, sys(machine.libc, 'fcntl', ring.fd, F.DUPFD_CLOEXEC, 0))
  },
  'io_uring.nop'(machine, { fd }) {
    ringOf(machine, fd).submit({ opcode: IORING_OP.NOP }, 1)
  },
  'io_uring.take'(machine, { fd }) {
    machine.expect(ringOf(machine, fd).take()?.result ?? 'no completion', 0, 'the request gives')
  },
  'eventfd.complete': (machine, { fd }) => signalByCompletion(machine, fd),

  'io_uring.setup'(machine, { as, ...options }) {
    if (!returnUse(machine, as)) machine.cleanups.push(() => returnUse(machine, as))
    const { entries, completions, flags } = options
    const made = { entries, flags, ...(completions === undefined ? {} : { completions }) }
    const use = new RingUse(machine, made)
    machine.ringUses.set(as, use)
    machine.bind(as, use.duplicate())
  },
  'io_uring.submit'(machine, { fd, requests, expect }) {
    const use = ringUse(machine, fd)
    use.push(requests)
    machine.expect(use.submit(), expect, 'io_uring_enter says that it took')
  },
  'io_uring.completions': expectCompletions,
  'io_uring.state'(machine, { fd, flag, expect }) {
    machine.expect(
      ringUse(machine, fd).ring.hasState(flag) ? 'set' : 'not set',
      expect,
      `IORING_SQ_${flag} is`,
    )
  },
  'io_uring.register-eventfd'(machine, { fd, eventfd, kind }) {
    const { ring } = ringUse(machine, fd)
    const number = scratch(4)
    number.view.setInt32(0, machine.fd(eventfd), true)
    const operation = kind === 'every' ? IORING_REGISTER.EVENTFD : IORING_REGISTER.EVENTFD_ASYNC
    machine.expect(ring.register(operation, number.address, 1), 0, 'IORING_REGISTER_EVENTFD gives')
    machine.cleanups.push(() => ring.register(IORING_REGISTER.UNREGISTER_EVENTFD))
  },
  'io_uring.enable'(machine, { fd, expect }) {
    const { ring } = ringUse(machine, fd)
    machine.expect(ring.register(IORING_REGISTER.ENABLE_RINGS), expect, 'IORING_REGISTER_ENABLE_RINGS gives')
  },
}

/** Waiting in a ring, for this thread or another. */
export const enterOperation: NativeOperation<StepOf<'io_uring.enter'>> = {
  prepare: (machine, { fd, least, timeoutMs }) => ringUse(machine, fd).enterCall({ least, timeoutMs }),
  conclude(_, { timeoutMs, expect, atLeastMs }, outcome) {
    expectResult('io_uring_enter', outcome, expect)
    // A call that fails with ETIME has waited for all of its time.
    const least = expect === 'ETIME' ? timeoutMs : (atLeastMs ?? 0)
    expectDuration('io_uring_enter', { ...outcome, result: 0 }, least)
  },
}

/** The rings of polls that are on their way, by a piece of the memory of the call. */
const asking = new WeakMap<Memory, RingUse>()

/** Polls of a ring that is for this question alone. They are armed by this thread; another may wait for them. */
export const pollOperation: NativeOperation<StepOf<'io_uring.poll'>> = {
  prepare(machine, { fds, expect, timeoutMs = 0 }) {
    const use = new RingUse(machine, { entries: 4, flags: [] })
    machine.cleanups.push(() => use.giveBack())
    const requests = Object.entries(fds).map(([fd, events]) => pollAdd(fd, fd, events))
    use.push(requests)
    machine.expect(use.submit(), requests.length, 'io_uring_enter says that it took')
    const least = Math.max(1, Object.keys(expect).length)
    const call = use.enterCall({ least, timeoutMs })
    for (const memory of call.memory) asking.set(memory, use)
    return call
  },
  conclude(_, { expect, timeoutMs = 0 }, outcome, [memory]) {
    const use = memory === undefined ? undefined : asking.get(memory)
    if (use === undefined) return
    const found = use.take()
    use.giveBack()
    const expected = Object.entries(expect)
    const error = resultText(outcome)
    if (error.startsWith('E') && error !== 'ETIME') throw new Failure(eventsText(expected), error)
    const refused = [...found, ...expected].some(([, what]) => isErrno(what))
    if (refused) expectCompletionsOf(found, expected)
    else expectEvents(found, expected)
    expectDuration('io_uring_enter', { ...outcome, result: found.length }, timeoutMs)
  },
}

/**
 * How long a kernel thread gets to post what must not come: a moment more when it has told that it worked off all that
 * it knew of, and longer where it cannot tell.
 */
const THREAD_SETTLE_MS = 1
const BLIND_THREAD_SETTLE_MS = 5

/** Takes completions until all are there that must come, and then looks whether more do. */
function expectCompletions(machine: Machine, step: StepOf<'io_uring.completions'>): void {
  const use = ringUse(machine, step.fd)
  const expected = listOf(step.expect)
  const { timeoutMs = ARRIVAL.timeoutMs, atLeastMs } = step
  const found: CompletionText[] = []
  const end = performance.now() + timeoutMs
  for (;;) {
    found.push(...(step.by === 'looking only' ? use.take() : use.collect()))
    const missing = expected.length - found.length
    if (missing <= 0 || performance.now() >= end) break
    // What is to be timed is waited for; everything else may be looked for now and then.
    if (atLeastMs === undefined) sleepSync(1)
    else use.await(missing, timeoutMs)
  }
  const lasted = use.sinceSubmitMs
  // A kernel thread that takes the requests posts what comes of them when it gets to it.
  if (use.ring.isSqPoll) sleepSync(use.awaitRound() ? THREAD_SETTLE_MS : BLIND_THREAD_SETTLE_MS)
  found.push(...(step.by === 'looking only' ? use.take() : use.collect()))
  expectCompletionsOf(found, expected)
  if (atLeastMs !== undefined && lasted < atLeastMs) {
    throw new Failure(
      `the last completion not before ${atLeastMs} ms`,
      `it was there after ${lasted.toFixed(3)} ms`,
    )
  }
}

/** Fails unless both are the same completions, those of each request in the same order. */
function expectCompletionsOf(found: readonly CompletionText[], expected: readonly CompletionText[]): void {
  const enough = expected.map(([label, what]) => [label, partlyMet(label, what, found) ?? what] as const)
  const is = completionsText(found)
  if (is !== completionsText(enough)) throw new Failure(completionsText(expected), is)
}

/** Expected completions as they are found. */
const listOf = (expect: ExpectedCompletions): CompletionText[] =>
  Object.entries(expect).flatMap(([label, what]) =>
    (typeof what === 'string' ? [what] : what).map((text) => [label, text] as const),
  )

/** The ring of a name that `io_uring.setup` has made. */
export function ringUse(machine: Machine, name: string): RingUse {
  const found = machine.ringUses.get(name)
  if (found === undefined) throw new TypeError(`the scenario has no ring ${name}`)
  return found
}

function returnUse(machine: Machine, name: string): boolean {
  const use = machine.ringUses.get(name)
  if (use === undefined) return false
  machine.ringUses.delete(name)
  // A ring that is closed, because it cannot be used again, ends when its last descriptor does.
  machine.closeIfOpen(name)
  use.giveBack()
  return true
}

/** Gives the ring of a name back, if there is one. */
function returnRing(machine: Machine, name: string): boolean {
  const ring = machine.rings.get(name)
  if (ring === undefined) return false
  machine.rings.delete(name)
  giveBackRing(ring)
  return true
}

function ringOf(machine: Machine, name: string): Ring {
  const found = machine.rings.get(name)
  if (found === undefined) throw new TypeError(`the scenario has no ring ${name}`)
  return found
}
