/**
 * Races: two threads do the same over and over, at points that differ from round to round, and every round
 * must end well. Raw calls, because a step is told to the parent process, and that takes longer than the race.
 */
import { EFD } from '../../libc/constants/linux.ts'
import { errnoName, sys } from '../../libc/libc.ts'
import { Memory } from '../../libc/memory.ts'
import { eventfd } from '../build.ts'
import { Failure } from '../check.ts'
import type { Machine } from '../machine.ts'
import { underTest } from '../operations/calls.ts'
import { counterOf, eventBuffer, pollfdFor } from '../operations/events.ts'
import { LONGEST_WAIT_MS, WOKEN } from '../patience.ts'
import type { Name } from '../steps.ts'
import { UNTIL_STOPPED } from './job.ts'
import type { Job } from './job.ts'
import type { WaiterThread } from './thread-pool.ts'

/** A race ends after so many rounds, or so much time, whichever comes first. */
const MOST_ROUNDS = 5000
const MOST_MS = 200

/** Runs a round again and again. The note says how often. */
export function race(machine: Machine, round: (index: number) => void, mostMs: number = MOST_MS): void {
  const end = performance.now() + mostMs
  let rounds = 0
  while (rounds < MOST_ROUNDS && performance.now() < end) round(rounds++)
  machine.note = `${rounds} rounds`
}

/** Passes up to about a hundred microseconds: what another thread takes to wake up. */
export function dawdle(machine: Machine, turn: number): void {
  for (let calls = (turn * 7) % 61; calls > 0; calls--) machine.libc.fn.getppid()
}

/** The other side of a race: a thread that makes its calls at once, and then once more each time it is told to. */
export class Partner {
  readonly #machine: Machine
  readonly #thread: WaiterThread
  readonly #calls: Job['calls']
  readonly #gate: number
  readonly #one = counterOf(1n)
  /** Asks whether it has made its calls, of those that tell. */
  readonly #done: Memory | undefined
  readonly #doneFd: number

  /** With `tells` it can be waited for. */
  constructor(machine: Machine, name: string, calls: Job['calls'], { tells = false } = {}) {
    const [gate, done] = [`${name}'s gate`, `${name} is done`]
    machine.run(eventfd(gate, 0, EFD.NONBLOCK | EFD.SEMAPHORE), ...(tells ? [eventfd(done)] : []))
    this.#machine = machine
    this.#gate = machine.fd(gate)
    this.#done = tells ? pollfdFor(machine, done) : undefined
    this.#doneFd = tells ? machine.fd(done) : -1
    const [pollfd, counter] = [pollfdFor(machine, gate), counterOf(0n)]
    for (const memory of [this.#one, pollfd, counter]) machine.keep(memory)
    this.#thread = machine.acquireThread()
    const tell = { fn: 'write', args: [this.#doneFd, this.#one.address, 8], accept: [8] } as const
    this.#calls = [
      ...calls,
      ...(tells ? [tell] : []),
      { fn: 'poll', args: [pollfd.address, 1, WOKEN.timeoutMs], accept: [1] },
      { fn: 'read', args: [this.#gate, counter.address, 8], accept: [8] },
    ]
    this.#thread.post({ calls: this.#calls, rounds: UNTIL_STOPPED })
  }

  /** Has it make its calls once more. */
  again(): void {
    sys(this.#machine.libc, 'write', this.#gate, this.#one.address, 8)
  }

  /** Waits until it has made its calls. Fails where one of them did not do what it must. */
  finish(): void {
    const { libc } = this.#machine
    if (this.#done === undefined) throw new TypeError('this partner does not tell when it is done')
    if (sys(libc, 'poll', this.#done.address, 1, WOKEN.timeoutMs) === 0) {
      this.stop()
      throw new Failure('every call returns', 'a thread is still in its call')
    }
    sys(libc, 'read', this.#doneFd, counterOf(0n).address, 8)
  }

  /**
   * Ends it after the calls that it is making, and says how often it has made them. Fails where one of them did
   * not do what it must.
   */
  stop(): number {
    this.#thread.stop()
    this.again()
    const result = this.#thread.join(LONGEST_WAIT_MS)
    if (result === undefined) throw new Failure('every call returns', 'a thread is still in its call')
    if (!result.rejected) return result.rounds
    const { fn, accept } = this.#calls[result.call] ?? {}
    const actual = result.result === -1 ? errnoName(result.errno) : String(result.result)
    const accepted = accept?.map((value) => (value < 0 ? errnoName(-value) : value))
    throw new Failure(`${fn} gives ${accepted?.join(' or ')}`, `${fn} gives ${actual}`)
  }
}

/**
 * A thread writes a byte to `writer` whenever the one before was read. This thread waits for `reader` and
 * reads until EAGAIN, and `afterDrain` follows. A byte that is there, and that no wait reports, fails the check.
 */
export function raceToDrain(
  machine: Machine,
  ends: { readonly ep: Name; readonly reader: Name; readonly writer: Name },
  afterDrain: (round: number) => void = () => undefined,
): void {
  const { libc } = machine
  const [ep, reader] = [machine.fd(ends.ep), machine.fd(ends.reader)]
  const [event, pollfd] = [eventBuffer(1), pollfdFor(machine, ends.reader)]
  const byte = new Memory(1, { shared: true })
  machine.keep(byte)
  const write = { fn: 'write', args: [machine.fd(ends.writer), byte.address, 1], accept: [1] } as const
  const writer = new Partner(machine, ends.writer, [write])
  let bytes = 0
  machine.begin(`wait, drain ${ends.reader}, while a thread writes to ${ends.writer}`)
  race(machine, (round) => {
    if (underTest(machine, 'epoll_wait', ep, event.address, 1, WOKEN.timeoutMs) === 0) {
      if (sys(libc, 'poll', pollfd.address, 1, 0) === 0) throw new Error('the other thread writes nothing')
      throw new Failure('every byte is reported', `no event in round ${round}, though a byte is there`)
    }
    while (libc.fn.read(reader, byte.address, 1) === 1) {
      writer.again()
      // By the byte, not by the round: a pause in which the next byte always comes would never end the round.
      dawdle(machine, bytes++)
    }
    afterDrain(round)
  })
  writer.stop()
}
